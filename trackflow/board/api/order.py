"""`/api/order`: one order's story as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from trackflow.board.context import TheBoard
from trackflow.board.orders.known import MOST_EVENTS, Known, cockpit_of, known_order, payload_of
from trackflow.board.security.people import Reader
from trackflow.projection.advice import Advice, Step
from trackflow.projection.story import Story, story
from trackflow.projection.timeline import Row, Stretch

router = APIRouter(prefix="/api", tags=["orders"])


class _Answer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, from_attributes=True)


class EventAnswer(_Answer):
    """One event. Times are UTC, durations seconds; null: that is not known."""

    id: str
    event: str
    cause: str | None = Field(description="Id of the event that it follows from")
    service: str | None = Field(description="Who emitted it; null: somebody outside")
    outcome: str = Field(description="received, waiting, correlated, duplicate, unmatched or refused")
    reason: str | None
    deliveries: int = Field(description="How often the tracker got it")
    attempts: int | None = Field(description="At which try its service took up the cause")
    published_at: datetime | None
    taken_at: datetime | None = Field(description="Its service took up the cause")
    received_at: datetime
    correlated_at: datetime | None
    queue_seconds: float | None = Field(description="Its cause waited for the service")
    work_seconds: float | None = Field(description="The service worked on the cause")
    engine_seconds: float | None = Field(description="From publishing until the engine knew")


class PlaceAnswer(_Answer):
    """Where a running order is."""

    element: str
    name: str
    since: datetime
    limit_seconds: float | None
    late: bool


class DeviationAnswer(_Answer):
    """How it did not follow its model."""

    kind: str
    name: str = Field(description="Of the event, or id of the element")


class LetterAnswer(_Answer):
    """A dead letter of it."""

    id: str
    queue: str = Field(description="The work queue that it belongs to")
    event: str | None
    reason: str
    error: str | None
    message: str | None
    attempts: int | None
    at: datetime | None


class StepAnswer(_Answer):
    """Something to do."""

    kind: Literal["replay", "retry", "cockpit", "command"]
    words: str
    letter: str | None = Field(description="Id of the dead letter to replay")
    event_ids: list[str] = Field(description="Of the events to retry")
    command: str | None = Field(description="To be typed")


class AdviceAnswer(_Answer):
    """What is the matter, and what to do."""

    tone: Literal["bad", "late", "info", "good"] = Field(description="bad: somebody must act")
    title: str
    words: list[str]
    steps: list[StepAnswer]


class ActAnswer(_Answer):
    """What somebody did."""

    action: str
    event_id: str
    queue: str | None = Field(description="Whose dead letter it was; null: the event was in the ledger")
    who: str
    why: str | None
    at: datetime


class OrderAnswer(_Answer):
    """One order."""

    business_key: str
    tenant: str
    state: str = Field(description="running, completed, terminated, waiting, refused or unknown")
    process: str | None
    version: int
    instance_id: str | None
    awaiting: list[str]
    engine_error: str | None = Field(description="Why the engine could not be asked")
    started_at: datetime
    updated_at: datetime
    places: list[PlaceAnswer]
    advice: list[AdviceAnswer] = Field(description="The worst first")
    deviations: list[DeviationAnswer]
    dead_letters: list[LetterAnswer]
    events: list[EventAnswer] = Field(description="In the order of arrival, each after its cause")
    number_of_events: int = Field(description="That are known; only the newest 2,000 of an order are")
    actions: list[ActAnswer] = Field(description="What people did, the oldest first")
    cockpit: str | None = Field(description="Where the engine shows it")
    marks: dict[str, Any] = Field(description="Of its diagram: element and flow ids")


class PayloadAnswer(_Answer):
    """The payload of an event; fields that are masked hold `•••`."""

    payload: Any


Key = Annotated[str, Query(description="The business key")]


@router.get("/order", summary="One order's story")
def order(
    board: TheBoard,
    _: Reader,
    key: Key,
    start: Annotated[int, Query(ge=0, le=MOST_EVENTS, description="The first event that is given")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many events are given")] = 200,
) -> OrderAnswer:
    """Everything about it: as `track show --json`, and times, advice, deviations, dead letters, acts."""
    known = known_order(board, key)
    if known is None:
        raise HTTPException(404, f"there is no order {key[:80]!r}")
    is_running = known.facts.state == "running"
    return _answer(
        known, story(known.facts, start, limit), cockpit_of(board, known.instance_id) if is_running else None
    )


@router.get("/order/payload", summary="The payload of an event")
def payload(
    board: TheBoard, _: Reader, key: Key, event: Annotated[str, Query(description="Its id")]
) -> PayloadAnswer:
    """As it was published, with the masked fields hidden."""
    try:
        return PayloadAnswer(payload=payload_of(board, key, event))
    except KeyError:
        raise HTTPException(404, f"order {key[:80]!r} has no event {event[:80]!r}") from None


def _answer(known: Known, told: Story, cockpit: str | None) -> OrderAnswer:
    facts = known.facts
    return OrderAnswer(
        business_key=facts.order.business_key,
        tenant=facts.order.tenant,
        state=facts.state,
        process=known.process,
        version=known.version,
        instance_id=known.instance_id,
        awaiting=list(facts.awaiting),
        engine_error=facts.order.engine_error,
        started_at=facts.order.started_at,
        updated_at=facts.order.updated_at,
        places=[
            PlaceAnswer(
                element=place.element,
                name=facts.label(place.element),
                since=place.since,
                limit_seconds=place.limit,
                late=place.late,
            )
            for place in facts.places
        ],
        advice=[_advice(each) for each in told.advice],
        deviations=[DeviationAnswer(kind=each.kind.value, name=each.name) for each in facts.deviations],
        dead_letters=[LetterAnswer.model_validate(letter) for letter in facts.letters],
        events=[_event(row) for row in told.rows],
        number_of_events=len(facts.events),
        actions=[
            ActAnswer(
                action=act.action,
                event_id=act.entry.event_id,
                queue=act.entry.queue,
                who=act.who,
                why=act.why,
                at=act.at,
            )
            for act in facts.acts
        ],
        cockpit=cockpit,
        marks=dict(told.marks),
    )


def _advice(advice: Advice) -> AdviceAnswer:
    return AdviceAnswer(
        tone=advice.tone,
        title=advice.title,
        words=list(advice.words),
        steps=[_step(each) for each in advice.steps],
    )


def _step(step: Step) -> StepAnswer:
    return StepAnswer(
        kind=step.kind,
        words=step.words,
        letter=step.letter.id if step.letter else None,
        event_ids=list(step.event_ids),
        command=step.command,
    )


def _event(row: Row) -> EventAnswer:
    event = row.event
    return EventAnswer(
        id=event.id,
        event=event.event,
        cause=event.cause,
        service=row.service,
        outcome=event.outcome,
        reason=event.reason,
        deliveries=event.deliveries,
        attempts=event.attempts,
        published_at=event.published_at,
        taken_at=event.taken_at,
        received_at=event.received_at,
        correlated_at=event.correlated_at,
        queue_seconds=_seconds(row.queue),
        work_seconds=_seconds(row.work),
        engine_seconds=_seconds(row.engine),
    )


def _seconds(stretch: Stretch | None) -> float | None:
    return None if stretch is None else stretch.seconds
