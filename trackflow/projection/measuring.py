"""What is counted of orders, for good: additions to `measures`."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from trackflow.bpmn import Model
from trackflow.engines.answers import Instance
from trackflow.message import SHORT
from trackflow.projection.conformance import ModelOf
from trackflow.projection.flows import flows_taken
from trackflow.projection.histogram import Histogram
from trackflow.projection.tables import DAY, HOUR, Measure

Row = dict[str, Any]  # of `standings`


class Key(NamedTuple):
    """A row of `measures`, but for the tenant."""

    process: str
    size: int
    start: int
    version: int
    kind: str
    name: str


class Measured:
    """Additions, added up: numbers may be negative, where something that was counted has changed."""

    def __init__(self) -> None:
        self._numbers = Counter[Key]()  # of hours
        self._durations = defaultdict[Key, Histogram](Histogram)

    def additions(self) -> Iterator[tuple[Key, int, Histogram | None]]:
        """What to add to each row: to its number, and to its histogram."""
        numbers, durations = Counter[Key](), defaultdict[Key, Histogram](Histogram)
        for hour, number in self._numbers.items():
            for key in (hour, hour._replace(size=DAY, start=hour.start // DAY * DAY)):
                numbers[key] += number
                if hour in self._durations:
                    durations[key].merge(self._durations[hour])
        for key, number in numbers.items():
            if number or key in durations:
                yield key, number, durations.get(key)

    def differ(self, before: Row | None, after: Row) -> None:
        """Count what follows from an order's standing alone: that it started, and how it deviated."""
        old, new = set(_of_standing(before)), set(_of_standing(after))
        for where, kind, name, at in old - new:
            self._add(where, kind, name, at, -1)
        for where, kind, name, at in new - old:
            self._add(where, kind, name, at)

    def end(self, after: Row, instances: Sequence[Instance], model_of: ModelOf) -> None:
        """Count an order that has ended: done once for each order."""
        at, where = after["ended_at"], (after["process"], after["version"])
        self._add(where, Measure.ENDED, after["state"], at, seconds=at - after["started_at"])
        for each in instances:
            model = model_of(each.process, each.version)
            self._add_path(each, model, at)

    def _add_path(self, instance: Instance, model: Model | None, at: float) -> None:
        where = (instance.process, instance.version)
        for step in instance.path:
            took = ((step.left or step.entered) - step.entered).total_seconds()
            self._add(where, Measure.ELEMENT, step.element, at, seconds=took)
        for element in {step.element for step in instance.path}:
            self._add(where, Measure.VISITED, element, at)
        if model is not None:
            for flow in flows_taken(instance.path, model):
                self._add(where, Measure.FLOW, f"{flow.source}>{flow.target}", at)

    def _add(
        self,
        where: tuple[str, int],
        kind: str,
        name: str,
        at: float,
        number: int = 1,
        seconds: float | None = None,
    ) -> None:
        process, version = where
        key = Key(process, HOUR, int(at // HOUR) * HOUR, version, kind, name[:SHORT])
        self._numbers[key] += number
        if seconds is not None:
            self._durations[key].add(seconds)


_Counted = tuple[tuple[str, int], str, str, float]


def _of_standing(row: Row | None) -> Iterator[_Counted]:
    if row is None:
        return
    where = (row["process"], row["version"])
    yield where, Measure.STARTED, "", row["started_at"]
    if not row["measured"] or row["ended_at"] is None:
        return
    if row["deviations"] is None:
        yield where, Measure.FOLLOWED, "", row["ended_at"]
    for deviation in json.loads(row["deviations"] or "[]"):
        yield where, Measure.DEVIATION, deviation, row["ended_at"]
