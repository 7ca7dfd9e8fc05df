"""What the projector writes: the rows of some orders, and what follows from them, in one short transaction.

Only who holds the lease writes, so what it read before is still so. The transaction begins with the lease's
row and ends with the cases: a tracker that wants one of these waits for a commit at most, and never the other
way round.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from trackflow.projection.histogram import Histogram
from trackflow.projection.lease import Lease
from trackflow.projection.measuring import Key, Measured
from trackflow.projection.reading import AT_ONCE
from trackflow.projection.standing import Row, Shown
from trackflow.projection.tables import alarms, awaited, measures, places, projectors, standings, tallies
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.tables import cases

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def _upserts(table: Any) -> dict[str, Any]:
    """Insert a row, or replace what is there."""
    found = {}
    for dialect, insert in _INSERTS.items():
        statement = insert(table)
        rest = {column.name: statement.excluded[column.name] for column in table.c if not column.primary_key}
        keys = [column.name for column in table.primary_key]
        found[dialect] = statement.on_conflict_do_update(index_elements=keys, set_=rest)
    return found


def _additions() -> dict[str, Any]:
    found = {}
    for dialect, insert in _INSERTS.items():
        statement = insert(tallies)
        added = {"number": tallies.c.number + statement.excluded.number}
        found[dialect] = statement.on_conflict_do_update(
            index_elements=[column.name for column in tallies.primary_key], set_=added
        )
    return found


_STAND = _upserts(standings)
_MEASURE = _upserts(measures)
_TALLY = _additions()
_RAISE = {dialect: insert(alarms).on_conflict_do_nothing() for dialect, insert in _INSERTS.items()}
_OF_ORDER = {
    table.name: (table.c.tenant == bindparam("t"), table.c.business_key == bindparam("key"))
    for table in (standings, places, awaited, cases)
}
_ASKED = update(standings).where(*_OF_ORDER["standings"]).values(asked_at=bindparam("at"))
_LEAVE = delete(places).where(*_OF_ORDER["places"])
_AWAIT_NO_MORE = delete(awaited).where(*_OF_ORDER["awaited"])
_NO_TALLY = delete(tallies).where(tallies.c.tenant == bindparam("t"), tallies.c.number == 0)
_MEASURED = select(measures.c.kind, measures.c.name, measures.c.number, measures.c.histogram).where(
    measures.c.tenant == bindparam("t"),
    measures.c.process == bindparam("process"),
    measures.c.size == bindparam("size"),
    measures.c.start == bindparam("start"),
    measures.c.version == bindparam("version"),
)
_NO_MEASURE = delete(measures).where(
    measures.c.tenant == bindparam("t"),
    measures.c.number == 0,
    *(measures.c[name] == bindparam(f"k_{name}") for name in Key._fields),
)
_REACHED = update(projectors).where(projectors.c.tenant == bindparam("t")).values(reached_at=bindparam("at"))
# A case that a tracker has locked changes now: it is left unshown.
_LOCK = (
    select(cases.c.business_key, cases.c.unshown)
    .where(cases.c.tenant == bindparam("t"), cases.c.business_key.in_(bindparam("keys", expanding=True)))
    .with_for_update(skip_locked=True)
)
_CLEAR = update(cases).where(*_OF_ORDER["cases"]).values(unshown=None)


@dataclass(slots=True)
class Changes:
    """What changes in the projection of one tenant.

    Attributes:
        standings: rows that are new or not as before.
        asked: keys of orders of which nothing has changed, but that the engine was asked.
        moved: by key the places of orders that are not where they were.
        waiting: by key the rows of `awaited` of orders that do not await what they did.
        tallies: what to add, by process, version, kind and name.
        measured: what to add.
        alarms: places that have become late.
        read: by key the `unshown` of cases that are shown with this.
    """

    standings: list[Row] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    moved: dict[str, Sequence[Row]] = field(default_factory=dict)
    waiting: dict[str, Sequence[Row]] = field(default_factory=dict)
    tallies: Counter[tuple[str, int, str, str]] = field(default_factory=Counter)
    measured: Measured = field(default_factory=Measured)
    alarms: list[Row] = field(default_factory=list)
    read: dict[str, float] = field(default_factory=dict)

    def differ(self, before: Shown | None, after: Shown) -> None:
        """Note what is different about one order, but for what its end adds to `measured`."""
        row, key = after.standing, after.standing["business_key"]
        old = before or _NOTHING
        if _but_asked(old.standing) != _but_asked(row):
            self.standings.append(row)
        elif old.standing["asked_at"] != row["asked_at"]:
            self.asked.append(key)
        if old.places != after.places:
            self.moved[key] = list(after.places.values())
        if old.awaited != after.awaited:
            of_order = {name: row[name] for name in ("tenant", "business_key", "started_at")}
            self.waiting[key] = [of_order | {"event": event} for event in sorted(after.awaited)]
        self.tallies.update(after.tallies())
        if before is not None:
            self.tallies.subtract(before.tallies())
        self.measured.differ(before.standing if before else None, row)


_NOTHING = Shown({})


def _but_asked(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "asked_at"}


class Writer:
    """Writes one tenant's. All methods raise LedgerError, and LeaseLost."""

    def __init__(self, ledger: Ledger, tenant: str, lease: Lease) -> None:
        self._ledger = ledger
        self._tenant = tenant
        self._lease = lease

    def write(self, changes: Changes, now: float, reached_at: float | None = None) -> None:
        """Write all of it or nothing. `reached_at`: everything up to then is shown with it."""
        tenant = {"t": self._tenant}
        with self._ledger.writing() as transaction:
            dialect = transaction.dialect.name
            self._lease.renew(transaction)
            _many(transaction, _STAND[dialect], changes.standings)
            _many(transaction, _ASKED, [tenant | {"key": key, "at": now} for key in changes.asked])
            _many(transaction, _LEAVE, [tenant | {"key": key} for key in changes.moved])
            _many(transaction, places.insert(), _flat(changes.moved.values()))
            _many(transaction, _AWAIT_NO_MORE, [tenant | {"key": key} for key in changes.waiting])
            _many(transaction, awaited.insert(), _flat(changes.waiting.values()))
            _many(transaction, _RAISE[dialect], changes.alarms)
            self._tally(transaction, changes.tallies)
            self._measure(transaction, changes.measured)
            if reached_at is not None:
                transaction.execute(_REACHED, tenant | {"at": reached_at})
            self._clear(transaction, changes.read)

    def _tally(self, transaction: Connection, added: Counter[tuple[str, int, str, str]]) -> None:
        names = ("process", "version", "kind", "name")
        rows = [
            {"tenant": self._tenant, "number": number, **dict(zip(names, key, strict=True))}
            for key, number in sorted(added.items())
            if number
        ]
        if rows:
            _many(transaction, _TALLY[transaction.dialect.name], rows)
            transaction.execute(_NO_TALLY, {"t": self._tenant})

    def _measure(self, transaction: Connection, added: Measured) -> None:
        groups = defaultdict[tuple[Any, ...], list[_Addition]](list)
        for addition in added.additions():
            groups[addition[0][:4]].append(addition)
        rows, gone = [], []
        for group, additions in groups.items():
            where = {"t": self._tenant, **dict(zip(Key._fields, group, strict=False))}
            present = {(row.kind, row.name): row for row in transaction.execute(_MEASURED, where)}
            for key, number, durations in additions:
                row = _sum(present.get((key.kind, key.name)), number, durations)
                rows.append({"tenant": self._tenant, **key._asdict(), **row})
                if not row["number"]:
                    gone.append({"t": self._tenant, **{f"k_{n}": v for n, v in key._asdict().items()}})
        _many(transaction, _MEASURE[transaction.dialect.name], rows)
        _many(transaction, _NO_MEASURE, gone)

    def _clear(self, transaction: Connection, read: dict[str, float]) -> None:
        keys, unchanged = list(read), []
        for first in range(0, len(keys), AT_ONCE):
            chunk = {"t": self._tenant, "keys": keys[first : first + AT_ONCE]}
            for row in transaction.execute(_LOCK, chunk):
                if row.unshown == read[row.business_key]:
                    unchanged.append({"t": self._tenant, "key": row.business_key})
        _many(transaction, _CLEAR, unchanged)


_Addition = tuple[Key, int, Histogram | None]


def _sum(present: Any, number: int, durations: Histogram | None) -> Row:
    before, text = (present.number, present.histogram) if present is not None else (0, None)
    if durations is not None:
        both = Histogram.from_json(text)
        both.merge(durations)
        text = both.to_json()
    return {"number": before + number, "histogram": text}


def _flat(lists: Iterable[Sequence[Row]]) -> list[Row]:
    return [row for rows in lists for row in rows]


def _many(transaction: Connection, statement: Any, rows: Sequence[Row]) -> None:
    if rows:
        transaction.execute(statement, rows)
