"""Waiting until nothing is left to do, and helping as an operator would: by replaying dead letters."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException

from sqlalchemy import NullPool, create_engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from tests.chaos.checkout import AWAY, connected
from tests.chaos.dead_letters import INNOCENT, DeadLetter, dead_letters
from tests.chaos.system import System
from tests.chaos.watch import RETRY, WORK, completed, ready
from trackflow.tracking.tables import OPEN, cases, events

_STILL = 300.0  # seconds without any change, until it is given up: the ladder's longest step takes 150
_LOOK = 2.0
_TICK = 6.0  # RabbitMQ counts the messages of a quorum queue every 5 seconds
_REPLAYS = 10  # rounds


@dataclass(frozen=True)
class Left:
    """What is left to do."""

    orders: int  # not completed on the engine
    open_events: int
    claimed_cases: int
    messages: int  # ready in work and retry queues

    @property
    def nothing(self) -> bool:
        return self == Left(0, 0, 0, 0)

    def __str__(self) -> str:
        return (
            f"left: {self.orders} orders, {self.open_events} open events, "
            f"{self.claimed_cases} claimed cases, {self.messages} messages"
        )


class Aftermath:
    """After the faults. `replayed` counts dead letters by reason; `letters` are those that are left."""

    def __init__(self, system: System, orders: int, say: Callable[[str], None]) -> None:
        self._system = system
        self._orders = orders
        self._say = say
        self.replayed: Counter[str] = Counter()
        self.letters: list[DeadLetter] = []

    def settle(self) -> None:
        """Wait, replay what died innocently, wait again, until nothing is left to do or nothing changes."""
        for _ in range(_REPLAYS):
            self._wait()
            self.letters = self._dead_letters()
            reasons = Counter(letter.reason for letter in self.letters)
            if not reasons or set(reasons) - set(INNOCENT):
                return
            self._say(f"replaying {dict(reasons)}")
            self._system.track("dead", "replay", "--all")
            self.replayed += reasons

    def _wait(self) -> None:
        last, changed_at = None, time.monotonic()
        while time.monotonic() - changed_at < _STILL:
            try:
                left = self._left()
            except (*AWAY, HTTPException, SQLAlchemyError) as exc:  # a busy machine answers when it can
                self._say(f"cannot look: {exc}")
                time.sleep(_LOOK)
                continue
            if left != last:
                last, changed_at = left, time.monotonic()
                self._say(str(left))
            elif left.nothing and time.monotonic() - changed_at > _TICK and not self._unacked():
                return
            time.sleep(_LOOK)

    def _left(self) -> Left:
        with contextlib.closing(connected(self._system.broker.url)) as connection:
            messages = sum(ready(connection, (*WORK, *RETRY)).values())
        ledger = create_engine(self._system.ledger.url, poolclass=NullPool)
        with ledger.connect() as reading:
            open_events = reading.scalar(select(func.count()).where(events.c.outcome.in_(OPEN)))
            claimed = reading.scalar(select(func.count()).where(cases.c.token.is_not(None)))
        done = completed(self._system.engine.url)
        return Left(max(0, self._orders - done), open_events or 0, claimed or 0, messages)

    def _unacked(self) -> int:
        """What workers hold: AMQP has no question for it."""
        counts = self._system.ctl("list_queues", "--no-table-headers", "messages_unacknowledged")
        return sum(int(count) for count in counts.split())

    def _dead_letters(self) -> list[DeadLetter]:
        with contextlib.closing(connected(self._system.broker.url)) as connection:
            return dead_letters(connection)
