"""When a timer fires: ISO 8601 durations, dates and repeating intervals, as the engine family reads them.

    duration   PT10M, P1DT12H, P2W, P1M          so long after the wait began
    date       2027-01-31T09:00:00+01:00          then; without a zone in UTC; a duration is allowed, too
    cycle      R3/PT10M, R/PT1H                   three times, or for ever, counted from when the wait began
               R3/2027-01-31T09:00:00Z/PT10M      counted from then
               R3/PT10M/2027-01-31T09:00:00Z      so that the last is then

Sources: BPMN 10.5.5 (timer event definition), Operaton's `DurationHelper`, `DueDateBusinessCalendar` and
`CycleBusinessCalendar`. Cron expressions, which the family takes for a cycle too, are not read.
Times are epoch seconds.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from trackflow.durations import Period, period_of

_REPEATS = re.compile(r"R([0-9]{0,9})", re.ASCII)
_MILLISECOND = 0.001
_SHORTEST_MONTH, _MONTH = 28 * 86_400, 30 * 86_400
# What `datetime` can say: the years 1 to 9999.
_EARLIEST, _LATEST = -62_135_596_800, 253_402_300_799


@dataclass(frozen=True, slots=True)
class Cycle:
    """A repeating interval.

    Attributes:
        times: how often it fires at most; None: for ever.
        period: between two of them.
        start: when counting begins; None: when the wait does.
        end: when the last one is; None: as `times` says.
    """

    times: int | None
    period: Period
    start: float | None = None
    end: float | None = None

    @property
    def is_at_once(self) -> bool:
        """Whether its period is none: the engines count milliseconds."""
        return self.period.is_fixed and self.period.seconds < _MILLISECOND

    def first(self, now: float) -> float:
        """When it fires first, if the wait begins now. Raises ValueError: never."""
        if self.end is None and (self.times == 0 or self.is_at_once):
            # At once, and once (`DurationHelper.getDateAfterRepeat`).
            return now if self.start is None else max(now, self.start)
        found = self.next(now, now)
        if found is None:
            raise ValueError("never fires")
        return found

    def next(self, begun: float, now: float) -> float | None:
        """When it fires next after `now`, if the wait began at `begun`; None: no more.

        What was missed is not made up for: the engine family counts from the start, whoever fired
        (`DurationHelper.getDateAfterRepeat`). Raises OverflowError beyond the year 9999.
        """
        if self.is_at_once:
            return None
        if self.end is not None:
            return self._before(self.end, now)
        start = begun if self.start is None else self.start
        if self.start is not None and self.start > now:
            return self.start
        return self._after(start, now)

    def _after(self, start: float, now: float) -> float | None:
        """The first that is later than `now`, of those that follow the start."""
        if self.period.is_fixed:
            count = max(1, math.floor((now - start) / self.period.seconds) + 1)
            due = start + count * self.period.seconds
            return _sayable(due) if self.times is None or count <= self.times else None
        most = math.ceil(max(0.0, now - start) / _SHORTEST_MONTH) + 1
        due = start
        for _ in range(most if self.times is None else min(most, self.times)):
            due = _later(due, self.period)
            if due > now:
                return due
        return None

    def _before(self, end: float, now: float) -> float | None:
        """The first that is later than `now`, counted back from the end; a month counts as 30 days there."""
        length = self.period.seconds + _MONTH * (self.period.months + 12 * self.period.years)
        back = max(0, math.ceil((end - now) / length) - 1)
        due = end - (back if self.times is None else min(back, self.times)) * length
        return due if due > now else None


def duration(text: str, now: float) -> float:
    """When a duration that begins now is over; of a repeating interval, the first time.

    Raises ValueError or OverflowError.
    """
    if text.startswith("R"):
        return cycle(text).first(now)
    return _later(now, period_of(text))


def date(text: str, now: float) -> float:
    """The time that a date says. Raises ValueError or OverflowError."""
    text = text.strip()
    return duration(text, now) if text.startswith("P") else _moment(text)


def cycle(text: str) -> Cycle:
    """The repeating interval that a text says. Raises ValueError."""
    first, *rest = text.strip().split("/")
    repeats = _REPEATS.fullmatch(first)
    if not repeats or not 1 <= len(rest) <= 2:
        raise ValueError("should be a repeating interval like R3/PT10M")
    times = int(repeats[1]) if repeats[1] else None
    if len(rest) == 1:
        return Cycle(times, period_of(rest[0]))
    if rest[0].startswith("P"):
        return Cycle(times, period_of(rest[0]), end=_moment(rest[1]))
    return Cycle(times, period_of(rest[1]), start=_moment(rest[0]))


def _later(start: float, period: Period) -> float:
    if period.is_fixed:
        return _sayable(start + period.seconds)
    return period.after(datetime.fromtimestamp(start, UTC)).timestamp()


def _moment(text: str) -> float:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as exc:
        raise ValueError("should be a date like 2027-01-31T09:00:00Z") from exc
    return _sayable((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())


def _sayable(moment: float) -> float:
    """A moment that can be shown to people. Raises OverflowError: it cannot."""
    if not _EARLIEST <= moment <= _LATEST:
        raise OverflowError("beyond the year 9999" if moment > 0 else "before the year 1")
    return moment
