"""Locks cases: by key, or the one that has waited longest for somebody to look at it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from sqlalchemy import Connection

from trackflow.tracking import statements
from trackflow.tracking.case import Case
from trackflow.tracking.lease import uptime
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.open_event import OpenEvent
from trackflow.tracking.retried import Standing
from trackflow.tracking.tables import Outcome

R = TypeVar("R")
Clock = Callable[[], float]  # epoch seconds


class _Crossing(Exception):
    """A transaction that has locked a case is to lock another one, and others may do so, too."""


class Cases:
    """All cases of a tenant. What is written about one is written under its lock, one after the other."""

    def __init__(self, ledger: Ledger, tenant: str, clock: Clock | None = None) -> None:
        """`clock` is read in place of the database's: by tests, which let time pass."""
        self._ledger = ledger
        self._tenant = tenant
        self._clock = clock

    def change(self, business_key: str, work: Callable[[Case], R]) -> R:
        """Run the work in a transaction that has locked this case, which is made if it does not exist.

        The work may be run again if another one in the same transaction fails (see `Ledger.write`).
        Raises LedgerError.
        """
        try:
            return self._ledger.write(
                lambda transaction: _changed(self._locked(transaction, business_key), work)
            )
        except _Crossing:
            return self._change_crossing(business_key, work)

    def change_overdue(self, work: Callable[[Case], R]) -> R | None:
        """The same for the most overdue case that nobody holds; None if there is none."""
        taken: list[str] = []

        def change_overdue(transaction: Connection) -> R | None:
            locked_at = uptime()
            overdue = {"t": self._tenant, "now": self._now()}
            row = statements.LOCK_OVERDUE.first(transaction, overdue)
            if row is None:
                return None
            taken.append(row.business_key)
            return _changed(Case(transaction, row, locked_at), work)

        try:
            return self._ledger.write(change_overdue)
        except _Crossing:
            return self._change_crossing(taken[-1], work)

    def lock_beside(self, case: Case, business_key: str) -> Case:
        """Lock another case in the transaction that has locked this one; whoever changes it saves it.

        The work on this one may be begun afresh for it, once nobody else locks more than one.
        """
        if not case.may_cross:
            raise _Crossing
        return self._locked(case.transaction, business_key)

    def _change_crossing(self, business_key: str, work: Callable[[Case], R]) -> R:
        """Of those that lock several cases one waits for the other before it has locked any.

        So they wait in no circle: whoever has locked only one waits for nobody.
        """

        def change(transaction: Connection) -> R:
            statements.CROSS.first(transaction, {"t": self._tenant})
            case = self._locked(transaction, business_key)
            case.may_cross = True
            return _changed(case, work)

        return self._ledger.write(change)

    def _locked(self, transaction: Connection, business_key: str) -> Case:
        locked_at = uptime()
        key = {"t": self._tenant, "key": business_key, "now": self._now()}
        return Case(transaction, _locked(transaction, key), locked_at)

    def outcome(self, event_id: str) -> Outcome:
        """What has become of a recorded event so far. Raises LedgerError."""
        with self._ledger.reading() as transaction:
            return Outcome(
                statements.OUTCOME.first(transaction, {"t": self._tenant, "event": event_id}).outcome
            )

    def standings(self, event_ids: Iterable[str]) -> tuple[Standing, ...]:
        """What has become of recorded events so far, and why. Raises LedgerError."""
        with self._ledger.reading() as transaction:
            rows = [
                statements.STANDING.first(transaction, {"t": self._tenant, "event": each})
                for each in event_ids
            ]
        return tuple(Standing(Outcome(row.outcome), row.reason) for row in rows)

    def start_event(self, business_key: str) -> OpenEvent | None:
        """The start event of a case that was told, if there is one. Raises LedgerError."""
        with self._ledger.reading() as transaction:
            row = statements.START_EVENT.first(transaction, {"t": self._tenant, "key": business_key})
            return None if row is None else OpenEvent.from_row(row)

    def _now(self) -> float | None:
        return None if self._clock is None else self._clock()


def _changed(case: Case, work: Callable[[Case], R]) -> R:
    result = work(case)
    case.save()
    return result


def _locked(transaction: Connection, key: dict[str, Any]) -> Any:
    return (
        statements.LOCK_CASE.first(transaction, key)
        or statements.NEW_CASE[transaction.dialect.name].first(transaction, key)
        or statements.LOCK_CASE.first(transaction, key)
    )
