"""`/api/events`: the newest events, the payload of one, and test events."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from trackflow.board.context import TheBoard
from trackflow.board.publishing import publish
from trackflow.board.security.people import Operator, Reader
from trackflow.message import SHORT
from trackflow.projection.passing import Passed, Watched
from trackflow.tracking.tables import Outcome

router = APIRouter(prefix="/api", tags=["live"])

_IN_JSON = ConfigDict(alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True)


class EventOut(BaseModel):
    """An event as it passed."""

    model_config = _IN_JSON

    id: str
    business_key: str
    event: str
    cause: str | None = Field(description="id of the event that it follows from")
    outcome: Outcome
    reason: str | None = Field(description="of the outcome, in words")
    deliveries: int
    received_at: datetime

    @classmethod
    def of(cls, passed: Passed) -> EventOut:
        """Of the ledger's."""
        return cls(
            id=passed.id,
            business_key=passed.business_key,
            event=passed.event,
            cause=passed.cause,
            outcome=Outcome(passed.outcome),
            reason=passed.reason,
            deliveries=passed.deliveries,
            received_at=passed.at,
        )


class PayloadOut(BaseModel):
    """What an event carried; masked fields are hidden."""

    model_config = _IN_JSON

    id: str
    business_key: str
    event: str
    payload: JsonValue


class EventIn(BaseModel):
    """A test event."""

    model_config = _IN_JSON | ConfigDict(extra="forbid")

    event: str = Field(max_length=SHORT, description="its name, as in the choreography")
    business_key: str | None = Field(None, max_length=SHORT, description="a new one if left out")
    payload: JsonValue = None


class PublishedOut(BaseModel):
    """An event that the broker has taken."""

    model_config = _IN_JSON

    id: str
    business_key: str


def watched(
    event: Annotated[str | None, Query(max_length=SHORT, description="name of the event")] = None,
    outcome: Annotated[Outcome | None, Query()] = None,
    key: Annotated[str | None, Query(max_length=SHORT, description="how the business key begins")] = None,
) -> Watched:
    """The filter in a URL."""
    return Watched(event, outcome, key)


WatchedEvents = Annotated[Watched, Depends(watched)]


@router.get("/events", summary="The newest events")
def newest(
    board: TheBoard,
    _: Reader,
    watched: WatchedEvents,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[EventOut]:
    """The newest first, of the last 2,000 that came."""
    return [EventOut.of(passed) for passed in board.passing.newest(watched, limit)]


@router.get("/events/payload", summary="What an event carried")
def payload(
    board: TheBoard,
    _: Reader,
    event_id: Annotated[str, Query(alias="id", max_length=SHORT, description="of the event")],
) -> PayloadOut:
    """Its payload, with masked fields hidden."""
    found = board.passing.payload(event_id)
    if found is None:
        raise HTTPException(404, f"there is no event with the id {event_id!r}")
    key, event, value = found
    return PayloadOut(id=event_id, business_key=key, event=event, payload=board.mask.masked(value))


@router.post("/events", summary="Publish a test event", status_code=201)
def publish_event(board: TheBoard, person: Operator, event: EventIn) -> PublishedOut:
    """Where that is allowed: takes an operator and the CSRF token (header `X-CSRF-Token`)."""
    message = publish(board, person, event.event, event.business_key, event.payload)
    return PublishedOut(id=message.id, business_key=message.business_key)
