"""What happened to a process's orders in a period: figures over the rows of `measures`.

One query reads the rows; everything after that is arithmetic. Durations are seconds, and right to 5 %.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, select

from trackflow.projection.histogram import Histogram
from trackflow.projection.period import Period
from trackflow.projection.tables import Measure, measures

_FIELDS = ("start", "version", "kind", "name", "number", "histogram")


class Row(NamedTuple):
    """A row of `measures`, of the process and size that were asked for."""

    start: int
    version: int
    kind: str
    name: str
    number: int
    histogram: str | None


@dataclass(frozen=True, slots=True)
class Durations:
    """How long something took, seconds; None if it never happened."""

    p50: float | None  # half took at most so long
    p95: float | None

    @classmethod
    def of(cls, histogram: Histogram) -> Durations:
        """The two that people are shown."""
        return cls(histogram.quantile(0.5), histogram.quantile(0.95))


@dataclass(frozen=True, slots=True)
class ElementFigures:
    """One element, in the orders that ended."""

    id: str
    visits: int
    orders: int  # that visited it, however often
    share: float  # of all that ended, 0 to 1
    per_order: float  # visits: more than `share` where orders come again
    took: Durations  # each visit


@dataclass(frozen=True, slots=True)
class FlowFigures:
    """How often one element directly followed another, in the orders that ended."""

    source: str
    target: str
    number: int


@dataclass(frozen=True, slots=True)
class Ending:
    """The orders that ended in one state, and the time from their first event to it."""

    state: str
    number: int
    took: Durations


@dataclass(frozen=True, slots=True)
class Deviation:
    """One way in which orders did not follow their model."""

    name: str  # "kind:event or element", see `conformance`
    orders: int
    share: float  # of all that ended, 0 to 1


@dataclass(frozen=True, slots=True)
class Bucket:
    """A point of the charts."""

    start: int  # epoch seconds
    started: int
    ended: int
    took: Durations  # from an order's first event to its end


@dataclass(frozen=True, slots=True)
class Statistics:
    """Everything about a period. Sequences are in a useful order: the most first."""

    period: Period
    started: int
    ended: int
    took: Durations  # from an order's first event to its end
    endings: Sequence[Ending]
    elements: Mapping[str, ElementFigures]
    flows: Sequence[FlowFigures]
    followed: int  # of `ended`: orders that followed their model
    deviations: Sequence[Deviation]
    buckets: Sequence[Bucket]  # in the order of time

    @property
    def empty(self) -> bool:
        """Whether nothing happened."""
        return not (self.started or self.ended)

    @property
    def share_followed(self) -> float | None:
        """Of the orders that ended, 0 to 1; None if none did."""
        return self.followed / self.ended if self.ended else None


def read(
    transaction: Connection, tenant: str, process: str, period: Period, version: int | None = None
) -> list[Row]:
    """The rows of a period, of one version of the model or of all."""
    wanted = select(*(measures.c[field] for field in _FIELDS)).where(
        measures.c.tenant == tenant,
        measures.c.process == process,
        measures.c.size == period.size,
        measures.c.start >= period.start,
        measures.c.start < period.end,
    )
    if version is not None:
        wanted = wanted.where(measures.c.version == version)
    return [Row(*row) for row in transaction.execute(wanted)]


def statistics(rows: Iterable[Row], period: Period) -> Statistics:
    """The figures of a period's rows."""
    by_kind: defaultdict[str, _Sums] = defaultdict(_Sums)
    rows = list(rows)
    for row in rows:
        by_kind[row.kind].add(row.name, row)
    endings = by_kind[Measure.ENDED]
    ended = endings.numbers.total()
    return Statistics(
        period=period,
        started=by_kind[Measure.STARTED].numbers.total(),
        ended=ended,
        took=Durations.of(_merged(endings.histograms.values())),
        endings=[
            Ending(state, number, Durations.of(endings.histograms[state]))
            for state, number in _most_first(endings.numbers)
        ],
        elements=_elements(by_kind[Measure.ELEMENT], by_kind[Measure.VISITED].numbers, ended),
        flows=[
            FlowFigures(*_ends(name), number) for name, number in _most_first(by_kind[Measure.FLOW].numbers)
        ],
        followed=by_kind[Measure.FOLLOWED].numbers.total(),
        deviations=[
            Deviation(name, number, _share(number, ended))
            for name, number in _most_first(by_kind[Measure.DEVIATION].numbers)
        ],
        buckets=_buckets(rows, period),
    )


class _Sums:
    """Rows of one kind, added up by a key."""

    def __init__(self) -> None:
        self.numbers: Counter[str] = Counter()
        self.histograms: defaultdict[str, Histogram] = defaultdict(Histogram)

    def add(self, key: str, row: Row) -> None:
        self.numbers[key] += row.number
        if row.histogram:
            self.histograms[key].merge(Histogram.from_json(row.histogram))


def _elements(visits: _Sums, orders: Mapping[str, int], ended: int) -> dict[str, ElementFigures]:
    return {
        element: ElementFigures(
            id=element,
            visits=number,
            orders=orders[element],
            share=_share(orders[element], ended),
            per_order=number / ended if ended else 0.0,
            took=Durations.of(visits.histograms[element]),
        )
        for element, number in _most_first(visits.numbers)
    }


def _buckets(rows: Sequence[Row], period: Period) -> list[Bucket]:
    started: Counter[int] = Counter()
    ended: Counter[int] = Counter()
    took: defaultdict[int, Histogram] = defaultdict(Histogram)
    for row in rows:
        bucket = row.start - (row.start - period.start) % period.bucket
        if row.kind == Measure.STARTED:
            started[bucket] += row.number
        elif row.kind == Measure.ENDED:
            ended[bucket] += row.number
            took[bucket].merge(Histogram.from_json(row.histogram))
    return [
        Bucket(start, started[start], ended[start], Durations.of(took[start])) for start in period.buckets()
    ]


def _merged(histograms: Iterable[Histogram]) -> Histogram:
    merged = Histogram()
    for histogram in histograms:
        merged.merge(histogram)
    return merged


def _most_first(numbers: Mapping[str, int]) -> list[tuple[str, int]]:
    """Without what was counted once and taken back."""
    some = ((name, number) for name, number in numbers.items() if number > 0)
    return sorted(some, key=lambda each: (-each[1], each[0]))


def _ends(flow: str) -> tuple[str, str]:
    source, _, target = flow.partition(">")  # an id in XML has no `>`
    return source, target


def _share(part: int, whole: int) -> float:
    """An order with two instances has visited an element twice, and counts once among those that ended."""
    return min(1.0, part / whole) if whole else 0.0
