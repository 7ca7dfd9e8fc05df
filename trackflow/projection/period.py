"""A period of whole hours or days, in which the past is counted. Days begin at midnight UTC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self

from trackflow.errors import FilterError
from trackflow.projection.tables import DAY, HOUR

WEEK = 7 * DAY
DAYS_FROM = 3 * DAY  # so long a period is read by days: few rows, whatever its length
LONGEST = 366 * DAY
_FIRST_YEAR, _LAST_YEAR = 1970, 2100
_SHOWN = 40  # characters of a wrong value
MOST_BUCKETS = 72  # that a chart can show: the hours of three days

# What is over now is counted with what still runs. An hour that has just begun would show nothing, so the
# shortest has the one before it, too.
PRESETS: Mapping[str, int] = {"1h": 2 * HOUR, "24h": DAY, "7d": WEEK, "30d": 30 * DAY}


@dataclass(frozen=True, slots=True)
class Period:
    """From a moment to another, which it does not hold; epoch seconds.

    Attributes:
        start: of its first hour or day.
        end: of its last one.
        size: of the rows that count it: HOUR or DAY.
    """

    start: int
    end: int
    size: int

    @classmethod
    def preset(cls, name: str, now: float) -> Self:
        """One of PRESETS: so long, up to the end of the hour or day that runs now. Raises FilterError."""
        if name not in PRESETS:
            raise FilterError(f"period {name[:_SHOWN]!r}: should be one of {', '.join(PRESETS)}")
        length = PRESETS[name]
        size = _size(length)
        end = _up(now, size)
        return cls(end - length, end, size)

    @classmethod
    def between(cls, first: float, last: float) -> Self:
        """What holds both moments: widened to whole hours or days. Raises FilterError."""
        wrong = f"from {_text(first)} to {_text(last)}"
        if last <= first:
            raise FilterError(f"{wrong}: should end after it begins")
        if last - first > LONGEST:
            raise FilterError(f"{wrong}: should be at most {LONGEST // DAY} days long")
        size = _size(last - first)
        return cls(_down(first, size), _up(last, size), size)

    @property
    def moments(self) -> tuple[str, str]:
        """Its begin and end as `moment` reads them; of whole days, days: the last one is within it."""
        if self.start % DAY or self.end % DAY:
            return _text(self.start), _text(self.end)
        return _text(self.start)[:10], _text(self.end - DAY)[:10]

    @property
    def seconds(self) -> int:
        """Its length."""
        return self.end - self.start

    @property
    def bucket(self) -> int:
        """Seconds that each point of a chart over it covers."""
        return next(
            (each for each in (HOUR, DAY) if each >= self.size and self.seconds <= MOST_BUCKETS * each), WEEK
        )

    def buckets(self) -> Iterator[int]:
        """The starts of a chart's points."""
        return iter(range(self.start, self.end, self.bucket))

    def before(self) -> Period:
        """The period of the same length that ends where it begins."""
        return Period(self.start - self.seconds, self.start, self.size)

    def elapsed(self, now: float) -> float:
        """Seconds of it that are over."""
        return min(max(now - self.start, 0.0), float(self.seconds))


def moment(text: str, *, ends: bool = False) -> datetime:
    """A moment as a URL has it: `2026-01-31T12:00`, UTC unless it says otherwise. Raises FilterError.

    A day alone (`2026-01-31`) is its beginning, or as the end of a period its end.
    """
    try:
        at = _day(text, ends) if _is_day(text) else _time(text)
    except (ValueError, OverflowError):
        raise FilterError(f"time {text[:_SHOWN]!r}: should be like 2026-01-31 or 2026-01-31T12:00") from None
    if not _FIRST_YEAR <= at.year < _LAST_YEAR:
        raise FilterError(f"time {text[:_SHOWN]!r}: should be between {_FIRST_YEAR} and {_LAST_YEAR}")
    return at


def _day(text: str, ends: bool) -> datetime:
    day = datetime.combine(date.fromisoformat(text), time(), UTC)
    return day + timedelta(days=1) if ends else day


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _text(epoch: float) -> str:
    return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%dT%H:%M}"


def _is_day(text: str) -> bool:
    return "T" not in text and " " not in text


def _size(seconds: float) -> int:
    return DAY if seconds >= DAYS_FROM else HOUR


def _down(epoch: float, size: int) -> int:
    return int(epoch // size) * size


def _up(epoch: float, size: int) -> int:
    return -int(-epoch // size) * size
