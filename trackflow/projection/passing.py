"""Events as they pass: the newest of the ledger, each once, for everybody who watches."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue
from sqlalchemy import bindparam, select

from trackflow.tracking.ledger import Ledger
from trackflow.tracking.tables import events

MOST = 500  # events of one look; nobody reads more than that in a second
# A transaction may commit a little later than the time that it wrote: what is so old is looked at again.
_OVERLAP = 2.0  # seconds
_LOOKED_THROUGH = 2000  # of the newest events, for those that somebody wants

_COLUMNS = [
    events.c[name]
    for name in (
        "event_id",
        "business_key",
        "name",
        "cause",
        "outcome",
        "reason",
        "received_at",
        "deliveries",
    )
]
_NEWEST = (
    select(*_COLUMNS)
    .where(events.c.tenant == bindparam("t"), events.c.received_at > bindparam("after"))
    .order_by(events.c.received_at.desc())
    .limit(bindparam("most"))
)
_BODY = select(events.c.business_key, events.c.name, events.c.body).where(
    events.c.tenant == bindparam("t"), events.c.event_id == bindparam("id")
)


@dataclass(frozen=True, slots=True)
class Passed:
    """One event that came. `received_at` is seconds since 1970."""

    id: str
    business_key: str
    event: str
    cause: str | None
    outcome: str
    reason: str | None
    received_at: float
    deliveries: int

    @property
    def at(self) -> datetime:
        """When it came (UTC)."""
        return datetime.fromtimestamp(self.received_at, UTC)


@dataclass(frozen=True, slots=True)
class Watched:
    """Which events somebody wants to see; None: any. `key` is how the business key begins."""

    event: str | None = None
    outcome: str | None = None
    key: str | None = None

    def has(self, passed: Passed) -> bool:
        """Whether this is one of them."""
        return (
            self.event in (None, passed.event)
            and self.outcome in (None, passed.outcome)
            and passed.business_key.startswith(self.key or "")
        )


class Passing:
    """One tenant's events as they come. `look` is for one thread; all methods raise LedgerError."""

    def __init__(self, ledger: Callable[[], Ledger], tenant: str) -> None:
        """`ledger` opens it; it may be away now."""
        self._ledger = ledger
        self._tenant = tenant
        self._seen: dict[tuple[str, str], float] = {}  # id and outcome → when it came

    def newest(self, watched: Watched, limit: int, after: float = 0.0) -> list[Passed]:
        """At most so many, the newest first, of those that came last and after this time."""
        found = self._read(after, limit if watched == Watched() else _LOOKED_THROUGH)
        return [passed for passed in found if watched.has(passed)][:limit]

    def skip(self) -> None:
        """Nobody looked for a while: what came meanwhile has passed."""
        self._seen = {_mark(passed): passed.received_at for passed in self._read(0.0, MOST)}

    def look(self) -> Sequence[Passed]:
        """What came, or has another outcome now, since the last look, the oldest first: at most MOST."""
        found = self._read(max(self._seen.values(), default=0.0) - _OVERLAP, MOST)
        fresh = [passed for passed in reversed(found) if _mark(passed) not in self._seen]
        self._seen |= {_mark(passed): passed.received_at for passed in fresh}
        oldest = max(self._seen.values(), default=0.0) - _OVERLAP
        self._seen = {mark: at for mark, at in self._seen.items() if at >= oldest}
        return fresh

    def payload(self, event_id: str) -> tuple[str, str, JsonValue] | None:
        """Business key, name and payload of an event, or None if there is none of this id."""
        with self._ledger().reading() as transaction:
            row = transaction.execute(_BODY, {"t": self._tenant, "id": event_id}).first()
        return None if row is None else (row.business_key, row.name, json.loads(row.body)["payload"])

    def _read(self, after: float, most: int) -> list[Passed]:
        with self._ledger().reading() as transaction:
            rows = transaction.execute(_NEWEST, {"t": self._tenant, "after": after, "most": most})
            return [_passed(row) for row in rows]


def _passed(row: Any) -> Passed:
    return Passed(
        id=row.event_id,
        business_key=row.business_key,
        event=row.name,
        cause=row.cause,
        outcome=row.outcome,
        reason=row.reason,
        received_at=row.received_at,
        deliveries=row.deliveries,
    )


def _mark(passed: Passed) -> tuple[str, str]:
    return passed.id, passed.outcome
