"""What differs between two selections of a process: two periods, or two versions of its model."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from trackflow.projection.statistics import Durations, ElementFigures, Statistics
from trackflow.projection.tables import DAY

T = TypeVar("T")

NOISE = 0.105  # durations are counted in buckets that grow by a tenth: neighbours may be the same


@dataclass(frozen=True, slots=True)
class Change:
    """One figure of both; None where there is none."""

    before: float | None
    after: float | None

    @property
    def relative(self) -> float | None:
        """How much more (0.5: half as much again) or less (-0.5: half of it); None if that means nothing."""
        if not self.before or self.after is None:
            return None
        return self.after / self.before - 1

    @property
    def strength(self) -> float:
        """From -1 (half or less) over 0 (the same) to 1 (double or more)."""
        if self.before is None or self.after is None or self.before == self.after:
            return 0.0
        if not self.before or not self.after:
            return -1.0 if self.before else 1.0
        return max(-1.0, min(1.0, math.log2(self.after / self.before)))

    @property
    def is_noise(self) -> bool:
        """Whether both may well be the same."""
        if self.before is None or self.after is None or self.relative is None:
            return self.before == self.after or None in (self.before, self.after)
        return abs(self.relative) < NOISE


@dataclass(frozen=True, slots=True)
class ElementChange:
    """One element; figures as in `ElementFigures`."""

    id: str
    share: Change
    per_order: Change
    p50: Change
    p95: Change


@dataclass(frozen=True, slots=True)
class FlowChange:
    """How often one element directly followed another, for each order that ended."""

    source: str
    target: str
    per_order: Change


@dataclass(frozen=True, slots=True)
class NamedChange:
    """The share of the orders that ended in this state, or that deviated in this way."""

    name: str
    share: Change


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every figure of both selections.

    Attributes:
        seconds: of each period that are over.
        started_per_day: orders, by the time of the period that is over: so a day that still runs is no loss.
        ended_per_day: likewise.
    """

    before: Statistics
    after: Statistics
    seconds: Change
    started: Change
    ended: Change
    started_per_day: Change
    ended_per_day: Change
    p50: Change
    p95: Change
    followed: Change  # share of the orders that ended
    endings: Sequence[NamedChange]
    deviations: Sequence[NamedChange]
    elements: Mapping[str, ElementChange]
    flows: Sequence[FlowChange]


def comparison(before: Statistics, after: Statistics, now: float) -> Comparison:
    """What differs; whatever only one of them has is in it, too."""
    return Comparison(
        before=before,
        after=after,
        seconds=Change(before.period.elapsed(now), after.period.elapsed(now)),
        started=Change(before.started, after.started),
        ended=Change(before.ended, after.ended),
        started_per_day=Change(_per_day(before, before.started, now), _per_day(after, after.started, now)),
        ended_per_day=Change(_per_day(before, before.ended, now), _per_day(after, after.ended, now)),
        p50=Change(before.took.p50, after.took.p50),
        p95=Change(before.took.p95, after.took.p95),
        followed=Change(before.share_followed, after.share_followed),
        endings=_named(before, _ending_shares(before), after, _ending_shares(after)),
        deviations=_named(before, _deviation_shares(before), after, _deviation_shares(after)),
        elements={
            element: _element(element, before, after) for element in _both(after.elements, before.elements)
        },
        flows=_flows(before, after),
    )


def _per_day(statistics: Statistics, number: int, now: float) -> float | None:
    elapsed = statistics.period.elapsed(now)
    return number * DAY / elapsed if elapsed else None


def _ending_shares(statistics: Statistics) -> dict[str, float]:
    return {each.state: each.number / statistics.ended for each in statistics.endings}


def _deviation_shares(statistics: Statistics) -> dict[str, float]:
    return {each.name: each.share for each in statistics.deviations}


def _named(
    before: Statistics,
    shares_before: Mapping[str, float],
    after: Statistics,
    shares_after: Mapping[str, float],
) -> list[NamedChange]:
    """A selection in which orders ended, but none so, has a share of 0 of it."""

    def share(of: Statistics, shares: Mapping[str, float], name: str) -> float | None:
        return shares.get(name, 0.0) if of.ended else None

    return [
        NamedChange(name, Change(share(before, shares_before, name), share(after, shares_after, name)))
        for name in _both(shares_after, shares_before)
    ]


def _element(identity: str, before: Statistics, after: Statistics) -> ElementChange:
    one, other = _visits(before, identity), _visits(after, identity)

    def change(of: Callable[[ElementFigures], float | None]) -> Change:
        return Change(of(one) if one else None, of(other) if other else None)

    return ElementChange(
        id=identity,
        share=change(lambda figures: figures.share),
        per_order=change(lambda figures: figures.per_order),
        p50=change(lambda figures: figures.took.p50),
        p95=change(lambda figures: figures.took.p95),
    )


def _visits(of: Statistics, element: str) -> ElementFigures | None:
    """None if no order ended: then nobody knows whether one would have come here."""
    if not of.ended:
        return None
    return of.elements.get(element) or ElementFigures(element, 0, 0, 0.0, 0.0, Durations(None, None))


def _flows(before: Statistics, after: Statistics) -> list[FlowChange]:
    old, new = ({(flow.source, flow.target): flow.number for flow in of.flows} for of in (before, after))

    def per_order(of: Statistics, number: int) -> float | None:
        return number / of.ended if of.ended else None

    return [
        FlowChange(*ends, Change(per_order(before, old.get(ends, 0)), per_order(after, new.get(ends, 0))))
        for ends in _both(new, old)
    ]


def _both(first: Iterable[T], second: Iterable[T]) -> list[T]:
    """What is in either, in the order of the first."""
    return list(dict.fromkeys((*first, *second)))
