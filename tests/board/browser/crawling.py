"""Finds every page of the board by its links, as somebody who clicks on everything."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl, urljoin, urlsplit

from lxml import html
from playwright.sync_api import APIRequestContext

_MOST = 150
_ID = frozenset("0123456789abcdef-")


class Crawl:
    """What was found.

    Attributes:
        pages: paths with their queries, HTML alone: where we begin, and one of each kind of page.
        broken: links that lead nowhere, and where each stands.
    """

    def __init__(self, client: APIRequestContext, url: str, starts: tuple[str, ...] = ("/",)) -> None:
        self._client = client
        self._url = url
        self.pages: list[str] = []
        self.broken: list[str] = []
        kinds: set[object] = set()
        found = dict.fromkeys(starts, "where we begin")
        waiting = list(found)
        for path in waiting:  # which grows as links are found
            if path not in starts and (_kind(path) in kinds or len(self.pages) >= _MOST):
                continue
            kinds.add(_kind(path))
            for link in self._links(path, found[path]):
                if link not in found:
                    found[link] = path
                    waiting.append(link)

    @property
    def of_each_path(self) -> list[str]:
        """The first page of each path, whatever its query."""
        return list({_folders(page): page for page in reversed(self.pages)}.values())

    def _links(self, path: str, where: str) -> Iterator[str]:
        answer = self._client.get(self._url + path)
        if answer.status != 200:
            self.broken.append(f"{path} (on {where}): {answer.status}")
        elif "text/html" in answer.headers["content-type"]:
            self.pages.append(path)
            for href in html.fromstring(answer.text()).xpath("//a/@href"):
                link = urlsplit(urljoin(self._url + path, href))
                if f"{link.scheme}://{link.netloc}" == self._url:
                    yield link.path + (f"?{link.query}" if link.query else "")


def _kind(page: str) -> object:
    query = parse_qsl(urlsplit(page).query, keep_blank_values=True)
    return _folders(page), tuple(sorted({name for name, _ in query}))


def _folders(page: str) -> tuple[str, ...]:
    """Of its path, without what differs from one page to the next of its kind: numbers and ids."""
    return tuple(each for each in urlsplit(page).path.split("/") if not set(each) <= _ID)
