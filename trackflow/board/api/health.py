"""`/api/health`: for machines that watch the board, and for people what it knows of the parts behind it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from trackflow.board.context import TheBoard
from trackflow.board.health import Part, QueueHealth, State
from trackflow.board.security.people import Reader

router = APIRouter(prefix="/api", tags=["health"])


class PartOut(BaseModel):
    """One of broker, engine, ledger and projection."""

    name: str
    state: State
    since: datetime

    @classmethod
    def of(cls, part: Part) -> PartOut:
        """What anybody may know."""
        return cls(name=part.name, state=part.state, since=part.since)


class HealthOut(BaseModel):
    """Whether the board can show what there is."""

    status: Literal["ok", "degraded"] = Field(
        description="degraded: a part is away, or a queue has no consumer"
    )
    parts: list[PartOut]


class PartInWords(PartOut):
    """The same with what it said."""

    words: str


class QueueOut(BaseModel):
    """One work queue."""

    name: str
    messages: int
    consumers: int | None = Field(description="null: not known, in memory")
    dead: int = Field(description="letters in its dead-letter queue")
    problem: str | None
    since: datetime = Field(description="of the problem, or of its absence")


class PartsOut(BaseModel):
    """All that is known."""

    parts: list[PartInWords]
    queues: list[QueueOut]


@router.get("/health", summary="Whether all is well")
def health(board: TheBoard) -> HealthOut:
    """Always 200 while the board itself works. Nobody has to sign in: it holds no name and no address."""
    report = board.health.report
    status: Literal["ok", "degraded"] = "ok" if report.is_ok else "degraded"
    return HealthOut(status=status, parts=[PartOut.of(part) for part in report.parts])


@router.get("/health/parts", summary="How broker, engine, ledger, projection and queues are")
def parts(board: TheBoard, _: Reader) -> PartsOut:
    """As they were at the last look, a few seconds ago."""
    report = board.health.report
    return PartsOut(
        parts=[PartInWords(**PartOut.of(part).model_dump(), words=part.words) for part in report.parts],
        queues=[_queue(queue) for queue in report.queues],
    )


def _queue(queue: QueueHealth) -> QueueOut:
    return QueueOut(
        name=queue.name,
        messages=queue.messages,
        consumers=queue.consumers,
        dead=queue.dead,
        problem=queue.problem,
        since=queue.since,
    )
