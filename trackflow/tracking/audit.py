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

Action = Literal["replay", "discard", "retry", "edit", "publish", "migrate", "withdraw"]
ON_INSTANCES = ("migrate",)  # what is done to an order's instance, not to an event of it

_WRITE = insert(audit).values(
    **{column.name: bindparam(column.name) for column in audit.c if column.name not in ("id", "at")}, at=Now()
)
# What an edited letter was can be a megabyte: it is read for one act only.
_ACT = (
    *(column for column in audit.c if column.name != "original"),
    audit.c.original.is_not(None).label("has_original"),
)
_ALL = select(*_ACT).where(audit.c.tenant == bindparam("t"))
_ACTS = _ALL.order_by(audit.c.at, audit.c.id)
_ON_EVENT = _ACTS.where(audit.c.event_id == bindparam("event_id"))
_ON_ORDER = _ACTS.where(audit.c.business_key == bindparam("key"))
_NEWEST = _ALL.order_by(audit.c.id.desc()).limit(bindparam("most"))
_ORIGINAL = select(audit.c.original).where(audit.c.tenant == bindparam("t"), audit.c.id == bindparam("id"))


@dataclass(frozen=True, slots=True)
class Entry:
    """What something is done to. All its texts are printable.

    Attributes:
        event_id: the event's id; of a dead letter its id as `dead list` shows it; of a process instance that
            is migrated its id; of a process that is withdrawn its id.
        business_key: if it is known.
        reason: why the event is where it is.
        queue: whose dead letter it is; None: the event is in the ledger.
        original: what it was before it is edited, as JSON. Only written; `Audit.original` reads it.
    """

    event_id: str
    business_key: str | None = None
    reason: str | None = None
    queue: str | None = None
    original: str | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that somebody did. `who` is user@host or name@board; `at` is UTC."""

    action: str
    entry: Entry
    who: str
    why: str | None
    at: datetime
    number: int = 0  # later acts have higher ones
    has_original: bool = False

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

    def write(
        self, action: Action, entries: Iterable[Entry], why: str | None = None, who: str | None = None
    ) -> None:
        """Note in one transaction what is about to be done; without `who` by whoever runs this process."""
        who, why = (_storable(who) or _who())[:SHORT], _storable(why)
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
                "original": _storable(entry.original),
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

    def newest(
        self,
        most: int,
        *,
        who: str | None = None,
        action: str | None = None,
        business_key: str | None = None,
        before: int | None = None,
    ) -> list[Act]:
        """At most so many acts, the newest first: of somebody, of a kind, on an order, before another."""
        chosen = {audit.c.who: who, audit.c.action: action, audit.c.business_key: business_key}
        statement = _NEWEST.where(*(column == value for column, value in chosen.items() if value is not None))
        if before is not None:
            statement = statement.where(audit.c.id < before)
        return self._acts(statement, most=most)

    def original(self, number: int) -> str | None:
        """What the letter was that this act has edited, as JSON; None if there is no such act."""
        with self._ledger.reading() as transaction:
            chosen = {"t": self._tenant, "id": number}
            found: str | None = transaction.execute(_ORIGINAL, chosen).scalar_one_or_none()
            return found

    def _acts(self, statement: Select[Any], **chosen: str | int) -> list[Act]:
        with self._ledger.reading() as transaction:
            return [_act(row) for row in transaction.execute(statement, {"t": self._tenant, **chosen})]


def _act(row: Any) -> Act:
    entry = Entry(row.event_id, row.business_key, row.reason, row.queue)
    at = moment(row.at)
    assert at is not None  # the column is never null
    return Act(row.action, entry, row.who, row.why, at, row.id, bool(row.has_original))


def _who() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"[:SHORT]


def _storable(text: str | None) -> str | None:
    """As every database takes it: what is typed may be no UTF-8, and PostgreSQL stores no NUL."""
    return text and text.replace("\0", " ").encode(errors="replace").decode()
