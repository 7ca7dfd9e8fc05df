"""How long things last: the arithmetic that keeps two trackers from telling one event twice.

A tracker holds a case for one lease. Whatever it sent in that time has taken effect, or never will, when the
lease is over: a request lasts at most `request` seconds, and one that nobody waits for any more takes effect
within `quarantine`.

    claim ──── GET ──── last moment to send │ POST ──── │ quarantine ──── │ end of the lease
"""

from __future__ import annotations

import time
from dataclasses import dataclass

# Of this machine: it makes no steps, and runs on while the machine sleeps, where the system has such a clock.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def uptime() -> float:
    """Seconds on a clock that only goes forward."""
    return time.clock_gettime(_CLOCK)


@dataclass(frozen=True, slots=True)
class Timing:
    """The tracker's times, in seconds, and its other limits."""

    quarantine: float = 20.0  # a request that nobody waits for has no effect after it
    slack: float = 5.0  # for the ledger's transactions and the scheduler
    lease: float = 51.0  # one GET, one POST, quarantine, slack, with requests of at most 13 s
    retry: float = 2.0  # until a case is tried again when surely nothing happened
    recheck: float = 5.0  # until waiting events are told again; doubles while nothing changes,
    longest_recheck: float = 3600.0  # up to this: instances also move by timers and people
    breaker_pause: float = (
        5.0  # at most between two probes of a silent engine; 15 delayed recovery by as much
    )
    lost_answers: int = 3  # in a row, until the breaker opens
    failures: int = 20  # of the engine at one event, until it is refused
    sweep: float = 1.0  # between two looks for overdue cases
    sweepers: int = 16  # threads at most, as many as a worker has: after an outage they tell the backlog

    def check(self, request: float) -> None:
        """Raise ValueError if a lease is too short for requests that take up to so many seconds."""
        needed = 2 * request + self.quarantine + self.slack
        if self.lease < needed:
            raise ValueError(
                f"a lease of {self.lease:g} s is too short: two requests of {request:g} s, "
                f"quarantine and slack take {needed:g} s"
            )

    def last_moment(self, claimed_at: float, request: float) -> float:
        """After it no request that tells an event may start, under a claim made at `claimed_at`."""
        return claimed_at + self.lease - request - self.quarantine

    def pause(self, idle: int) -> float:
        """Until waiting events are told again, after so many looks that changed nothing."""
        return min(self.recheck * 2.0 ** min(idle, 30), self.longest_recheck)
