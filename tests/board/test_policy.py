"""What every response says to the browser, and which requests are refused unseen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import pytest
from fastapi.testclient import TestClient

from tests.board.conftest import asking
from trackflow import Trackflow
from trackflow.board.context import Board, open_board
from trackflow.board.security.policy import LARGEST_BODY
from trackflow.board.settings import BoardSettings

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
ANSWERS = (
    "/live",
    "/api/health",
    "/api/events",
    "/no-such-page",
    "/api/no-such-thing",
    "/live?outcome=wrong",
)


@pytest.mark.parametrize("path", [*ANSWERS, "/static/board.css"])
def test_every_answer_has_the_headers(reading: TestClient, path: str) -> None:
    answer = reading.get(path)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize("path", [*ANSWERS, "/static/board.css"])
def test_nothing_but_our_own_files_may_run(reading: TestClient, path: str) -> None:
    policy = dict(
        part.split(" ", 1) for part in reading.get(path).headers["Content-Security-Policy"].split("; ")
    )

    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in str(policy)
    assert "http" not in str(policy)
    assert "*" not in str(policy)


@pytest.mark.parametrize("path", ANSWERS)
def test_answers_are_not_kept_by_the_browser(reading: TestClient, path: str) -> None:
    assert reading.get(path).headers["Cache-Control"] == "no-store"


def test_static_files_are_kept_for_ever_under_their_hash(reading: TestClient) -> None:
    page = reading.get("/live").text
    urls = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))

    assert urls
    for url in urls:
        answer = reading.get(url)
        assert answer.status_code == 200, url
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable", url


@pytest.mark.parametrize("url", ["/static/board.css", "/static/0123456789ab/board.css"])
def test_static_files_without_their_hash_are_asked_for_again(reading: TestClient, url: str) -> None:
    assert reading.get(url).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["../app.py", "%2e%2e/app.py", "..%2fapp.py", "....//app.py", "/etc/passwd"])
def test_nothing_outside_of_the_static_folder_is_served(reading: TestClient, path: str) -> None:
    assert reading.get(f"/static/{path}").status_code == 404


class Elements(HTMLParser):
    """The elements of a page, each with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_pages_load_nothing_from_other_hosts_and_have_nothing_inline(reading: TestClient) -> None:
    for tag, attributes in Elements(reading.get("/live").text).found:
        assert not [name for name in attributes if name == "style" or name.startswith("on")], attributes
        for name in {"src", "href", "action"} & attributes.keys():
            assert re.match(r"/[^/]|/$|#", attributes[name] or ""), attributes
        if tag == "script":
            assert "src" in attributes or attributes["type"] == "application/json"
        assert tag not in ("style", "iframe", "img", "object", "embed", "base")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8765", "[::1]:8765", "LOCALHOST:1"])
def test_an_open_board_is_asked_for_by_the_names_of_its_machine(reading: TestClient, host: str) -> None:
    assert reading.get("/live", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "localhost.evil.example", ""])
@pytest.mark.parametrize("path", ["/live", "/api/events", "/api/health", "/static/board.css"])
def test_an_open_board_refuses_names_that_somebody_pointed_at_it(
    reading: TestClient, path: str, host: str
) -> None:
    answer = reading.get(path, headers={"Host": host})
    assert answer.status_code == 421
    assert "showcase" not in answer.text


def test_an_open_board_is_for_its_own_machine_however_it_was_started(board: Board) -> None:
    with asking(board, peer="192.0.2.7") as client:
        assert client.get("/live").status_code == 403
        assert client.get("/api/events").status_code == 403


@pytest.fixture
def named(project: Callable[..., Trackflow]) -> Iterator[TestClient]:
    """A board with a name of its own."""
    with asking(open_board(project(), BoardSettings(hosts=("board.shop.example",)))) as client:
        yield client


def test_a_board_with_a_name_is_asked_for_by_it_alone(named: TestClient) -> None:
    assert named.get("/live", headers={"Host": "board.shop.example"}).status_code == 200
    assert named.get("/live", headers={"Host": "localhost"}).status_code == 421


def test_a_body_that_is_too_large_is_refused(reading: TestClient) -> None:
    answer = reading.post("/sign-in", data={"name": "x", "password": "x" * LARGEST_BODY})
    assert answer.status_code == 413


def test_a_body_that_is_too_large_is_refused_though_it_does_not_say_so(reading: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(5):
            yield b"x" * (LARGEST_BODY // 4)

    answer = reading.post(
        "/sign-in", content=pieces(), headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 413


def test_no_answer_names_the_server(reading: TestClient) -> None:
    assert "server" not in reading.get("/live").headers
