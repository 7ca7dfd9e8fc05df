"""`/api/processes`: which processes there are, and what happened to their orders in a period."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from trackflow.board.context import TheBoard
from trackflow.board.process import processes
from trackflow.board.process import words as process_words
from trackflow.board.process.processes import KnownProcess
from trackflow.board.process.selections import Other, Selected, Selection
from trackflow.board.process.words import Elements
from trackflow.board.security.people import Reader
from trackflow.message import SHORT
from trackflow.projection import comparison, statistics

router = APIRouter(prefix="/api/processes", tags=["processes"])


class _Answer(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, from_attributes=True)


class VersionAnswer(_Answer):
    """One version of a process's model."""

    number: int
    orders: int = Field(description="That it has or had")


class KnownProcessAnswer(_Answer):
    """One process."""

    id: str
    name: str
    orders: int = Field(description="That it has or had")
    versions: Sequence[VersionAnswer] = Field(description="Those with orders, the newest first")
    withdrawn: bool = Field(description="It starts no more, until it is deployed again")


class SelectionAnswer(_Answer):
    """Which orders the figures are of: those that started, or ended, from one moment to before another."""

    begin: datetime = Field(alias="from")
    end: datetime = Field(alias="to")
    version: int | None = Field(description="Of the model; null: all")

    @classmethod
    def of(cls, selected: Selection) -> Self:
        """Of a selection."""
        period = selected.period
        return cls(begin=_time(period.start), end=_time(period.end), version=selected.version)


class DurationsAnswer(_Answer):
    """Seconds, right to 5 %; null if it never happened."""

    p50: float | None = Field(description="Half took at most so long")
    p95: float | None = Field(description="95 % took at most so long")


class EndingAnswer(_Answer):
    """The orders that ended in one state."""

    state: str
    number: int
    took: DurationsAnswer = Field(description="From an order's first event to its end")


class ElementAnswer(_Answer):
    """One element, in the orders that ended."""

    id: str
    visits: int
    orders: int = Field(description="That visited it, however often")
    share: float = Field(description="Of all that ended, 0 to 1")
    per_order: float = Field(description="Visits for each order that ended")
    took: DurationsAnswer = Field(description="Each visit")


class FlowAnswer(_Answer):
    """How often one element directly followed another, in the orders that ended."""

    source: str
    target: str
    number: int


class PointAnswer(_Answer):
    """An hour, a day or a week."""

    start: datetime
    started: int
    ended: int
    took: DurationsAnswer = Field(description="The orders that ended in it")

    @classmethod
    def of(cls, bucket: statistics.Bucket) -> Self:
        """Of a point of the charts."""
        took = DurationsAnswer.model_validate(bucket.took)
        return cls(start=_time(bucket.start), started=bucket.started, ended=bucket.ended, took=took)


class StatisticsAnswer(_Answer):
    """What happened to a process's orders."""

    selection: SelectionAnswer
    started: int
    ended: int
    took: DurationsAnswer = Field(description="From an order's first event to its end")
    endings: Sequence[EndingAnswer]
    elements: Sequence[ElementAnswer]
    flows: Sequence[FlowAnswer]
    point_seconds: int = Field(description="That each of `points` covers")
    points: Sequence[PointAnswer] = Field(description="In the order of time")

    @classmethod
    def of(cls, selected: Selection, figures: statistics.Statistics) -> Self:
        """Of the figures of a selection."""
        return cls(
            selection=SelectionAnswer.of(selected),
            started=figures.started,
            ended=figures.ended,
            took=DurationsAnswer.model_validate(figures.took),
            endings=[EndingAnswer.model_validate(each) for each in figures.endings],
            elements=[ElementAnswer.model_validate(each) for each in figures.elements.values()],
            flows=[FlowAnswer.model_validate(each) for each in figures.flows],
            point_seconds=figures.period.bucket,
            points=[PointAnswer.of(each) for each in figures.buckets],
        )


class DeviationAnswer(_Answer):
    """One way in which orders did not follow their model."""

    kind: str = Field(description="early, duplicate, unmatched, refused, repeated, skipped, terminated")
    what: str = Field(description="The event, or the id of the element")
    words: str
    orders: int
    share: float = Field(description="Of all that ended, 0 to 1")


class ConformanceAnswer(_Answer):
    """Whether the orders that ended followed their model."""

    selection: SelectionAnswer
    ended: int
    followed: int
    share_followed: float | None = Field(description="0 to 1; null if none ended")
    deviations: Sequence[DeviationAnswer] = Field(
        description="The commonest first; an order may have several"
    )


class ChangeAnswer(_Answer):
    """One figure of both selections; null where there is none."""

    before: float | None
    after: float | None
    relative: float | None = Field(description="0.5: half as much again; null if that means nothing")


class ElementChangeAnswer(_Answer):
    """One element's figures of both selections."""

    id: str
    share: ChangeAnswer
    per_order: ChangeAnswer
    p50: ChangeAnswer
    p95: ChangeAnswer


class FlowChangeAnswer(_Answer):
    """How often one element directly followed another, for each order that ended."""

    source: str
    target: str
    per_order: ChangeAnswer


class NamedChangeAnswer(_Answer):
    """The share of the orders that ended in this state, or deviated in this way."""

    name: str
    share: ChangeAnswer


class ComparisonAnswer(_Answer):
    """What differs between two selections."""

    selection: SelectionAnswer
    other: SelectionAnswer
    started: ChangeAnswer
    ended: ChangeAnswer
    started_per_day: ChangeAnswer = Field(description="By the time of the period that is over")
    ended_per_day: ChangeAnswer = Field(description="Likewise")
    p50: ChangeAnswer
    p95: ChangeAnswer
    followed: ChangeAnswer = Field(description="Share of the orders that ended")
    endings: Sequence[NamedChangeAnswer]
    deviations: Sequence[NamedChangeAnswer]
    elements: Sequence[ElementChangeAnswer]
    flows: Sequence[FlowChangeAnswer]

    @classmethod
    def of(cls, selected: Selection, other: Selection, differences: comparison.Comparison) -> Self:
        """Of what differs."""
        figures = ("started", "ended", "started_per_day", "ended_per_day", "p50", "p95", "followed")
        named = ("endings", "deviations")
        return cls(
            selection=SelectionAnswer.of(selected),
            other=SelectionAnswer.of(other),
            **{name: ChangeAnswer.model_validate(getattr(differences, name)) for name in figures},
            **{
                name: [NamedChangeAnswer.model_validate(each) for each in getattr(differences, name)]
                for name in named
            },
            elements=[ElementChangeAnswer.model_validate(each) for each in differences.elements.values()],
            flows=[FlowChangeAnswer.model_validate(each) for each in differences.flows],
        )


def _one(
    board: TheBoard, process: Annotated[str, Path(max_length=SHORT, description="Id of the BPMN process")]
) -> KnownProcess:
    return processes.known_process(board, process)


One = Annotated[KnownProcess, Depends(_one)]


@router.get("", summary="Which processes there are")
def known(board: TheBoard, _: Reader) -> list[KnownProcessAnswer]:
    """Those that are modelled and those that have orders, the busiest first."""
    return [KnownProcessAnswer.model_validate(each) for each in processes.known_processes(board)]


@router.get("/{process}/statistics", summary="What happened to a process's orders in a period")
def figures(board: TheBoard, _: Reader, process: One, selected: Selected) -> StatisticsAnswer:
    """Frequencies and durations, and how they ran."""
    return StatisticsAnswer.of(selected, processes.figures(board, process.id, selected))


@router.get("/{process}/conformance", summary="Whether a process's orders followed the model")
def conformance(board: TheBoard, _: Reader, process: One, selected: Selected) -> ConformanceAnswer:
    """Of the orders that ended in the period, and how the others deviated."""
    found = processes.figures(board, process.id, selected)
    version = process.newest if selected.version is None else selected.version
    elements = Elements(processes.model_of(board, process.id, version))
    return ConformanceAnswer(
        selection=SelectionAnswer.of(selected),
        ended=found.ended,
        followed=found.followed,
        share_followed=found.share_followed,
        deviations=[_deviation(each, elements) for each in found.deviations],
    )


@router.get("/{process}/comparison", summary="What differs between two periods or versions")
def compared(board: TheBoard, _: Reader, process: One, selected: Selected, other: Other) -> ComparisonAnswer:
    """Against another period or version; if none is given, against the period of the same length before."""
    against = other or selected.before()
    differences = processes.compared(board, process.id, selected, against, time.time())
    return ComparisonAnswer.of(selected, against, differences)


def _deviation(deviation: statistics.Deviation, elements: process_words.Elements) -> DeviationAnswer:
    kind, _, what = deviation.name.partition(":")
    words = elements.deviation(deviation.name)
    return DeviationAnswer(kind=kind, what=what, words=words, orders=deviation.orders, share=deviation.share)


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
