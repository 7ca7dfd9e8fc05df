"""`/`: whether orders flow, and where they are."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from trackflow.board.attention import orders
from trackflow.board.context import TheBoard
from trackflow.board.rendering import page
from trackflow.board.security.people import Reader
from trackflow.board.situation import situation

router = APIRouter()


@router.get("/")
def overview(request: Request, board: TheBoard, _: Reader) -> Response:
    """The page. It updates itself by fetching itself: what has an id and `data-live` is swapped."""
    first_event = next(iter(board.trackflow.choreography.events))
    return page(request, "overview.html", situation=situation(board), orders=orders, first_event=first_event)
