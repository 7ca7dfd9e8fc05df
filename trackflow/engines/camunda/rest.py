"""HTTP to an engine, and the one place that says what a failure means.

Telling an event is not repeatable, so every failure of a request that changes something is either "surely
nothing happened" (EngineUnreachable) or "it may have" (AnswerUnknown):

    no connection, 3xx, 4xx but the engine's own 400, 503          nothing happened
    sent but no answer, 500 but the engine's own, 502, 504         may have
    2xx that is not the engine's JSON                              may have

Only the engine's own JSON counts as its word; anything else is a page of some proxy in between.
Reading can be repeated, so there every failure is EngineUnreachable.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import responses
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from urllib3 import encode_multipart_formdata
from urllib3.exceptions import HTTPError

from trackflow.engines.camunda.connections import NotConnected, pool, whole, why
from trackflow.errors import AnswerUnknown, EngineUnreachable
from trackflow.urls import masked

# Rows asked for at once; whoever has more is asked again.
PAGE = 1000

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """The engine's own word: its JSON (None for 204), or its error."""

    status: int
    said: Any

    @property
    def ok(self) -> bool:
        """Whether it is no error."""
        return self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def words(self) -> str:
        """The error in the engine's words, on one line."""
        return " ".join(str(self.said["message"]).split())


class Rest:
    """One engine's REST API. Shared by all threads; connects when it is first used."""

    def __init__(self, url: str) -> None:
        """`url`: `http(s)://[user:password@]host[:port]/path`, user and password percent-encoded."""
        parts = urlsplit(url)
        self._shown = masked(url)
        self._path = parts.path.rstrip("/")
        self._headers = {"Accept": "application/json"}
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = "Basic " + b64encode(pair.encode()).decode()
        self._pool = pool(parts.scheme, parts.hostname or "", parts.port)

    def __repr__(self) -> str:
        return f"Rest({self._shown!r})"

    def value(self, path: str, field: str, **query: str) -> Any:
        """One field of what the engine says. Raises EngineUnreachable."""
        return self._field(self._read("GET", f"{path}?{urlencode(query)}" if query else path), field)

    def value_of(self, path: str, field: str, question: Mapping[str, Any]) -> Any:
        """The same of a question that is too long for a URL. Raises EngineUnreachable."""
        return self._field(self._read("POST", path, *_json(question)), field)

    def all(self, path: str, **query: str) -> list[Row]:
        """All rows of a query, however many. Raises EngineUnreachable."""
        return list(self._pages("GET", path, query, None))

    def all_of(self, path: str, question: Mapping[str, Any]) -> list[Row]:
        """All rows of a query that is too long for a URL. Raises EngineUnreachable."""
        return list(self._pages("POST", path, {}, question))

    def change(self, path: str, body: Mapping[str, Any]) -> Reply:
        """POST something that must not happen twice. Raises EngineUnreachable or AnswerUnknown."""
        return self._send("POST", path, *_json(body), changes=True)

    def put(self, path: str, body: Mapping[str, Any]) -> Reply:
        """PUT a state; doing it again does no harm. Raises EngineUnreachable or AnswerUnknown."""
        return self._send("PUT", path, *_json(body), changes=True)

    def upload(self, path: str, fields: Mapping[str, str | tuple[str, bytes]]) -> Reply:
        """POST a form with files. Raises EngineUnreachable or AnswerUnknown."""
        return self._send("POST", path, *encode_multipart_formdata(fields), changes=True)

    def delete(self, path: str, **query: str) -> None:
        """Delete something; doing it again does no harm. Raises EngineUnreachable."""
        self._read("DELETE", f"{path}?{urlencode(query)}")

    def _pages(
        self, method: str, path: str, query: Mapping[str, str], question: Mapping[str, Any] | None
    ) -> Iterator[Row]:
        first = 0
        while True:
            page = urlencode({**query, "firstResult": first, "maxResults": PAGE})
            rows = self._read(method, f"{path}?{page}", *_json(question))
            if not isinstance(rows, list):
                raise self._no_engine()
            yield from rows
            if len(rows) < PAGE:
                return
            first += PAGE

    def _read(self, method: str, target: str, body: bytes | None = None, content_type: str = "") -> Any:
        reply = self._send(method, target, body, content_type, changes=False)
        if not reply.ok:
            raise EngineUnreachable(f"{self._shown} answered {reply.status}: {reply.words}")
        return reply.said

    def _field(self, said: Any, field: str) -> Any:
        if not isinstance(said, dict) or field not in said:
            raise self._no_engine()
        return said[field]

    def _no_engine(self) -> EngineUnreachable:
        return EngineUnreachable(f"{self._shown} answers, but not as an engine's REST API does")

    def _send(
        self, method: str, target: str, body: bytes | None, content_type: str, *, changes: bool
    ) -> Reply:
        headers = {**self._headers, "Content-Type": content_type} if body is not None else self._headers
        lost = AnswerUnknown if changes else EngineUnreachable
        try:
            answer = self._pool.urlopen(method, self._path + target, body, headers, preload_content=False)
            text = whole(answer)
        except NotConnected as exc:
            raise EngineUnreachable(f"{self._shown} cannot be reached: {exc}") from exc
        except (HTTPError, OSError) as exc:
            raise lost(f"{self._shown} gave no answer: {why(exc)}") from exc
        reply = _engines_word(answer.status, answer.headers.get("Content-Type", ""), text)
        if reply is None:
            said = (
                f"{self._shown} answered {answer.status} {responses.get(answer.status, '')}: {_excerpt(text)}"
            )
            raise (lost if _may_have_happened(answer.status) else EngineUnreachable)(said.rstrip(": "))
        return reply


def segment(value: str) -> str:
    """A value as one segment of a path."""
    return quote(value, safe="")


def _json(body: Mapping[str, Any] | None) -> tuple[bytes | None, str]:
    return (None, "") if body is None else (json.dumps(body).encode(), "application/json")


def _engines_word(status: int, content_type: str, text: bytes) -> Reply | None:
    """None if it is not the engine that speaks."""
    if status == HTTPStatus.NO_CONTENT:
        return Reply(status, None)
    if not content_type.startswith("application/json"):
        return None
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if status == HTTPStatus.OK:
        return Reply(status, said)
    is_error = isinstance(said, dict) and "type" in said and isinstance(said.get("message"), str)
    if is_error and status in (HTTPStatus.BAD_REQUEST, HTTPStatus.INTERNAL_SERVER_ERROR):
        return Reply(status, said)
    return None


def _may_have_happened(status: int) -> bool:
    """Whether a request may have taken effect that got this status, and not from the engine."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return status != HTTPStatus.SERVICE_UNAVAILABLE
    return status < HTTPStatus.MULTIPLE_CHOICES


def _excerpt(text: bytes) -> str:
    """The beginning of a page, on one line."""
    return " ".join(text[:200].decode(errors="replace").split())
