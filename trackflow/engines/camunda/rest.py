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
import socket
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from time import monotonic
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from urllib3 import (
    BaseHTTPResponse,
    HTTPConnectionPool,
    HTTPSConnectionPool,
    Timeout,
    encode_multipart_formdata,
)
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from trackflow.errors import AnswerUnknown, EngineUnreachable
from trackflow.urls import masked

CONNECT_SECONDS = 3.0  # until a request is sent at the latest; includes looking up the name, and TLS
READ_SECONDS = 10.0  # from then on until the answer
# Connections kept open. More threads than these open one for each request.
KEPT_CONNECTIONS = 64
_PIECE = 64 * 1024  # bytes read at once; without a number urllib3 takes a body that was cut off for whole
# Rows asked for at once; whoever has more is asked again.
PAGE = 1000


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
        pool = _TlsPool if parts.scheme == "https" else _Pool
        self._pool = pool(
            parts.hostname or "",
            parts.port,
            maxsize=KEPT_CONNECTIONS,
            timeout=Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            retries=False,  # nor redirects: whether to repeat is the tracker's decision
        )

    def __repr__(self) -> str:
        return f"Rest({self._shown!r})"

    def get(self, path: str, **query: str | int) -> Any:
        """What the engine says. Raises EngineUnreachable if it does not say."""
        return self._read("GET", f"{path}?{urlencode(query)}" if query else path)

    def all(self, path: str, **query: str | int) -> list[Any]:
        """All rows of a query, however many."""
        return list(self._pages("GET", path, query, None))

    def all_of(self, path: str, question: Mapping[str, Any]) -> list[Any]:
        """All rows of a query that is too long for a URL."""
        return list(self._pages("POST", path, {}, question))

    def change(self, path: str, body: Mapping[str, Any]) -> Reply:
        """POST something that must not happen twice. Raises EngineUnreachable or AnswerUnknown."""
        return self._send("POST", path, *_json(body), changes=True)

    def upload(self, path: str, fields: Mapping[str, str | tuple[str, bytes]]) -> Reply:
        """POST a form with files. Raises EngineUnreachable or AnswerUnknown."""
        return self._send("POST", path, *encode_multipart_formdata(fields), changes=True)

    def delete(self, path: str, **query: str) -> None:
        """Delete something; doing it again does no harm. Raises EngineUnreachable."""
        self._read("DELETE", f"{path}?{urlencode(query)}")

    def _pages(
        self, method: str, path: str, query: Mapping[str, str | int], question: Mapping[str, Any] | None
    ) -> Iterator[Any]:
        first = 0
        while True:
            page = urlencode({**query, "firstResult": first, "maxResults": PAGE})
            rows = self._read(method, f"{path}?{page}", *_json(question))
            yield from rows
            if len(rows) < PAGE:
                return
            first += PAGE

    def _read(self, method: str, target: str, body: bytes | None = None, content_type: str = "") -> Any:
        reply = self._send(method, target, body, content_type, changes=False)
        if not reply.ok:
            raise EngineUnreachable(f"{self._shown} answered {reply.status}: {reply.words}")
        return reply.said

    def _send(
        self, method: str, target: str, body: bytes | None, content_type: str, *, changes: bool
    ) -> Reply:
        headers = {**self._headers, "Content-Type": content_type} if body is not None else self._headers
        lost = AnswerUnknown if changes else EngineUnreachable
        try:
            answer = self._pool.urlopen(
                method, self._path + target, body, headers, redirect=False, preload_content=False
            )
            text = _whole(answer)
        except _NotConnected as exc:
            raise EngineUnreachable(f"{self._shown} cannot be reached: {exc}") from exc
        except (HTTPError, OSError) as exc:
            raise lost(f"{self._shown} gave no answer: {_why(exc)}") from exc
        reply = _engines_word(answer.status, answer.headers.get("Content-Type", ""), text)
        if reply is None:
            unreachable = f"{self._shown} answered {answer.status} {_excerpt(text)}".rstrip()
            raise (lost if _may_have_happened(answer.status) else EngineUnreachable)(unreachable)
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
    except ValueError:
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


def _whole(answer: BaseHTTPResponse) -> bytes:
    """The body. The socket's time limit is for each piece, so a trickle needs a limit of its own."""
    deadline, pieces = monotonic() + READ_SECONDS, []
    while piece := answer.read1(_PIECE):
        pieces.append(piece)
        if monotonic() > deadline:
            answer.close()
            raise TimeoutError("the answer takes too long")
    return b"".join(pieces)


def _excerpt(text: bytes) -> str:
    """The beginning of a page, on one line."""
    return " ".join(text[:200].decode(errors="replace").split())


def _why(exc: BaseException) -> str:
    """A failure in words: those of the operating system if it has some."""
    cause = exc.__cause__ or exc
    if isinstance(cause, socket.gaierror):
        return "the name of its host is not known"
    words = getattr(cause, "strerror", None) or str(cause.args[-1] if cause.args else type(cause).__name__)
    return " ".join(words.split())


class _NotConnected(Exception):
    """A connection could not be made in time: surely nothing was sent."""


@contextmanager
def _connecting() -> Iterator[None]:
    """Tells a failure before anything is sent from one after it; urllib3's own errors leave it open for TLS.

    urllib3's limit is for each address of the host and each step of TLS, ours for all of it.
    """
    started = monotonic()
    try:
        yield
    except (HTTPError, OSError) as exc:
        raise _NotConnected(_why(exc)) from exc
    if monotonic() - started > CONNECT_SECONDS:
        raise _NotConnected("connecting takes too long")


class _Connection(HTTPConnection):
    def connect(self) -> None:
        with _connecting():
            super().connect()


class _TlsConnection(HTTPSConnection):
    def connect(self) -> None:
        with _connecting():
            super().connect()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection
