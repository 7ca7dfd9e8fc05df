"""A test's own time: it stands still until the test says that it passes, and engine and tracker go by it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from trackflow.durations import period_of
from trackflow.errors import TrackflowError

if TYPE_CHECKING:
    from trackflow.testing.bench import Bench

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
# Seconds between two looks at the clock. What came later is then seen to have come later, and a thousand
# events make no second.
TICK = 0.001
MOST_TIMERS = 10_000  # times of firing in one `passes`: a cycle of seconds in a test of months is a mistake


class Clock:
    """Seconds since 1970. It never shows the same time twice."""

    def __init__(self) -> None:
        self.now = BEGIN.timestamp()

    def __call__(self) -> float:
        """Look at the clock."""
        self.now += TICK
        return self.now


class Time:
    """The fixture `time`: every test begins at midnight, 1 January 2026, UTC.

    Whatever is due while time passes happens at its own time, in the order of the due times.
    """

    def __init__(self, clock: Clock, bench: Callable[[], Bench]) -> None:
        """`bench` opens it: only time that passes needs one."""
        self._clock = clock
        self._bench = bench

    @property
    def now(self) -> datetime:
        """What the clock shows, UTC."""
        return datetime.fromtimestamp(self._clock.now, UTC)

    def passes(self, duration: str) -> None:
        """Let so much time pass: `PT2H`, `P1DT12H`, `P1M` (ISO 8601). Raises ValueError: it is none."""
        try:
            until = period_of(duration).after(self.now)
        except ValueError as exc:
            raise ValueError(f"time.passes({duration!r}): {exc}") from None
        self._pass(until)

    def reaches(self, moment: str | datetime) -> None:
        """Let time pass until then: `2026-12-24T18:00:00Z` (ISO 8601; without a zone UTC).

        Raises ValueError: it is no time, or has passed.
        """
        try:
            until = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        except ValueError:
            raise ValueError(
                f"time.reaches({moment!r}): should be a time like 2026-12-24T18:00:00Z"
            ) from None
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        if until < self.now:
            raise ValueError(f"time.reaches({moment!r}): it is {self.now:%Y-%m-%d %H:%M:%S} UTC already")
        self._pass(until)

    def _pass(self, until: datetime) -> None:
        end, bench = until.timestamp(), self._bench()
        bench.work_what_is_due()
        for _ in range(MOST_TIMERS):
            due = bench.next_timer(self._clock.now)
            if due is None or due > end:
                break
            self._clock.now = due
            bench.work_what_is_due()
        else:
            raise TrackflowError(f"it is {self.now:%Y-%m-%d %H:%M:%S} UTC, {MOST_TIMERS:,} timers have fired")
        self._clock.now = max(self._clock.now, end)
        bench.work_what_is_due()
