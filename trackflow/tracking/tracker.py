"""The tracker: writes every event into the ledger, and tells the engine each of them once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

from trackflow.engines.port import Engine, RemoteEngine, TransactionalEngine
from trackflow.message import Message
from trackflow.tracking.cases import Cases, Clock
from trackflow.tracking.lease import Timing
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.remote import RemoteTeller
from trackflow.tracking.retried import Retried
from trackflow.tracking.sweeper import Sweeper
from trackflow.tracking.transactional import TransactionalTeller


class Teller(Protocol):
    """Records events and tells them to one family of engines."""

    def handle(self, message: Message) -> str:
        """Record a delivery and tell what can be told."""

    def sweep(self) -> bool:
        """Work one overdue case, if there is one."""

    def retry(self, business_key: str, event_ids: Sequence[str]) -> Retried:
        """Reopen events of one case, and tell them if nobody else does."""


class Tracker:
    """For any thread. Several trackers, in several processes and on several hosts, may share a ledger."""

    def __init__(self, teller: Teller, timing: Timing, sweepers: int, stopping: threading.Event) -> None:
        self._teller = teller
        self._stopping = stopping
        self._sweeper = Sweeper(teller.sweep, timing.sweep, sweepers, stopping)

    def handle(self, message: Message) -> str:
        """Record a delivery, tell the engine what can be told of its case, and say what became of the event.

        One of "received" (another tracker tells it, or it is told later), "waiting", "correlated",
        "duplicate", "unmatched", "refused".

        Raises:
            MessageError: the ledger has another event under its id, and keeps that.
            LedgerError: the delivery must come again, which is harmless whatever was done.
        """
        return str(self._teller.handle(message))

    def sweep(self) -> bool:
        """Work the most overdue case; False if there is none, or it is not the time. Raises LedgerError."""
        return self._teller.sweep()

    def retry(self, business_key: str, event_ids: Sequence[str]) -> Retried:
        """Tell the engine again which events of one order it had refused, or what waits. Raises LedgerError.

        What took effect, was a second start, or came after the end of its order stays as it is.
        """
        return self._teller.retry(business_key, event_ids)

    def start_sweeping(self, most: int | None = None) -> None:
        """Look after overdue cases in threads of their own, until `stop`: at most so many, if it is said."""
        self._sweeper.start(most)

    def stop(self, wait: float = 0.0) -> None:
        """Tell no further event: whoever holds a case gives it back after the event that is being told now.

        From then on deliveries are only recorded (an engine in the ledger's database is still told). It may
        be called in a signal handler, in the middle of `handle`: so by default it does not wait.

        Args:
            wait: up to so many seconds for each sweeper to finish.
        """
        self._stopping.set()
        if wait:
            self._sweeper.join(wait)


def open_tracker(
    ledger: Ledger,
    engine: Engine,
    tenant: str,
    starts: frozenset[str],
    timing: Timing | None = None,
    clock: Clock | None = None,
) -> Tracker:
    """A tenant's tracker, for the engine's family.

    `starts`: the names of the events that a process starts with. `clock`: instead of the ledger's.

    Raises ValueError if the timing would let two trackers tell one event.
    """
    cases, timing, stopping = Cases(ledger, tenant, clock), timing or Timing(), threading.Event()
    if isinstance(engine, RemoteEngine):
        remote = RemoteTeller(cases, engine, starts, stopping, timing)
        return Tracker(remote, timing, timing.sweepers, stopping)
    if isinstance(engine, TransactionalEngine):
        # One sweeper is enough: it waits for nobody.
        return Tracker(TransactionalTeller(cases, engine, starts, timing), timing, 1, stopping)
    raise TypeError(f"{type(engine).__name__} is neither a remote nor a transactional engine")
