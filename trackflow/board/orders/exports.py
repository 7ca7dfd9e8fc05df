"""Exports as downloads: streamed, and never a broken one that looks whole."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from itertools import chain
from typing import Literal

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from trackflow.board.context import Board
from trackflow.board.orders.known import services_of
from trackflow.projection import export
from trackflow.projection.export.reading import Exported

Form = Literal["json", "csv", "xes"]

TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8", "xes": "application/xml"}
_PIECE = 64 * 1024  # characters


def download(board: Board, orders: Iterable[Exported], form: Form) -> StreamingResponse:
    """The orders as a file.

    The first piece is made here: what is wrong from the start is an error as everywhere. What goes wrong
    later ends the connection before the body's end (RFC 9112, section 8), so no client takes the file for
    whole; and JSON and XES then lack their last bracket. A client that goes away ends the reading: nothing is
    open between two pieces.

    Raises:
        LedgerError: nothing can be read.
    """
    pieces = _pieces(_written(board, orders, form))
    first = next(pieces, "")
    tenant = board.trackflow.settings.tenant
    headers = {
        "Content-Disposition": f'attachment; filename="orders-{tenant}.{form}"',
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",  # a proxy that collects it all would hide that it broke off
    }
    return _Download(first, pieces, headers, TYPES[form])


class _Download(StreamingResponse):
    """Ends the reading itself: when the client goes away, nobody else would before the garbage collector."""

    def __init__(
        self, first: str, pieces: Generator[str, None, None], headers: Mapping[str, str], media_type: str
    ) -> None:
        super().__init__(chain([first], pieces), headers=headers, media_type=media_type)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it all, or as much as the client takes."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._pieces.close()


def _written(board: Board, orders: Iterable[Exported], form: Form) -> Iterator[str]:
    if form == "json":
        return export.json(orders)
    if form == "csv":
        return export.csv(orders)
    return export.xes(orders, services_of(board).emitter)


def _pieces(texts: Iterable[str]) -> Generator[str, None, None]:
    """The same text in larger pieces: each costs a change of threads."""
    some, size = list[str](), 0
    for text in texts:
        some.append(text)
        size += len(text)
        if size >= _PIECE:
            yield "".join(some)
            some, size = [], 0
    yield "".join(some)
