"""Who did what, when and why: all of it, page by page."""

from __future__ import annotations

from typing import Annotated, get_args

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from trackflow.board.context import TheBoard
from trackflow.board.rendering import page
from trackflow.board.repair.acts import MOST_ACTS, acts_of, original_of
from trackflow.board.repair.chosen import STORABLE
from trackflow.board.security.people import Reader
from trackflow.tracking.audit import Action

router = APIRouter()

Word = Annotated[str, Query(max_length=255, pattern=STORABLE)]


@router.get("/audit")
def show(
    request: Request,
    board: TheBoard,
    _: Reader,
    who: Word = "",
    action: Word = "",
    key: Word = "",
    before: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
) -> Response:
    """The newest acts first, of somebody, of a kind, on an order."""
    acts = acts_of(board, who, action, key, before)
    filters = {"who": who, "action": action, "key": key}
    return page(
        request,
        "audit.html",
        acts=acts,
        filters=filters,
        params={name: value for name, value in filters.items() if value},
        actions=get_args(Action),
        next=acts[-1].number if len(acts) == MOST_ACTS else None,
        is_first=before is None,
    )


@router.get("/audit/original")
def show_original(
    request: Request, board: TheBoard, person: Reader, number: Annotated[int, Query(ge=1, lt=2**31)]
) -> Response:
    """What an edited letter was before."""
    return page(request, "audit_original.html", number=number, original=original_of(board, number, person))
