"""The stretches of the projection's indexes in which the orders of a filter lie.

A list never reads more than a stretch, and never more of it than it needs: so a page costs the same among a
thousand orders and among a million. Each statement names one tenant, one value and one order: neither the
planner of SQLite, which has no statistics, nor PostgreSQL's has a choice to get wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, literal, literal_column, select, text, tuple_
from sqlalchemy import column as sa_column

from trackflow.projection.cursor import Position, Sorting
from trackflow.projection.filters import Filter
from trackflow.projection.tables import awaited, places, standings

_TIMES = frozenset(("started_from", "started_before", "older_than", "younger_than"))
_LAST = 0x10FFFF  # of Unicode
_SURROGATES = range(0xD800, 0xE000)  # no text may hold one
Conditions = tuple[ColumnElement[bool], ...]
_TYPES = {each.name: each.type for table in (standings, places, awaited) for each in table.c}


@dataclass(frozen=True, slots=True)
class Range:
    """A stretch of an index.

    Attributes:
        index: its name. SQLite is told it: of two indexes that seem as good, it takes the one created last.
            None: the primary key.
        table: that it is of.
        sort: what it is sorted by, see `cursor.SORTS`; equals are sorted by the business key.
        parts: what is in it; several are read side by side and merged.
        decides: attributes of the filter that all of its orders fulfil.
    """

    index: str | None
    table: Table
    sort: str
    parts: tuple[Conditions, ...]
    decides: frozenset[str]

    def positions(
        self, connection: Connection, sorting: Sorting, after: Position | None, limit: int
    ) -> list[Position]:
        """At most so many, in this order, behind a position. `sorting.by` must be `sort`."""
        dialect = connection.dialect.name
        found = [
            Position(row.value, row.key)
            for part in self.parts
            for row in connection.execute(self.statement(dialect, part, sorting, after, limit))
        ]
        return sorted(found, reverse=sorting.descending)[:limit] if len(self.parts) > 1 else found

    def keys(self, connection: Connection, limit: int) -> list[str]:
        """At most so many business keys, any."""
        found = list[str]()
        for part in self.parts:
            some = select(_KEY).select_from(self._along(connection.dialect.name)).where(*part)
            found += connection.execute(some.limit(limit - len(found))).scalars()
        return found

    def statement(
        self, dialect: str, part: Conditions, sorting: Sorting, after: Position | None, limit: int
    ) -> Select[Any]:
        """Of one part of it."""
        value = _VALUES.get(self.sort)
        columns = (_KEY,) if value is None else (value, _KEY)
        chosen = select((literal("") if value is None else value).label("value"), _KEY.label("key"))
        chosen = chosen.select_from(self._along(dialect)).where(*part)
        if after is not None:
            place = tuple_(*(literal(each) for each in after[-len(columns) :]))
            stands = tuple_(*columns)
            chosen = chosen.where(stands < place if sorting.descending else stands > place)
        return chosen.order_by(*(each.desc() if sorting.descending else each for each in columns)).limit(
            limit
        )

    def _along(self, dialect: str) -> Any:
        hint = f" INDEXED BY {self.index}" if self.index and dialect == "sqlite" else ""
        return text(self.table.name + hint)


def ranges_of(tenant: str, wanted: Filter, now: float) -> list[Range]:
    """All stretches that hold every order of the filter, those that are usually shorter first.

    For each of `cursor.SORTS` but "since" there is one; for that, if an element is chosen.
    """
    return list(_ranges(tenant, wanted, now))


def _ranges(tenant: str, wanted: Filter, now: float) -> Iterator[Range]:
    since, until = wanted.started(now)
    mine = _of("tenant") == tenant
    began = _between(_VALUES["started"], since, until)

    def newest(index: str, attribute: str, *values: ColumnElement[bool], table: Table = standings) -> Range:
        parts = tuple((mine, value, *began) for value in values)
        return Range(index, table, "started", parts, _TIMES | {attribute})

    if wanted.element is not None:
        at = (mine, _of("element") == wanted.element)
        yield Range("places_element", places, "since", (at,), frozenset(("element",)))
    if wanted.awaits is not None:
        yield newest("awaited_event", "awaits", _of("event") == wanted.awaits, table=awaited)
    # What partial indexes are made of is no parameter: that could be anything.
    if wanted.outcome is not None:
        yield newest(f"standings_{wanted.outcome}", "outcome", _of(wanted.outcome) > literal_column("0"))
    for flag, chosen in (("late", wanted.late), ("deviates", wanted.deviates or wanted.deviation)):
        if chosen:
            yield newest(f"standings_{flag}", flag, _of(flag).is_(True))
    if wanted.key is not None:
        beginning = (mine, *_beginning_with(wanted.key))
        yield Range(None, standings, "key", (beginning,), frozenset(("key",)))
    if wanted.last_event is not None:
        yield newest("standings_last_event", "last_event", _of("last_event") == wanted.last_event)
    if wanted.state or wanted.element is not None:
        states = wanted.state or ("running",)  # no other order is at an element
        yield newest("standings_state", "state", *(_of("state") == state for state in states))
    yield Range("standings_started", standings, "started", ((mine, *began),), _TIMES)
    # What began since then also had its last event since then.
    touched = (mine, *_between(_VALUES["updated"], since, math.inf))
    yield Range("standings_updated", standings, "updated", (touched,), frozenset())
    yield Range(None, standings, "key", ((mine,),), frozenset())


def _of(column: str) -> ColumnElement[Any]:
    """Of whichever table is read: the names are the same in all of them."""
    return sa_column(column, _TYPES[column])


_KEY = _of("business_key")
_VALUES = {"started": _of("started_at"), "updated": _of("updated_at"), "since": _of("since")}


def _between(column: ColumnElement[float], since: float, until: float) -> list[ColumnElement[bool]]:
    return [column >= since] * (since > -math.inf) + [column < until] * (until < math.inf)


def _beginning_with(prefix: str) -> list[ColumnElement[bool]]:
    """As a range: keys are compared by code points on every database."""
    end = prefix.rstrip(chr(_LAST))
    key = _KEY
    conditions = [key >= prefix]
    if end:
        following = ord(end[-1]) + 1
        following = _SURROGATES.stop if following in _SURROGATES else following
        conditions.append(key < end[:-1] + chr(following))
    return conditions
