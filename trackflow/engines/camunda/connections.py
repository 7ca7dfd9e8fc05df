"""Connections to an engine: limited in time, and they tell a failure before sending from one after it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

CONNECT_SECONDS = 3.0  # until a request is sent at the latest; includes looking up the name, and TLS
READ_SECONDS = 10.0  # from then on until the answer
# Connections kept open. More threads than these open one for each request.
_KEPT = 64
_PIECE = 64 * 1024  # bytes read at once; without a number urllib3 takes a body that was cut off for whole


class NotConnected(Exception):
    """A connection could not be made in time: surely nothing was sent."""


def pool(scheme: str, host: str, port: int | None) -> HTTPConnectionPool:
    """Connections for all threads. Proxies that the environment names are not used."""
    return (_TlsPool if scheme == "https" else _Pool)(
        host,
        port,
        maxsize=_KEPT,
        timeout=Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        retries=False,  # nor redirects: whether to repeat is the tracker's decision
    )


def whole(answer: BaseHTTPResponse) -> bytes:
    """The body. The socket's time limit is for each piece, so a trickle needs a limit of its own."""
    deadline, pieces = monotonic() + READ_SECONDS, []
    while piece := answer.read1(_PIECE):
        pieces.append(piece)
        if monotonic() > deadline:
            answer.close()
            raise TimeoutError("the answer takes too long")
    return b"".join(pieces)


def why(exc: BaseException) -> str:
    """A failure in words: those of the operating system if it has some."""
    cause = exc.__cause__ or exc
    if isinstance(cause, socket.gaierror):
        return "the name of its host is not known"
    words = getattr(cause, "strerror", None) or str(cause.args[-1] if cause.args else type(cause).__name__)
    return " ".join(words.split())


@contextmanager
def _connecting() -> Iterator[None]:
    """Tells a failure before anything is sent from one after it; urllib3's own errors leave it open for TLS.

    urllib3's limit is for each address of the host and each step of TLS, ours for all of it.
    """
    started = monotonic()
    try:
        yield
    except (HTTPError, OSError) as exc:
        raise NotConnected(why(exc)) from exc
    if monotonic() - started > CONNECT_SECONDS:
        raise NotConnected("connecting takes too long")


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
