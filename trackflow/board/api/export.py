"""`/api/export.json`, `.csv`, `.xes`: all orders of a filter with their events, as a file."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import StreamingResponse

from trackflow.board.context import TheBoard
from trackflow.board.orders.asked import WantedOrders, documented, exporter_of
from trackflow.board.orders.exports import TYPES, Form, download
from trackflow.board.security.people import Reader

router = APIRouter(prefix="/api", tags=["orders"])


def _responses(form: Form) -> dict[int | str, dict[str, Any]]:
    content = {TYPES[form].partition(";")[0]: {"schema": {"type": "array" if form == "json" else "string"}}}
    return {200: {"description": "The file. A connection that ends early was an error.", "content": content}}


@router.get(
    "/export.json",
    summary="Orders with their events as JSON",
    response_class=StreamingResponse,
    responses=_responses("json"),
    openapi_extra=documented(),
)
def as_json(board: TheBoard, _: Reader, wanted: WantedOrders) -> StreamingResponse:
    """An array, the newest order first: each as `/api/orders` has it, with `events` and their payloads."""
    return download(board, exporter_of(board).filtered(wanted), "json")


@router.get(
    "/export.csv",
    summary="Events of orders as CSV",
    response_class=StreamingResponse,
    responses=_responses("csv"),
    openapi_extra=documented(),
)
def as_csv(board: TheBoard, _: Reader, wanted: WantedOrders) -> StreamingResponse:
    """A row for each event, for a spreadsheet: RFC 4180, UTF-8 with a byte order mark.

    A cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return has an apostrophe before it: so no
    spreadsheet takes it for a formula.
    """
    return download(board, exporter_of(board).filtered(wanted), "csv")


@router.get(
    "/export.xes",
    summary="Orders as an event log for process mining",
    response_class=StreamingResponse,
    responses=_responses("xes"),
    openapi_extra=documented(),
)
def as_xes(board: TheBoard, _: Reader, wanted: WantedOrders) -> StreamingResponse:
    """XES (IEEE 1849-2016): a trace for each order; `org:resource` is the service that emitted the event."""
    return download(board, exporter_of(board).filtered(wanted), "xes")
