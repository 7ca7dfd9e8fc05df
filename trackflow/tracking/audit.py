"""Who did what to an event, when and why. Written before it is done: with the ledger away nothing is done.

So an entry says that somebody wanted it. Killed in between, the act may have stayed undone; done again, it is
written again.
"""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, bindparam, insert, select

from trackflow.message import SHORT
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.open_event import moment
from trackflow.tracking.orders import iso
from trackflow.tracking.tables import Now, audit

Action = Literal["replay", "discard", "retry"]

_WRITE = insert(audit).values(
    **{column.name: bindparam(column.name) for column in audit.c if column.name not in ("id", "at")}, at=Now()
)
_ACTS = select(audit).where(audit.c.tenant == bindparam("t")).order_by(audit.c.at, audit.c.id)
_ON_EVENT = _ACTS.where(audit.c.event_id == bindparam("event_id"))
_ON_ORDER = _ACTS.where(audit.c.business_key == bindparam("key"))


@dataclass(frozen=True, slots=True)
class Entry:
    """What something is done to. All its texts are printable.

    Attributes:
        event_id: the event's id; of a dead letter its id as `dead list` shows it.
        business_key: if it is known.
        reason: why the event is where it is.
        queue: whose dead letter it is; None: the event is in the ledger.
    """

    event_id: str
    business_key: str | None = None
    reason: str | None = None
    queue: str | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that somebody did. `who` is user@host; `at` is UTC."""

    action: str
    entry: Entry
    who: str
    why: str | None
    at: datetime

    def as_json(self) -> dict[str, Any]:
        """As the command line prints it."""
        return {
            "action": self.action,
            "id": self.entry.event_id,
            "businessKey": self.entry.business_key,
            "queue": self.entry.queue,
            "reason": self.entry.reason,
            "who": self.who,
            "why": self.why,
            "at": iso(self.at),
        }


class Audit:
    """The acts upon one tenant's events. All methods raise LedgerError."""

    def __init__(self, ledger: Ledger, tenant: str) -> None:
        self._ledger = ledger
        self._tenant = tenant

    def write(self, action: Action, entries: Iterable[Entry], why: str | None = None) -> None:
        """Note in one transaction what is about to be done, by whoever runs this process."""
        who, why = _who(), _storable(why)
        rows = [
            {
                "tenant": self._tenant,
                "who": who,
                "why": why,
                "action": action,
                "queue": entry.queue,
                "event_id": entry.event_id,
                "business_key": entry.business_key,
                "reason": entry.reason,
            }
            for entry in entries
        ]
        if rows:
            self._ledger.write(lambda transaction: transaction.execute(_WRITE, rows))

    def acts(self, event_id: str) -> list[Act]:
        """What was done to an event, the oldest first."""
        return self._acts(_ON_EVENT, event_id=event_id)

    def acts_on_order(self, business_key: str) -> list[Act]:
        """What was done to the events and dead letters of an order, the oldest first."""
        return self._acts(_ON_ORDER, key=business_key)

    def _acts(self, statement: Select[Any], **chosen: str) -> list[Act]:
        with self._ledger.reading() as transaction:
            return [_act(row) for row in transaction.execute(statement, {"t": self._tenant, **chosen})]


def _act(row: Any) -> Act:
    entry = Entry(row.event_id, row.business_key, row.reason, row.queue)
    at = moment(row.at)
    assert at is not None  # the column is never null
    return Act(row.action, entry, row.who, row.why, at)


def _who() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"[:SHORT]


def _storable(text: str | None) -> str | None:
    """As every database takes it: what is typed may be no UTF-8, and PostgreSQL stores no NUL."""
    return text and text.replace("\0", " ").encode(errors="replace").decode()
