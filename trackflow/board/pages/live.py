"""`/live`: events as they pass, and test events where they are allowed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException
from pydantic import JsonValue
from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import Response

from trackflow.board.api.events import WatchedEvents
from trackflow.board.context import Board, TheBoard
from trackflow.board.publishing import publish
from trackflow.board.rendering import page
from trackflow.board.security.people import Operator, Reader
from trackflow.errors import LedgerError, PublishError
from trackflow.projection.passing import Watched
from trackflow.tracking.tables import Outcome

router = APIRouter()

_SHOWN = 50
_KEPT = 1.0  # seconds
_NOTHING_TYPED = {"event": "", "key": "", "payload": ""}


@router.get("/live")
def live(request: Request, board: TheBoard, _: Reader, watched: WatchedEvents) -> Response:
    """The newest events; a script adds those that come."""
    return _page(request, board, watched)


@router.post("/live")
def publish_event(
    request: Request,
    board: TheBoard,
    person: Operator,
    event: Annotated[str, Form()],
    key: Annotated[str, Form()] = "",
    payload: Annotated[str, Form()] = "",
) -> Response:
    """Publish a test event, and show the page again with what became of it."""
    typed = {"event": event, "key": key, "payload": payload}
    try:
        message = publish(board, person, event, key or None, _json(payload))
    except HTTPException as exc:
        if not board.may_publish:  # the page has no form then
            raise
        return _page(request, board, Watched(), exc.status_code, typed=typed, problem=exc.detail)
    except (LedgerError, PublishError) as exc:
        return _page(request, board, Watched(), 503, typed=typed, problem=str(exc))
    return _page(request, board, Watched(), typed=typed, published=message)


def _page(request: Request, board: Board, watched: Watched, status: int = 200, **given: Any) -> Response:
    events = board.kept.get(("live", watched), _KEPT, lambda: board.passing.newest(watched, _SHOWN))
    shown = {"typed": _NOTHING_TYPED, "problem": None, "published": None, **given}
    return page(
        request,
        "live.html",
        status,
        events=events,
        watched=watched,
        names=list(board.trackflow.choreography.events),
        outcomes=[outcome.value for outcome in Outcome],
        may_publish=board.may_publish,
        **shown,
    )


def _json(text: str) -> JsonValue:
    """What was typed; nothing is no payload. Raises HTTPException."""
    if not text.strip():
        return None
    try:
        value: JsonValue = from_json(text, allow_inf_nan=False)
    except ValueError as exc:
        raise HTTPException(422, f"The payload is no JSON: {exc}") from exc
    return value
