"""A TCP proxy that puts a server some milliseconds away, and can cut the line.

Each chunk is passed on after the one-way delay, in order, without limiting the rate. A new connection waits
one round trip before its first byte, as TCP's handshake would over such a distance.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit


class Line:
    """The line to a server. `url` is the server's, as it is reached over this line."""

    def __init__(self, url: str, one_way: float) -> None:
        parts = urlsplit(url)
        self._host, self._server_port = parts.hostname, parts.port
        self._one_way = one_way
        self._port = 0  # any, and then always the same
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.mend()
        credentials = parts.netloc.rpartition("@")[0]
        here = f"127.0.0.1:{self._port}"
        self.url = urlunsplit(parts._replace(netloc=f"{credentials}@{here}" if credentials else here))

    def cut(self) -> None:
        """From now on connections are refused; those that were open break."""
        self._run(self._end())

    def mend(self) -> None:
        """The server can be reached again."""
        self._run(self._serve())

    def close(self) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _serve(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        self._server = None
        connections = asyncio.all_tasks() - {asyncio.current_task()}
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2 * self._one_way)
        there_reader, there_writer = await asyncio.open_connection(self._host, self._server_port)
        try:
            await asyncio.gather(
                self._pass_on(reader, there_writer),
                self._pass_on(there_reader, writer),
                return_exceptions=True,
            )
        finally:
            writer.close()
            there_writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while chunk := await reader.read(65536):
            loop.call_later(self._one_way, writer.write, chunk)
        loop.call_later(self._one_way, writer.close)


@contextmanager
def far_away(url: str, one_way: float = 0.010) -> Iterator[str]:
    """The same URL, but `one_way` seconds away in each direction, while the block runs."""
    line = Line(url, one_way)
    try:
        yield line.url
    finally:
        line.close()
