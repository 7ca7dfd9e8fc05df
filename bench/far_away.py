"""A TCP proxy that puts a server some milliseconds away.

Each chunk is passed on after the one-way delay, in order, without limiting the rate. A new connection waits
one round trip before its first byte, as TCP's handshake would over such a distance.
"""

import asyncio
import threading
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit


@contextmanager
def far_away(url, one_way=0.010):
    """The same URL, but `one_way` seconds away in each direction, while the block runs."""
    parts = urlsplit(url)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(_serve(parts.hostname, parts.port, one_way), loop).result()
    port = server.sockets[0].getsockname()[1]
    credentials = parts.netloc.rpartition("@")[0]
    host = f"{credentials}@127.0.0.1:{port}" if credentials else f"127.0.0.1:{port}"
    try:
        yield urlunsplit(parts._replace(netloc=host))
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _serve(host, port, one_way):
    async def on_connection(reader, writer):
        await asyncio.sleep(2 * one_way)
        there_reader, there_writer = await asyncio.open_connection(host, port)
        await asyncio.gather(
            _pass_on(reader, there_writer, one_way),
            _pass_on(there_reader, writer, one_way),
            return_exceptions=True,
        )

    return await asyncio.start_server(on_connection, "127.0.0.1", 0)


async def _end(server):
    server.close()
    connections = asyncio.all_tasks() - {asyncio.current_task()}
    for connection in connections:
        connection.cancel()
    await asyncio.gather(*connections, return_exceptions=True)


async def _pass_on(reader, writer, one_way):
    loop = asyncio.get_running_loop()
    while chunk := await reader.read(65536):
        loop.call_later(one_way, writer.write, chunk)
    loop.call_later(one_way, writer.close)
