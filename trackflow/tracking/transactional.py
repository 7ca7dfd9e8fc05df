"""Tells an engine in the ledger's database: an event's record and its step are one transaction.

So an event is told exactly once or not at all, with no protocol. Only an event that came early needs care: it
waits in the ledger and is told again whenever another event of its case was accepted, or a timer fired.

Timers fire from the sweep, one in each transaction. A case with a timer is due when that is, so the sweep
takes the timers of all cases in the order in which they are due, however late it is; and as it has locked the
case's row, and reads after that which timer is due, no other tracker can fire the same one. Of an event and a
timer that is due, the one that locks the case first comes first, as it does in a remote engine.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from trackflow.engines.answers import Answer
from trackflow.engines.answers import Outcome as Word
from trackflow.engines.port import TransactionalEngine
from trackflow.errors import LedgerError
from trackflow.message import Message
from trackflow.tracking.case import Case
from trackflow.tracking.cases import Cases
from trackflow.tracking.lease import Timing
from trackflow.tracking.neighbours import Neighbours
from trackflow.tracking.open_event import HAD_ENDED, OpenEvent, reason_of
from trackflow.tracking.retried import Retried
from trackflow.tracking.tables import OPEN, Outcome

logger = logging.getLogger(__name__)


class TransactionalTeller:
    """Records events and tells them in the same transaction.

    A refused event changes nothing in the engine (the port promises it), so its record is committed with no
    savepoint. What the engine raises beyond its answers rolls everything back, the record too.
    """

    def __init__(
        self, cases: Cases, engine: TransactionalEngine, starts: frozenset[str], timing: Timing
    ) -> None:
        self._cases = cases
        self._engine = engine
        self._starts = starts
        self._timing = timing

    def handle(self, message: Message) -> Outcome:
        """Record a delivery and tell the event, then those that waited for it. Raises LedgerError."""
        event = OpenEvent.received(message, starts=message.event in self._starts)
        return self._cases.change(message.business_key, lambda case: self._record_and_tell(case, event))

    def sweep(self) -> bool:
        """Fire the timer that is the most overdue, or tell the waiting events of a case again."""
        taken: list[str] = []

        def work(case: Case) -> Case:
            taken.append(case.business_key)
            return self._work(case)

        try:
            return self._cases.change_overdue(work) is not None
        except LedgerError:
            raise
        except Exception:  # a mistake of ours, or a model that cannot be read any more: the others go on
            if not taken:
                raise
            logger.exception("cannot work order %r, trying again later", taken[-1])
            self._cases.change(taken[-1], self._put_off)
            return True

    def retry(self, business_key: str, event_ids: Sequence[str]) -> Retried:
        """Reopen what was refused or waits, and tell it; fire the timers that were set aside."""
        reopened, timers = self._cases.change(
            business_key, lambda case: self._reopen_and_tell(case, event_ids)
        )
        return Retried(self._cases.standings(reopened), timers=timers)

    def _record_and_tell(self, case: Case, event: OpenEvent) -> Outcome:
        recorded = case.record(event)
        if not recorded.is_new or recorded.outcome not in OPEN:
            return recorded.outcome
        outcome = self._tell(case, event)
        if outcome is Outcome.CORRELATED and case.open:
            self._tell_waiting(case)
        case.release(due_in=self._timing.pause(case.idle))
        return outcome

    def _reopen_and_tell(
        self, case: Case, event_ids: Sequence[str]
    ) -> tuple[list[str], tuple[str | None, ...]]:
        reopened = [each for each in event_ids if case.reopen(each)]
        timers = self._fire_again(case)
        if reopened or timers:
            case.idle = 0
            self._tell_waiting(case)
            case.release(due_in=self._timing.pause(case.idle))
        return reopened, timers

    def _fire_again(self, case: Case) -> tuple[str | None, ...]:
        number = self._engine.resume(case.tenant, case.business_key, case.transaction)
        fired = [self._fire(case) for _ in range(number)]
        return tuple(each.reason for each in fired if each.outcome is not Word.NOT_AWAITED)

    def _put_off(self, case: Case) -> None:
        """Keep a case whose work failed out of the way of the others."""
        case.idle += 1
        case.due_at = case.now + self._timing.pause(case.idle)

    def _work(self, case: Case) -> Case:
        if case.is_due_for_timer:
            self._fire(case)
        else:
            case.look_again()
        self._tell_waiting(case)
        case.release(due_in=self._timing.pause(case.idle))
        return case

    def _fire(self, case: Case) -> Answer:
        neighbours = Neighbours(self._cases, case)
        answer = self._engine.fire(
            case.tenant, case.business_key, case.transaction, case.now, neighbours.lock
        )
        case.timer_at = answer.due_at
        neighbours.moved(answer.moved)
        if answer.outcome is Word.ACCEPTED:
            case.moved()
        elif answer.outcome is Word.REFUSED:
            logger.warning("a timer of order %r cannot fire: %s", case.business_key, answer.reason)
        return answer

    def _tell_waiting(self, case: Case) -> None:
        """From the first one again after each that is accepted, until none is."""
        while (event := case.next_event()) is not None:
            self._tell(case, event)

    def _tell(self, case: Case, event: OpenEvent) -> Outcome:
        neighbours = Neighbours(self._cases, case)
        answer = self._engine.correlate(event.message, case.transaction, case.now, neighbours.lock)
        case.timer_at = answer.due_at
        neighbours.moved(answer.moved)
        if answer.outcome is Word.ACCEPTED:
            case.correlate(event)
            return Outcome.CORRELATED
        if answer.outcome is Word.NOT_AWAITED:
            return self._keep_or_end(case, event)
        if answer.outcome is Word.FAILED and event.failures + 1 < self._timing.failures:
            case.set_aside(event, reason_of(answer))
            return Outcome.WAITING
        case.finish(event, Outcome.REFUSED, reason_of(answer))
        return Outcome.REFUSED

    def _keep_or_end(self, case: Case, event: OpenEvent) -> Outcome:
        if not event.starts and self._has_ended(case, event):
            case.finish(event, Outcome.UNMATCHED, HAD_ENDED)
            case.end()  # the same holds for all others that wait
            return Outcome.UNMATCHED
        case.wait(event, seen=case.version)
        return Outcome.WAITING

    def _has_ended(self, case: Case, event: OpenEvent) -> bool:
        case.ended = self._engine.running(event.message, case.transaction) is False
        return case.ended
