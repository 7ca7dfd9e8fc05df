"""A real HTTP server that answers one request as it is told, or fails to."""

import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

# What the server does with a connection once it has read a request.
Behaviour = Callable[[socket.socket], None]

LINGER_NOT = struct.pack("ii", 1, 0)


def says(status: str, body: str = "", content_type: str = "application/json") -> Behaviour:
    """A whole answer."""
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body.encode())}\r\n\r\n"
    )
    return lambda connection: connection.sendall((head + body).encode())


def says_raw(text: str) -> Behaviour:
    """These bytes, then the end."""
    return lambda connection: connection.sendall(text.encode())


def resets(connection: socket.socket) -> None:
    """The connection breaks, as when the engine is killed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)


def closes(connection: socket.socket) -> None:
    """The connection ends without an answer."""


def is_silent(connection: socket.socket) -> None:
    """No answer until the other side gives up."""
    connection.recv(1)


def trickles(connection: socket.socket) -> None:
    """An answer that comes byte by byte and never ends."""
    connection.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n["
    )
    try:
        while True:
            connection.sendall(b" ")
            time.sleep(0.01)
    except OSError:
        return


class Server:
    """The server's address, and what it was asked."""

    def __init__(self, port: int, scheme: str) -> None:
        self.url = f"{scheme}://127.0.0.1:{port}/engine-rest"
        self.requests: list[bytes] = []
        self.connections = 0


@contextmanager
def server(
    behaviour: Behaviour, *, keep_alive: bool = False, tls: ssl.SSLContext | None = None
) -> Iterator[Server]:
    """A server that does this with every request, then closes the connection unless it is kept alive."""
    listener = socket.create_server(("127.0.0.1", 0))
    running = Server(listener.getsockname()[1], "https" if tls else "http")

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return  # the test is over
            running.connections += 1
            # A failed handshake or a client that is gone are what some tests want.
            with connection, suppress(OSError):
                converse(tls.wrap_socket(connection, server_side=True) if tls else connection)

    def converse(connection: socket.socket) -> None:
        with connection:
            while request := _request(connection):
                running.requests.append(request)
                behaviour(connection)
                if not keep_alive:
                    return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _request(connection: socket.socket) -> bytes:
    """One whole request: closing earlier would reset the connection while it is still being sent."""
    read = b""
    while b"\r\n\r\n" not in read:
        if not (piece := connection.recv(65536)):
            return b""
        read += piece
    head, _, body = read.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    while length and len(body) < int(length[1]):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
