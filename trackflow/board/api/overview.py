"""`/api/overview`: whether orders flow, and where they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, Self

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from trackflow.board.attention import Level
from trackflow.board.context import TheBoard
from trackflow.board.health import State
from trackflow.board.security.people import Reader
from trackflow.board.situation import Situation, situation
from trackflow.projection.overview import ProcessNow

router = APIRouter(prefix="/api", tags=["overview"])


class _Answer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, from_attributes=True)


class VerdictAnswer(_Answer):
    """Whether orders flow."""

    level: Level = Field(description="stuck: they do not go on until somebody acts; quiet: none runs")
    words: str


class NeedAnswer(_Answer):
    """Something that somebody should look at."""

    level: Literal["stuck", "failed", "late"]
    words: str
    advice: str | None = Field(description="What follows from it, or what to do")
    command: str | None = Field(description="That mends it, to be typed")
    href: str | None = Field(description="Where on the board it is seen")
    since: datetime | None


class ProcessAnswer(_Answer):
    """One process's orders now."""

    process: str = Field(description="Its id; empty for the orders that have no instance")
    name: str
    version: int = Field(description="The newest that has an order")
    states: Mapping[str, int] = Field(description="How many orders are in which state")
    running_before: int = Field(description="How many run on an earlier version")
    refused: int = Field(description="Orders with an event that the engine refused")
    late: int = Field(description="Orders that wait longer than a limit")
    elements: Mapping[str, int] = Field(description="How many orders are at which element")
    late_elements: Mapping[str, int] = Field(description="How many of these are late")
    ended: Sequence[int] = Field(description="Orders that ended in each of 24 hours; the last runs now")
    oldest_key: str | None = Field(description="Business key of the order that runs the longest")
    oldest_started_at: datetime | None

    @classmethod
    def of(cls, process: ProcessNow, name: str) -> Self:
        """Of a process of this name."""
        oldest = process.oldest
        return cls(
            process=process.process,
            name=name,
            version=process.version,
            states=process.states,
            running_before=process.running_before,
            refused=process.refused,
            late=process.late_orders,
            elements=process.places,
            late_elements=process.late_places,
            ended=process.ended,
            oldest_key=oldest and oldest.business_key,
            oldest_started_at=oldest and datetime.fromtimestamp(oldest.started_at, UTC),
        )


class PartAnswer(_Answer):
    """Broker, engine, ledger or projection."""

    name: str
    state: State
    words: str
    since: datetime


class QueueAnswer(_Answer):
    """A work queue."""

    name: str
    task: str
    messages: int
    consumers: int | None = Field(description="null: that cannot be known (a broker in memory)")
    dead: int = Field(description="Letters in its dead-letter queue")
    problem: str | None


class OverviewAnswer(_Answer):
    """All that the overview shows."""

    verdict: VerdictAnswer
    as_of: datetime | None = Field(description="When the figures were read; null: the ledger never answered")
    is_stale: bool = Field(description="The ledger is away: the figures are the last that it gave")
    reached_at: datetime | None = Field(description="Everything that the ledger had then is counted")
    last_event_at: datetime | None
    first_hour: datetime | None = Field(description="When the first hour of `ended` began")
    processes: Sequence[ProcessAnswer]
    without_process: ProcessAnswer | None
    needs: Sequence[NeedAnswer] = Field(description="What needs somebody, the worst first")
    parts: Sequence[PartAnswer]
    queues: Sequence[QueueAnswer] = Field(description="None while the broker is away")

    @classmethod
    def of(cls, now: Situation) -> Self:
        """Of a situation."""
        figures, names = now.overview, now.names
        return cls(
            verdict=VerdictAnswer.model_validate(now.verdict),
            as_of=now.as_of,
            is_stale=now.is_stale,
            reached_at=figures and _time(figures.reached_at),
            last_event_at=figures and _time(figures.last_event_at),
            first_hour=figures and _time(figures.first_hour),
            processes=[ProcessAnswer.of(each, names.process(each.process)) for each in figures.processes]
            if figures
            else (),
            without_process=figures and ProcessAnswer.of(figures.without_process, ""),
            needs=[NeedAnswer.model_validate(need) for need in now.needs],
            parts=[PartAnswer.model_validate(part) for part in now.health.parts],
            queues=[QueueAnswer.model_validate(queue) for queue in now.health.queues],
        )


@router.get("/overview", summary="Whether orders flow, and where they are")
def overview(board: TheBoard, _: Reader) -> OverviewAnswer:
    """Figures of all processes, health, and what needs somebody. It answers whatever is away."""
    return OverviewAnswer.of(situation(board))


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
