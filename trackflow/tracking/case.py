"""One case, locked by the present transaction: whatever is written about a case goes through it."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection

from trackflow.errors import MessageError
from trackflow.prepared import Prepared
from trackflow.tracking import statements
from trackflow.tracking.open_event import HAD_ENDED, NOT_YET, OpenEvent
from trackflow.tracking.tables import Outcome

_changing = attrgetter(*statements.CHANGING)
_TICK = 1e-6  # seconds between two times at least: the database's clock may stand still or go back


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the ledger has under a delivery's id."""

    outcome: Outcome
    is_new: bool  # it was this very delivery that brought it


class Case:
    """A locked case. What changes in its row is written once, at the end of the transaction (`Cases`).

    `open` counts the events that are still to be told, so that nobody looks for the next one where there is
    none: every statement that opens or finishes an event changes it here, in the same transaction.
    """

    def __init__(self, transaction: Connection, row: Any, locked_at: float) -> None:
        self.transaction = transaction
        self.locked_at = locked_at  # by `uptime`, before `now`: a lease seems to end here before it does
        # Whether other cases can be locked, too: of SQLite's writers there is only one at a time.
        self.may_cross = transaction.dialect.name == "sqlite"
        self.now: float = row.now
        self.tenant: str = row.tenant
        self.business_key: str = row.business_key
        self.version: int = row.version
        self.start_event_id: str | None = row.start_event_id
        self.ended = bool(row.ended)
        self.token: str | None = row.token
        self.claimed_until: float | None = row.claimed_until
        self.due_at: float | None = row.due_at
        self.idle: int = row.idle
        self.open: int = row.open
        self.first_at: float | None = row.first_at
        self.last_at: float | None = row.last_at
        self.unshown: float | None = row.unshown
        self.timer_at: float | None = row.timer_at
        self._before = _changing(self)

    @property
    def is_claimed(self) -> bool:
        """Whether somebody tells its events now, or may still have a request under way."""
        return self.claimed_until is not None and self.claimed_until > self.now

    @property
    def is_due_for_timer(self) -> bool:
        """Whether what it was due for is a timer. One that is due later waits for those of other cases."""
        return self.timer_at is not None and self.due_at is not None and self.timer_at <= self.due_at

    def record(self, event: OpenEvent, *, attempted: bool = False) -> Recorded:
        """Insert an event, or count one more delivery of it: then nothing else changes.

        A second start event is a duplicate at once, if the first took effect.

        Raises MessageError if the ledger has another event under its id.
        """
        message = event.message
        arrival = self.now if self.last_at is None else max(self.now, self.last_at + _TICK)
        row = statements.RECORD[self.transaction.dialect.name].first(
            self.transaction,
            {
                "tenant": message.tenant,
                "event_id": message.id,
                "business_key": message.business_key,
                "name": message.event,
                "starts": event.starts,
                "cause": message.cause,
                "body": message.body(),
                "traceparent": message.traceparent,
                "published_at": message.published_at and message.published_at.timestamp(),
                "taken_at": message.cause_taken_at and message.cause_taken_at.timestamp(),
                "attempts": message.cause_attempts,
                "received_at": arrival,
                "attempted": attempted,
            },
        )
        if row.deliveries > 1:
            if (row.business_key, row.name) != (message.business_key, message.event):
                first = f"{row.business_key} {row.name}"
                raise MessageError(f"{message}: its id {message.id!r} is that of {first}, which stays")
            return Recorded(Outcome(row.outcome), is_new=False)
        self.open += 1
        self.first_at = arrival if self.first_at is None else self.first_at
        self.last_at = arrival
        return Recorded(self._rejected_if_second(event), is_new=True)

    def next_event(self) -> OpenEvent | None:
        """The event to tell now: received before waiting, starts first, then in the order of arrival.

        Left out are waiting events that have seen this version of the case, and start events in reserve.
        """
        if not self.open:
            return None
        choice = {"start": self.start_event_id}
        row = self._first(statements.NEXT_RECEIVED, **choice)
        if row is None:
            row = self._first(statements.NEXT_WAITING, **choice, version=self.version)
        return None if row is None else OpenEvent.from_row(row)

    def any_open_event(self) -> OpenEvent:
        """One of the open events; there must be one."""
        return OpenEvent.from_row(self._first(statements.ANY_OPEN))

    # ---- one event's outcome -------------------------------------------------------------------------

    def attempt(self, event: OpenEvent) -> None:
        """Note that the event is about to be told."""
        self._of_event(statements.ATTEMPT, event)

    def correlate(self, event: OpenEvent) -> bool:
        """Write that the event took effect, whatever the ledger thought. False: it was written already."""
        final = {"to": Outcome.CORRELATED.value, "why": None, "at": self.now}
        if self._of_event(statements.FINISH, event, **final):
            self.open -= 1
        elif not self._of_event(statements.CORRECT, event, at=self.now):
            return False
        self.version += 1
        self.ended = False
        self.idle = 0
        if event.starts:
            if not self._started_with_other(event):
                self.start_event_id = event.id
            if self.open:
                self.open -= self._of_case(statements.DUPLICATES, first=event.id)
        return True

    def finish(self, event: OpenEvent, outcome: Outcome, reason: str) -> None:
        """Write a final outcome other than `correlated`."""
        self.open -= self._of_event(statements.FINISH, event, to=outcome.value, why=reason, at=None)
        if outcome is Outcome.REFUSED and self.start_event_id == event.id:
            self.start_event_id = None  # the one in reserve gets its turn

    def wait(self, event: OpenEvent, seen: int) -> None:
        """Nothing waits for the event in this version of the case, nor for the others of its name."""
        state = {"why": NOT_YET, "doubt": event.attempted, "seen": seen, "failed": 0}
        self._of_event(statements.WAIT, event, **state)
        if self.open > 1:
            self._of_case(statements.SEEN, named=event.message.event, seen=seen)

    def set_aside(self, event: OpenEvent, reason: str) -> None:
        """The engine failed at the event: it stays in doubt and is told later; the others go on."""
        state = {"why": reason, "doubt": True, "seen": statements.NEVER, "failed": event.failures + 1}
        self._of_event(statements.WAIT, event, **state)

    def delay(self, event: OpenEvent, reason: str, doubt: bool) -> None:
        """The engine said nothing on the event: its outcome stays."""
        self._of_event(statements.DELAY, event, why=reason, doubt=doubt)

    def reopen(self, event_id: str) -> bool:
        """Let an event that was refused, or that waits, be told now. False: it neither was nor does."""
        row = statements.REOPEN.first(self.transaction, {"t": self.tenant, "event": event_id})
        if row is None:
            waits = statements.REMIND.run(self.transaction, {"t": self.tenant, "event": event_id})
            return waits == 1
        self.open += 1
        self._rejected_if_second(OpenEvent.from_row(row))
        return True

    def explain(self, event: OpenEvent, reason: str) -> None:
        """Keep a fact about an event, whatever its outcome."""
        self._of_event(statements.EXPLAIN, event, why=reason)

    # ---- all events that wait ------------------------------------------------------------------------

    def look_again(self) -> None:
        """Let every waiting event be told again, whatever it has seen; the next time after a longer pause."""
        self.idle += 1
        self._of_case(statements.WAKE)

    def end(self) -> None:
        """Its instances have ended: give up what waits for them."""
        self.ended = True
        if self.open:
            self.open -= self._of_case(statements.END, why=HAD_ENDED)

    # ---- claim and release ---------------------------------------------------------------------------

    def claim(self, token: str, seconds: float) -> None:
        """Hold the case for a lease. Once it is over a sweeper takes it."""
        self.token = token
        self.claimed_until = self.due_at = self.now + seconds

    def hold(self, seconds: float) -> None:
        """Let nobody have the case for a while."""
        self.token = None
        self.claimed_until = self.due_at = self.now + seconds

    def release(self, due_in: float) -> None:
        """Give the case back, to be looked at again after so many seconds if an event is open.

        Or earlier, when a timer is due.
        """
        self.token = self.claimed_until = None
        self._look_at(self.now + due_in)

    def look_soon(self) -> None:
        """Something changed under nobody's claim: whoever waits may have become possible."""
        if not self.is_claimed:
            self._look_at(self.now)

    def moved(self) -> None:
        """Its instance changed with no event: whoever waits may have become possible."""
        self.version += 1
        self.idle = 0
        self.look_soon()

    def save(self) -> None:
        """Write what has changed."""
        if _changing(self) != self._before:
            # The board clears what it read, so no change may look like the one before.
            self.unshown = self.now if self.unshown is None else max(self.now, self.unshown + _TICK)
            self._of_case(
                statements.SAVE_CASE, **dict(zip(statements.CHANGING, _changing(self), strict=True))
            )

    def _look_at(self, moment: float) -> None:
        looks = [moment] if self.open else []
        timers = [] if self.timer_at is None else [self.timer_at]
        self.due_at = min(looks + timers, default=None)

    def _rejected_if_second(self, event: OpenEvent) -> Outcome:
        if not event.starts or not self._started_with_other(event):
            return Outcome.RECEIVED
        reason = f"a second {event.message.event}; the first was {self.start_event_id}"
        self.finish(event, Outcome.DUPLICATE, reason)
        return Outcome.DUPLICATE

    def _started_with_other(self, event: OpenEvent) -> bool:
        if self.start_event_id in (None, event.id):
            return False
        first = {"t": self.tenant, "event": self.start_event_id}
        row = statements.OUTCOME.first(self.transaction, first)
        return row is not None and row.outcome == Outcome.CORRELATED

    def _first(self, statement: Prepared, **values: Any) -> Any:
        return statement.first(self.transaction, {"t": self.tenant, "key": self.business_key, **values})

    def _of_case(self, statement: Prepared, **values: Any) -> int:
        return statement.run(self.transaction, {"t": self.tenant, "key": self.business_key, **values})

    def _of_event(self, statement: Prepared, event: OpenEvent, **values: Any) -> int:
        return statement.run(self.transaction, {"t": self.tenant, "event": event.id, **values})
