"""Tells an engine in the ledger's database: an event's record and its step are one transaction.

So an event is told exactly once or not at all, with no protocol. Only an event that came early needs care: it
waits in the ledger and is told again whenever another event of its case was accepted.
"""

from __future__ import annotations

from collections.abc import Sequence

from trackflow.engines.port import Outcome as Word
from trackflow.engines.port import TransactionalEngine
from trackflow.message import Message
from trackflow.tracking.case import Case
from trackflow.tracking.cases import Cases
from trackflow.tracking.lease import Timing
from trackflow.tracking.open_event import HAD_ENDED, OpenEvent, reason_of
from trackflow.tracking.retried import Retried
from trackflow.tracking.tables import OPEN, Outcome


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
        """Tell the waiting events of the most overdue case: a timer or a deployment may have moved it."""
        return self._cases.change_overdue(self._look_again) is not None

    def retry(self, business_key: str, event_ids: Sequence[str]) -> Retried:
        """Reopen what was refused or waits, and tell it."""
        reopened = self._cases.change(business_key, lambda case: self._reopen_and_tell(case, event_ids))
        return Retried(self._cases.standings(reopened))

    def _record_and_tell(self, case: Case, event: OpenEvent) -> Outcome:
        recorded = case.record(event)
        if not recorded.is_new or recorded.outcome not in OPEN:
            return recorded.outcome
        outcome = self._tell(case, event)
        if outcome is Outcome.CORRELATED and case.open:
            self._tell_waiting(case)
        case.release(due_in=self._timing.pause(case.idle))
        return outcome

    def _reopen_and_tell(self, case: Case, event_ids: Sequence[str]) -> list[str]:
        reopened = [each for each in event_ids if case.reopen(each)]
        if reopened:
            case.idle = 0
            self._tell_waiting(case)
            case.release(due_in=self._timing.pause(case.idle))
        return reopened

    def _look_again(self, case: Case) -> Case:
        case.look_again()
        self._tell_waiting(case)
        case.release(due_in=self._timing.pause(case.idle))
        return case

    def _tell_waiting(self, case: Case) -> None:
        """From the first one again after each that is accepted, until none is."""
        while (event := case.next_event()) is not None:
            self._tell(case, event)

    def _tell(self, case: Case, event: OpenEvent) -> Outcome:
        answer = self._engine.correlate(event.message, case.transaction)
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
