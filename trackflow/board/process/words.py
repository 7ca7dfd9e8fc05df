"""A process's figures as sentences, for people who have never heard of BPMN or percentiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from trackflow.board.process.selections import Selection
from trackflow.bpmn import Model
from trackflow.bpmn.model import Element
from trackflow.projection.comparison import Change
from trackflow.projection.conformance import Kind
from trackflow.projection.period import Period
from trackflow.projection.statistics import Durations, ElementFigures, Statistics
from trackflow.projection.tables import DAY, HOUR
from trackflow.words import counted, span

_POINTS = 0.5  # percent points; what differs by less is the same
_NEARLY = 1 - 1 / 120  # of a unit, from which on it would be rounded to a whole one: 59.5 s are a minute
AT_ONCE = 0.001  # seconds; what is shorter took no time: a start, a gateway, an end

_DEVIATIONS = {
    Kind.EARLY: "{event} came before it was awaited",
    Kind.DUPLICATE: "{event} came a second time",
    Kind.UNMATCHED: "{event} came after the order had ended",
    Kind.REFUSED: "{event} was refused by the engine",
    Kind.REPEATED: "{element} was done again",
    Kind.SKIPPED: "{element} was left out",
    Kind.TERMINATED: "The order was ended from outside at {element}",
}
_WAITS = ("receiveTask", "userTask", "eventBasedGateway", "intermediateCatchEvent")


@dataclass(frozen=True)
class Elements:
    """How a process's elements are called; an id where there is no name."""

    model: Model | None

    def element(self, identity: str) -> str:
        """Of an element."""
        element = self._element(identity)
        name = " ".join((element.name or "").split()) if element else ""
        return name or identity

    def is_waiting(self, identity: str) -> bool:
        """Whether orders wait at this element for something to happen."""
        element = self._element(identity)
        return element is not None and element.type in _WAITS

    def _element(self, identity: str) -> Element | None:
        return self.model.elements.get(identity) if self.model else None

    def place(self, identity: str) -> int:
        """Where it stands in the model's file; an element that the model has not is the last."""
        return self._places.get(identity, len(self._places))

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {identity: place for place, identity in enumerate(self.model.elements if self.model else ())}

    def deviation(self, name: str) -> str:
        """What "kind:event or element" means."""
        kind, _, what = name.partition(":")
        if kind not in _DEVIATIONS:
            return name
        return _DEVIATIONS[Kind(kind)].format(event=what, element=f"‘{self.element(what)}’")


def percent(share: float | None) -> str:
    """`12 %`, `1.2 %`; never 0 % or 100 % of what is some or not all."""
    if share is None:
        return "–"
    if 0 < share < 0.001:
        return "under 0.1 %"
    if 0.999 < share < 1:
        return "99.9 %"
    digits = 1 if 0 < share < 0.1 or 0.9 < share < 1 else 0
    return f"{share * 100:.{digits}f}".removesuffix(".0") + " %"


def duration(seconds: float | None) -> str:
    """`2 min`; finer than `span` where two are compared: `3.1 min`."""
    if seconds is None:
        return "–"
    if seconds < AT_ONCE:
        return "at once"
    for size, unit in ((DAY, "d"), (HOUR, "h"), (60, "min")):
        if seconds >= size * _NEARLY:
            value = seconds / size
            return f"{value:.0f} {unit}" if value >= 9.95 else f"{value:.1f} {unit}".replace(".0 ", " ")
    return span(seconds)


def took(durations: Durations, verb: str) -> str:
    """`Half of the orders took less than 2 min, 95 % less than 9 min.`"""
    if durations.p50 is None or durations.p95 is None:
        return ""
    if durations.p95 < AT_ONCE:
        return "Orders pass at once."
    if duration(durations.p50) == duration(durations.p95):
        return f"Nearly all of the orders {verb} about {duration(durations.p50)}."
    if durations.p50 < AT_ONCE:
        return f"Half of the orders passed at once, 95 % {verb} less than {duration(durations.p95)}."
    half, nearly_all = duration(durations.p50), duration(durations.p95)
    return f"Half of the orders {verb} less than {half}, 95 % less than {nearly_all}."


def element_took(element: ElementFigures, elements: Elements) -> str:
    """The same of one element."""
    return took(element.took, "waited here" if elements.is_waiting(element.id) else "were here")


def difference(change: Change, more: str, less: str) -> str:
    """`74 % slower`; empty if nothing can be said."""
    if change.before is None or change.after is None:
        return "" if change.before == change.after else "only now" if change.before is None else "only before"
    if change.relative is None:
        return "the same" if change.before == change.after else more
    if change.is_noise:
        return "about the same"
    return f"{abs(change.relative) * 100:,.0f} % {more if change.relative > 0 else less}"


def share_difference(change: Change, more: str = "more", less: str = "less") -> str:
    """Of two shares of 0 to 1: `2.3 points less`; empty if nothing can be said."""
    if change.before is None or change.after is None:
        return ""
    points = round((change.after - change.before) * 100, 1)
    if abs(points) < _POINTS:
        return "about the same"
    return f"{abs(points):g} points {more if points > 0 else less}"


def endings(figures: Statistics) -> str | None:
    """`112 terminated`: how many ended otherwise than most; None if none did."""
    others = figures.endings[1:]
    return ", ".join(f"{each.number:,} {each.state}" for each in others) or None


def sides(before: Selection, after: Selection) -> tuple[str, str]:
    """How two selections are called in a sentence: `before`, `now`, or `in version 1`, `in version 2`."""
    if before.period == after.period and None not in (before.version, after.version):
        return f"in version {before.version}", f"in version {after.version}"
    return ("before", "now") if before.period.start <= after.period.start else ("later", "earlier")


def period_words(period: Period, now: float | None = None) -> str:
    """`17 – 23 Nov 2026`, `24 Nov 2026, 14:00 – 16:00`; while it runs `17 Nov 2026 until now`. UTC."""
    first, last = datetime.fromtimestamp(period.start, UTC), datetime.fromtimestamp(period.end, UTC)
    whole_days = period.start % DAY == 0 and period.end % DAY == 0
    if now is not None and period.start <= now < period.end:
        return f"{_day(first)} {first.year}{'' if whole_days else f', {first:%H:%M}'} until now"
    if whole_days:
        return _days(first, datetime.fromtimestamp(period.end - 1, UTC))
    if first.date() == last.date():
        return f"{_day(first)} {first.year}, {first:%H:%M} – {last:%H:%M}"
    return f"{_day(first)}, {first:%H:%M} – {_day(last)} {last.year}, {last:%H:%M}"


def length_words(period: Period) -> str:
    """`7 days`, `24 hours`, `hour`: as it stands between `the` and `before`."""
    if period.size == DAY:
        return counted(period.seconds // DAY, "day")
    return counted(period.seconds // HOUR, "hour").removeprefix("1 ")


def _days(first: datetime, last: datetime) -> str:
    if first.date() == last.date():
        return f"{_day(first)} {first.year}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} – {_day(last)} {last.year}"
    year = "" if first.year == last.year else f" {first.year}"
    return f"{_day(first)}{year} – {_day(last)} {last.year}"


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b}"
