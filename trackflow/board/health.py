"""How the parts are that orders depend on. Threads look at them, so no page waits for any of them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from trackflow.urls import said

logger = logging.getLogger(__name__)

State = Literal["ok", "away", "behind", "none", "unknown"]
PARTS = ("broker", "engine", "ledger", "projection")

_EVERY = 3.0  # seconds between two looks at a part
_ENDING = 1.0  # seconds that a look may still take when the board ends; its thread is a daemon


@dataclass(frozen=True, slots=True)
class Part:
    """One part.

    Attributes:
        name: one of PARTS.
        state: "ok"; "away": it does not answer; "behind": the projection does not show the newest yet;
            "none": nothing to look at (a broker in another process's memory); "unknown": not looked at yet.
        words: one line for people, without passwords.
        since: when this state began, or was first seen (UTC).
    """

    name: str
    state: State
    words: str
    since: datetime


@dataclass(frozen=True, slots=True)
class QueueHealth:
    """One work queue.

    Attributes:
        name: with the tenant, as the broker knows it.
        task: the service that works on it.
        messages: events that wait in it.
        consumers: connections of workers that take events from it; None: not known (in memory).
        dead: letters in its dead-letter queue.
        problem: what is wrong in words; None if nothing is.
        since: when it was first seen like that (UTC).
    """

    name: str
    task: str
    messages: int
    consumers: int | None
    dead: int
    problem: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """How everything was at the last look. There are no queues while the broker is away."""

    broker: Part
    engine: Part
    ledger: Part
    projection: Part
    queues: tuple[QueueHealth, ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """All of them."""
        return self.broker, self.engine, self.ledger, self.projection

    @property
    def away(self) -> tuple[Part, ...]:
        """Those that do not answer."""
        return tuple(part for part in self.parts if part.state == "away")

    @property
    def troubled_queues(self) -> tuple[QueueHealth, ...]:
        """Queues about which somebody should do something."""
        return tuple(queue for queue in self.queues if queue.problem)

    @property
    def dead(self) -> int:
        """How many dead letters there are."""
        return sum(queue.dead for queue in self.queues)

    @property
    def is_ok(self) -> bool:
        """Whether nothing is known to be wrong."""
        return not self.away and not self.troubled_queues


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look saw. `queues` only of the broker; their `since` is put right by whoever keeps them."""

    state: State
    words: str
    queues: Sequence[QueueHealth] = ()


Look = Callable[[], Seen]  # any error that it raises means that the part is away


class Health:
    """Keeps the newest report, and says when it has changed. Any thread may ask."""

    def __init__(self, looks: Mapping[str, Look]) -> None:
        now = datetime.now(UTC)
        broker, engine, ledger, projection = (
            Part(name, "unknown", "not looked at yet", now) for name in PARTS
        )
        self._report = Report(broker, engine, ledger, projection)
        self._looks = looks
        self._changes = 0
        self._lock = threading.Lock()
        self._ends = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def report(self) -> Report:
        """The newest."""
        return self._report

    @property
    def changes(self) -> int:
        """How often a look saw something else than the one before."""
        return self._changes

    def start(self) -> None:
        """Begin to look: at each part in a thread of its own, because each may keep its own waiting."""
        for name in self._looks:
            thread = threading.Thread(target=self._watch, args=(name,), name=f"health-{name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._ends.set()
        for thread in self._threads:
            thread.join(_ENDING)

    def look(self, name: str) -> None:
        """Look at a part now."""
        try:
            seen = self._looks[name]()
        except Exception as exc:  # whatever it is: the part does not answer, and the board goes on
            logger.debug("%s", name, exc_info=True)
            seen = Seen("away", said(exc) or type(exc).__name__)
        self._note(name, seen)

    def _watch(self, name: str) -> None:
        while not self._ends.is_set():
            self.look(name)
            self._ends.wait(_EVERY)

    def _note(self, name: str, seen: Seen) -> None:
        now = datetime.now(UTC)
        with self._lock:
            before = self._report
            part: Part = getattr(before, name)
            since = part.since if part.state == seen.state else now
            changed: dict[str, object] = {name: Part(name, seen.state, seen.words, since)}
            if name == "broker":
                changed["queues"] = _with_since(seen.queues, before.queues, now)
            self._report = replace(before, **changed)  # type: ignore[arg-type]
            self._changes += self._report != before


def _with_since(
    queues: Sequence[QueueHealth], before: Sequence[QueueHealth], now: datetime
) -> tuple[QueueHealth, ...]:
    known = {queue.name: queue for queue in before}
    return tuple(
        replace(queue, since=known[queue.name].since)
        if queue.name in known and known[queue.name].problem == queue.problem
        else replace(queue, since=now)
        for queue in queues
    )
