"""What became of events that the engine was told again at somebody's wish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from trackflow.tracking.tables import Outcome


class Standing(NamedTuple):
    """What the ledger says of one event."""

    outcome: Outcome
    reason: str | None


@dataclass(frozen=True, slots=True)
class Retried:
    """What became of the events of one order.

    Attributes:
        events: one for each event that was reopened; the others had come to an end meanwhile.
        is_held: a living tracker holds the order. It tells them, and until it does they stand as they stood.
        silence: why the engine gave no answer, if it gave none. A tracker tells them when it is back.
        timers: of each timer that could not fire and was tried again, why it still cannot; None: it fired.
    """

    events: tuple[Standing, ...]
    is_held: bool = False
    silence: str | None = None
    timers: tuple[str | None, ...] = ()
