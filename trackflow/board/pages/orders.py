"""`/orders`: finds orders, and does something with many of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Form
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from trackflow.board.context import Board, TheBoard
from trackflow.board.orders import exports
from trackflow.board.orders.asked import ROWS, Asked, exporter_of, listing_of
from trackflow.board.orders.view import choices, rows
from trackflow.board.rendering import page
from trackflow.board.repair.chosen import MOST_IDS, WHY
from trackflow.board.repair.repairs import By, Repairs
from trackflow.board.security.people import Operator, Reader
from trackflow.errors import FilterError, LedgerError
from trackflow.projection.cursor import Sorting
from trackflow.projection.filters import PAYLOAD, Filter
from trackflow.projection.look import Page
from trackflow.projection.parameters import PARAMETERS
from trackflow.words import counted

router = APIRouter()

_FRESH = 1.0  # seconds
_OPEN = "open"  # of the search box: a single hit is opened
_PAYLOAD = "payload"  # of the form: a field's name and value
_ABOVE = {"key", "state", "late", "deviates"}  # filters that are always seen

Selected = Annotated[list[str], Form(max_length=MOST_IDS)]


@router.get("/orders")
def show(request: Request, board: TheBoard, _: Reader) -> Response:
    """The list. What a form sends is led to the URL without its empty fields, which can be saved."""
    given = request.query_params.multi_items()
    try:
        return _shown(request, board, given)
    except FilterError as exc:
        return _not_understood(request, board, given, str(exc))


@router.post("/orders/retry")
def retry(
    board: TheBoard,
    person: Operator,
    selected: Selected = [],  # noqa: B006  (FastAPI copies it)
    query: Annotated[str | None, Form(alias="filter", max_length=4000)] = None,
    why: Annotated[str, Form(max_length=WHY)] = "",
) -> Response:
    """Tell the engine again what is refused or waits, in some orders or in all of a filter."""
    repairs, by = Repairs(board), By(person, why or None)
    if selected:
        operation = repairs.retry_orders([selected], counted(len(selected), "order"), None, by)
    elif query is not None:
        wanted = Filter.of(parse_qsl(query), board.mask)
        what = f"all orders with {query}" if query else "all orders"
        operation = repairs.retry_orders(exporter_of(board).keys(wanted), what, None, by)
    else:
        raise HTTPException(422, "which orders? Select some")
    return RedirectResponse(f"/operations/{operation.id}", 303)


@router.post("/orders/export.{form}")
def export(board: TheBoard, _: Reader, form: exports.Form, selected: Selected = []) -> Response:  # noqa: B006
    """The selected orders as a file. It changes nothing, so whoever may read may have it."""
    if not selected:
        raise HTTPException(422, "which orders? Select some")
    return exports.download(board, exporter_of(board).chosen(selected), form)


def _shown(request: Request, board: Board, given: Sequence[tuple[str, str]]) -> Response:
    pairs = [_of_form(name, text) for name, text in given if text and name != _OPEN]
    asked = Asked.of(pairs, board)
    if (_OPEN, "true") in given and (key := _single_hit(board, asked)) is not None:
        target = f"/order?{urlencode({'key': key})}"
        if request.headers.get("hx-request"):  # it would take the order's page for a part of this one
            return Response(headers={"HX-Redirect": target})
        return RedirectResponse(target, 303)
    if pairs != given:
        return RedirectResponse(f"/orders?{urlencode(pairs)}" if pairs else "/orders", 303)
    return page(request, "orders.html", **_found(board, asked))


def _of_form(name: str, text: str) -> tuple[str, str]:
    """A form's field for payloads holds the name and the value: `amount=150`."""
    field, sign, value = text.partition("=")
    return (PAYLOAD + field.strip(), value.strip()) if name == _PAYLOAD and sign else (name, text)


def _single_hit(board: Board, asked: Asked) -> str | None:
    """The only order that there is with these filters, or the one whose whole key was typed."""
    key = asked.filter.key
    try:
        found, _ = _listed(board, asked)
        if len(found.orders) == 1 and found.next is None:
            return found.orders[0].business_key
        if (
            key is not None
            and not found.orders
            and asked.filter.only("key")
            and listing_of(board).exists(key)
        ):
            return key
    except LedgerError:
        return None
    return None


def _listed(board: Board, asked: Asked) -> tuple[Page, int | None]:
    """The page that is asked for, and how many there are, if that is known. Raises LedgerError."""

    def read() -> tuple[Page, int | None]:
        return asked.page(board), listing_of(board).total(asked.filter)

    return board.kept.get(("orders", str(asked)), _FRESH, read)


def _found(board: Board, asked: Asked) -> dict[str, Any]:
    """What the page is given. While the ledger is away it is what was seen last at this URL."""
    shown, total, trouble = Page((), None, None), None, None
    try:
        shown, total = _listed(board, asked)
    except LedgerError as exc:
        trouble = str(exc)
    key = asked.filter.key
    return {
        **_form(board, asked, asked.filter.pairs),
        "trouble": trouble,
        "problem": None,
        "rows": rows(board, shown.orders),
        "total": total,
        "looked_to": shown.looked_to,
        "first": asked.url("/orders") if asked.cursor else None,
        "next": asked.url("/orders", cursor=shown.next) if shown.next else None,
        "previous": asked.url("/orders", cursor=shown.previous) if shown.previous else None,
        "exact": key if key in [order.business_key for order in shown.orders] else None,
    }


def _form(board: Board, asked: Asked, typed: Sequence[tuple[str, str]]) -> dict[str, Any]:
    given = {name: text for name, text in typed if text and name in (*PARAMETERS, _PAYLOAD)}
    return {
        "asked": asked,
        "filter": asked.filter,
        "choices": choices(board, asked.filter),
        "typed": typed,
        "given": dict.fromkeys((*PARAMETERS, _PAYLOAD)) | given,
        "has_more": bool(given.keys() - _ABOVE or asked.filter.payload),
    }


def _as_typed(name: str, text: str) -> tuple[str, str]:
    """Back from a URL: the form has one field for payloads."""
    if not name.startswith(PAYLOAD):
        return name, text
    return _PAYLOAD, f"{name.removeprefix(PAYLOAD)}={text}"


def _not_understood(
    request: Request, board: Board, given: Sequence[tuple[str, str]], problem: str
) -> Response:
    """The page with what was typed, and what is wrong. htmx shows no errors, so for it this is an answer."""
    asked = Asked(Filter(), Sorting.of("-started"), None, ROWS)
    nothing: Sequence[Any] = ()
    status = 200 if request.headers.get("hx-request") else 422
    return page(
        request,
        "orders.html",
        status,
        **_form(board, asked, [_as_typed(*each) for each in given]),
        trouble=None,
        problem=problem,
        rows=nothing,
        total=None,
        looked_to=None,
        first=None,
        next=None,
        previous=None,
        exact=None,
    )
