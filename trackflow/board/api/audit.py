"""`/api/audit`: who did what, when and why."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from trackflow.board.context import TheBoard
from trackflow.board.repair.acts import MOST_ACTS, acts_of
from trackflow.board.repair.chosen import STORABLE
from trackflow.board.security.people import Reader

router = APIRouter(prefix="/api", tags=["audit"])

Word = Annotated[str, Query(max_length=255, pattern=STORABLE)]


class ActOfSomebody(BaseModel):
    """One thing that somebody did."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    number: int = Field(description="later acts have higher ones")
    at: datetime
    who: str = Field(description="user@host of the command line, name@board")
    action: str
    id: str = Field(description="of the event or the dead letter")
    business_key: str | None
    queue: str | None = Field(description="of a dead letter its work queue")
    reason: str | None = Field(description="why it was there")
    why: str | None = Field(description="in their words")


@router.get("/audit", summary="What people did to events and dead letters, and published, the newest first")
def show(
    board: TheBoard,
    _: Reader,
    who: Word = "",
    action: Word = "",
    key: Annotated[str, Query(max_length=255, pattern=STORABLE, description="business key")] = "",
    before: Annotated[int | None, Query(ge=1, lt=2**31, description="go on behind this number")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = MOST_ACTS,
) -> list[ActOfSomebody]:
    """Page by page: `before` is the last number of the page before."""
    return [
        ActOfSomebody(
            number=act.number,
            at=act.at,
            who=act.who,
            action=act.action,
            id=act.entry.event_id,
            business_key=act.entry.business_key,
            queue=act.entry.queue,
            reason=act.entry.reason,
            why=act.why,
        )
        for act in acts_of(board, who, action, key, before, limit)
    ]
