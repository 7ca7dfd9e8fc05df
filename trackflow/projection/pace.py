"""How long the projector rests: trackers come first."""

from __future__ import annotations

REST = 9.0  # times as long as it worked, while trackers are at work: it takes a tenth of the time
IDLE = 0.25  # seconds between two looks at a ledger in which nothing has changed
ABSENT = 2.0  # seconds before another try while the ledger is away, or another board projects
_LONGEST = 10.0  # a slow answer of the engine is no work


def rest(worked: float, *, busy: bool, more: bool) -> float:
    """Seconds to rest after a step of so many seconds.

    `busy`: trackers are at work. `more`: there is more to do.
    """
    if busy:
        return min(max(IDLE if not more else 0.0, REST * worked), _LONGEST)
    return 0.0 if more else IDLE
