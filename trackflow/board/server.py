"""The board's HTTP server: ends at once and with success when it is asked to, however many pages are open."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn

from trackflow.board.app import create_app
from trackflow.board.context import Board

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_ENDING = 2  # seconds that a request may still take


class Server(uvicorn.Server):
    """Serves one board in this process until SIGINT or SIGTERM."""

    def __init__(self, board: Board) -> None:
        super().__init__(
            uvicorn.Config(
                create_app(board),
                log_config=None,
                access_log=False,  # a link's token would stand in it
                proxy_headers=False,  # whom to believe is for `peers` to say
                server_header=False,
                ws="none",
                timeout_graceful_shutdown=_ENDING,
            )
        )
        self._board = board

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, which raises the signal again in the end: the exit code would tell of a failure."""
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Streams would last as long as their pages."""
        self._board.streams.end()
        super().handle_exit(sig, frame)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises OSError."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listening = socket.create_server(address[:2], family=family, backlog=512)
    # Inherited by each connection. asyncio forgets it for those of a socket that it has not made itself, and
    # every small answer would then wait for the other side's delayed acknowledgement: 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
