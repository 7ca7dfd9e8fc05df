"""What is told to an engine, and what is seen of it: the shapes that every player of a case shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

# When every script begins. A whole number of days, so that dates are easy to read.
EPOCH = datetime(2030, 1, 1, tzinfo=UTC)

# Timers fired in one wait of one script: more is a loop.
FIRED_A_WAIT = 60
# Milliseconds: a timer is late by one, and what follows it by one more.
_MOMENTS = 200

# `{"event", "key", "variables", "tenant": "own"|"other"}`, or `{"wait": seconds}` with `"late": True` if
# nobody looks at the timers before the time is over.
Step = dict[str, Any]
# Of one instance: `awaits` (message@element), `timers` (their number), `due` (seconds@element), `active`
# (elements that hold no other), `passed` (elements left, in the order in which they were entered, with
# " canceled"), `ended`, `how`.
Seen = dict[str, Any]


# By business key, its instances, oldest first; an instance without a key is under "".
Sight = dict[str, list[Seen]]
# The next step, from what is seen after the one before; None at the end.
Script = Callable[[Sight], Step | None]


@dataclass(frozen=True)
class Case:
    """A model and a script. The tenant is this case's alone."""

    tenant: str
    xml: str
    script: Script


@dataclass
class Played:
    """What an engine did with a case.

    Attributes:
        refused: why it did not take the model.
        crashed: what was raised that never should be.
        steps: what it was told.
        answers: to each step: `outcome` (of a wait `waited` or `failed`), `words`, and `instances`, which
            is what is seen afterwards.
    """

    refused: str | None = None
    crashed: str | None = None
    steps: list[Step] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)


def fixed(steps: Iterable[Step]) -> Script:
    """A script that is known from its beginning."""
    left = iter(steps)
    return lambda seen: next(left, None)


class Time:
    """What time it is in a script, in milliseconds since EPOCH.

    A timer fires a moment after it is due, as it does in life: the engine takes a repeating timer that fires
    in its last millisecond for one that is not over yet (`DurationHelper.getDateAfterRepeat`). So a wait of
    a number of seconds reaches what is due that many seconds and a few moments later.
    """

    def __init__(self) -> None:
        self.now = 0
        self._end = 0
        self._late = False

    def tick(self) -> int:
        """An event comes: no two at the same moment, so that it is known which was first."""
        self.now += 1
        return self.now

    def begin(self, step: Step) -> None:
        """A wait begins."""
        self._end += round(1000 * step["wait"])
        self._late = bool(step.get("late"))
        if self._late:
            self.now = max(self.now, self._end)

    def reaches(self, due: int) -> bool:
        """Whether the wait is long enough for a timer."""
        return due <= self._end + _MOMENTS

    def firing(self, due: int) -> int:
        """When a timer fires that is due then."""
        return max(due, self.now) + 1

    def fire(self, due: int) -> int:
        """It fires now."""
        self.now = self.firing(due)
        return self.now

    def finish(self) -> None:
        """The wait is over."""
        self.now = max(self.now, self._end)

    def until(self, due: int) -> str:
        """How many seconds from the end of the last wait, as a short text: `5`, `0.5`."""
        return f"{round((due - self._end) / 1000, 1):g}"
