"""Locks cases: by key, or the one that has waited longest for somebody to look at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from trackflow.tracking import statements
from trackflow.tracking.case import Case
from trackflow.tracking.lease import uptime
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.open_event import OpenEvent
from trackflow.tracking.tables import Outcome


class Cases:
    """All cases of a tenant. What is written about one is written under its lock, one after the other."""

    def __init__(self, ledger: Ledger, tenant: str) -> None:
        self._ledger = ledger
        self._tenant = tenant

    @contextmanager
    def locked(self, business_key: str) -> Iterator[Case]:
        """A transaction that has locked this case, which is made if it does not exist. Raises LedgerError."""
        with self._ledger.writing() as transaction:
            locked_at = uptime()
            case = Case(
                transaction, _locked(transaction, {"t": self._tenant, "key": business_key}), locked_at
            )
            yield case
            case.save()

    @contextmanager
    def overdue(self) -> Iterator[Case | None]:
        """A transaction that has locked the most overdue case that nobody holds, if there is one."""
        with self._ledger.writing() as transaction:
            locked_at = uptime()
            row = statements.LOCK_OVERDUE.first(transaction, {"t": self._tenant})
            if row is None:
                yield None
                return
            case = Case(transaction, row, locked_at)
            yield case
            case.save()

    def outcome(self, event_id: str) -> Outcome:
        """What has become of a recorded event so far. Raises LedgerError."""
        with self._ledger.reading() as transaction:
            return Outcome(
                statements.OUTCOME.first(transaction, {"t": self._tenant, "event": event_id}).outcome
            )

    def start_event(self, business_key: str) -> OpenEvent | None:
        """The start event of a case that was told, if there is one. Raises LedgerError."""
        with self._ledger.reading() as transaction:
            row = statements.START_EVENT.first(transaction, {"t": self._tenant, "key": business_key})
            return None if row is None else OpenEvent.from_row(row)


def _locked(transaction: Connection, key: dict[str, str]) -> Any:
    row = statements.LOCK_CASE.first(transaction, key)
    if row is None:
        statements.NEW_CASE[transaction.dialect.name].run(transaction, key)
        row = statements.LOCK_CASE.first(transaction, key)
    return row
