"""What the projector reads: cases that are not shown yet, their events, and what is shown of them now.

Nothing here keeps a writer waiting. A case is read before its events, and these before the engine is asked:
whatever changes meanwhile leaves another `unshown`, so that it is read again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, bindparam, func, or_, select

from trackflow.projection.standing import Case, Shown
from trackflow.projection.tables import awaited, may_move, places, standings
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.tables import Now, cases, events

AT_ONCE = 500  # keys in one statement: SQLite may allow as few as 999 parameters

_OF_TENANT = cases.c.tenant == bindparam("t")
_KEYS: BindParameter[Any] = bindparam("keys", expanding=True)
_CASE = select(
    cases.c.business_key,
    cases.c.unshown,
    cases.c.version,
    cases.c.open,
    cases.c.first_at,
    cases.c.last_at,
)
_IS_UNSHOWN = (_OF_TENANT, cases.c.unshown.is_not(None))
_UNSHOWN = _CASE.where(*_IS_UNSHOWN, cases.c.first_at.is_not(None)).limit(bindparam("limit"))
_OLDEST = _UNSHOWN.order_by(cases.c.unshown)
_NEWEST = _UNSHOWN.order_by(cases.c.unshown.desc())
_THESE = _CASE.where(_OF_TENANT, cases.c.business_key.in_(_KEYS))
_EVENTS = select(
    events.c.business_key,
    events.c.event_id,
    events.c.name,
    events.c.outcome,
    events.c.seen_version,
    events.c.failures,
    events.c.received_at,
).where(events.c.tenant == bindparam("t"), events.c.business_key.in_(_KEYS))
_NOW = select(Now())
_LEFT = select(func.count()).select_from(cases).where(*_IS_UNSHOWN)
_FIRST = select(cases.c.unshown).where(*_IS_UNSHOWN).order_by(cases.c.unshown).limit(1)

_of_tenant = standings.c.tenant == bindparam("t")
_MAY_MOVE = select(standings.c.business_key).where(_of_tenant, may_move).limit(bindparam("limit"))
_NEVER_ASKED = _MAY_MOVE.where(standings.c.asked_at.is_(None))
_LONGEST_NOT_ASKED = _MAY_MOVE.where(standings.c.asked_at < bindparam("before")).order_by(
    standings.c.asked_at
)
_UNKNOWN = (
    select(standings.c.business_key)
    .where(_of_tenant, standings.c.state == "unknown")
    .where(or_(standings.c.asked_at.is_(None), standings.c.asked_at < bindparam("before")))
    .limit(bindparam("limit"))
)
_LATE = (
    select(places.c.business_key)
    .where(places.c.tenant == bindparam("t"), places.c.late_at <= bindparam("now"), places.c.late.is_(False))
    .order_by(places.c.late_at)
    .limit(bindparam("limit"))
)
_STANDINGS = select(standings).where(_of_tenant, standings.c.business_key.in_(_KEYS))
_PLACES = select(places).where(places.c.tenant == bindparam("t"), places.c.business_key.in_(_KEYS))
_AWAITED = select(awaited.c.business_key, awaited.c.event).where(
    awaited.c.tenant == bindparam("t"), awaited.c.business_key.in_(_KEYS)
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Orders to project.

    Attributes:
        cases: by business key.
        shown: by business key what is shown of them now.
        now: the database's time when they were read.
        is_full: there may be more.
    """

    cases: dict[str, Case]
    shown: dict[str, Shown]
    now: float
    is_full: bool = False


class Reader:
    """Reads one tenant's. All methods raise LedgerError."""

    def __init__(self, ledger: Ledger, tenant: str) -> None:
        self._ledger = ledger
        self._tenant = {"t": tenant}

    def unshown(self, limit: int) -> Batch:
        """Up to so many cases that are not shown yet.

        The oldest; where there are more than that, half of them are the newest: who looks at an order that
        has just come must not wait until a million old ones are caught up.
        """
        with self._ledger.reading() as transaction:
            rows = transaction.execute(_OLDEST, self._tenant | {"limit": limit}).all()
            is_full = len(rows) == limit
            if is_full:
                newest = transaction.execute(_NEWEST, self._tenant | {"limit": limit // 2}).all()
                rows = [*newest, *rows[: limit - limit // 2]]
            return self._batch(transaction, rows, is_full)

    def these(self, keys: Sequence[str]) -> Batch:
        """Some orders, whether they have changed or not."""
        with self._ledger.reading() as transaction:
            rows = [
                row
                for chunk in _chunks(keys)
                for row in transaction.execute(_THESE, self._tenant | {"keys": chunk}).all()
            ]
            return self._batch(transaction, rows, is_full=False)

    def may_have_moved(self, limit: int, before: float) -> list[str]:
        """Keys of orders that may move without an event, asked about before then, the longest ago first."""
        values = self._tenant | {"limit": limit, "before": before}
        with self._ledger.reading() as transaction:
            never = transaction.execute(_NEVER_ASKED, values).scalars().all()
            rest = values | {"limit": limit - len(never)}
            return [*never, *transaction.execute(_LONGEST_NOT_ASKED, rest).scalars()]

    def unknown(self, limit: int, before: float) -> list[str]:
        """Keys of orders whose state is not known, asked about before this time."""
        values = self._tenant | {"limit": limit, "before": before}
        with self._ledger.reading() as transaction:
            return list(transaction.execute(_UNKNOWN, values).scalars())

    def falling_late(self, limit: int, now: float) -> dict[str, Shown]:
        """What is shown of orders of which a place has reached its limit, and is not late yet."""
        with self._ledger.reading() as transaction:
            keys = transaction.execute(_LATE, self._tenant | {"limit": limit, "now": now}).scalars().all()
            return self._shown(transaction, list(dict.fromkeys(keys)))

    def left(self) -> int:
        """How many cases are not shown yet."""
        with self._ledger.reading() as transaction:
            return int(transaction.execute(_LEFT, self._tenant).scalar_one())

    def behind(self) -> float:
        """For how many seconds the one that waits longest has not been shown; 0: all are."""
        with self._ledger.reading() as transaction:
            first = transaction.execute(_FIRST, self._tenant).scalar()
            return 0.0 if first is None else max(0.0, float(transaction.execute(_NOW).scalar_one()) - first)

    def _batch(self, transaction: Any, rows: Sequence[Any], is_full: bool) -> Batch:
        now = float(transaction.execute(_NOW).scalar_one())
        of_case = defaultdict[str, list[Any]](list)
        found = {row.business_key: row for row in rows if row.first_at is not None}
        for chunk in _chunks(list(found)):
            for event in transaction.execute(_EVENTS, self._tenant | {"keys": chunk}).all():
                of_case[event.business_key].append(event)
        for each in of_case.values():
            each.sort(key=_arrival)
        read = {
            key: Case(key, row.unshown, row.version, row.open, row.first_at, row.last_at, of_case[key])
            for key, row in found.items()
        }
        return Batch(read, self._shown(transaction, list(found)), now, is_full)

    def _shown(self, transaction: Any, keys: Sequence[str]) -> dict[str, Shown]:
        shown: dict[str, Shown] = {}
        for chunk in _chunks(keys):
            values = self._tenant | {"keys": chunk}
            for row in transaction.execute(_STANDINGS, values).mappings():
                shown[row["business_key"]] = Shown(dict(row))
            for row in transaction.execute(_PLACES, values).mappings():
                shown[row["business_key"]].places[row["element"]] = dict(row)
            waits = defaultdict[str, set[str]](set)
            for row in transaction.execute(_AWAITED, values):
                waits[row.business_key].add(row.event)
            for key, names in waits.items():
                shown[key].awaited = frozenset(names)
        return shown


def _arrival(event: Any) -> tuple[float, str]:
    return event.received_at, event.event_id


def _chunks(keys: Sequence[str]) -> list[Sequence[str]]:
    return [keys[first : first + AT_ONCE] for first in range(0, len(keys), AT_ONCE)]
