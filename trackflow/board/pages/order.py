"""`/order`: the page of one order, where a support clerk reads its story."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from trackflow.board.context import Board, TheBoard
from trackflow.board.orders.known import MOST_EVENTS, Known, cockpit_of, known_order, payload_of
from trackflow.board.rendering import page
from trackflow.board.security.people import Reader
from trackflow.projection.story import story

router = APIRouter()

EVENTS = 100  # on one page
_CHARACTERS = 20_000  # of a payload that are shown at once

Key = Annotated[str, Query(alias="key")]


@router.get("/order")
def show(
    request: Request,
    board: TheBoard,
    _: Reader,
    key: Key = "",
    start: Annotated[int, Query(ge=0, le=MOST_EVENTS)] = 0,
) -> Response:
    """The page. It updates itself by fetching itself: what has an id and `data-live` is swapped."""
    known = known_order(board, key)
    if known is None:
        return page(request, "order_unknown.html", 404, key=key)
    facts, total = known.facts, len(known.facts.events)
    start = start if start < total else 0
    told = story(facts, start, EVENTS)
    return page(
        request,
        "order.html",
        known=known,
        facts=facts,
        order=facts.order,
        story=told,
        marks=_script(told.marks),
        cockpit=_cockpit(board, known),
        start=start,
        total=total,
        per_page=EVENTS,
        is_cut=total == MOST_EVENTS,
    )


@router.get("/order/payload")
def show_payload(
    request: Request,
    board: TheBoard,
    _: Reader,
    key: Key,
    event: Annotated[str, Query()],
    whole: Annotated[bool, Query()] = False,
) -> Response:
    """The payload of one event: within the order's page, or as a page of its own."""
    try:
        text = json.dumps(payload_of(board, key, event), indent=2, ensure_ascii=False)
    except KeyError:
        raise HTTPException(404, "this order has no such event") from None
    shown = text if whole else text[:_CHARACTERS]
    template = "order_payload.html" if request.headers.get("HX-Request") else "order_payload_page.html"
    return page(request, template, key=key, event=event, text=shown, more=len(text) - len(shown))


def _cockpit(board: Board, known: Known) -> str | None:
    return cockpit_of(board, known.instance_id) if known.facts.state == "running" else None


def _script(value: object) -> str:
    """JSON that may stand in a `<script type="application/json">`: nothing in it ends that."""
    text = json.dumps(value)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
