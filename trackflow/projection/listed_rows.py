"""Reads what the projection knows of orders whose business keys are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Table, select

from trackflow.projection.listed import Listed
from trackflow.projection.tables import awaited, places


def rows_of(connection: Connection, tenant: str, table: Table, keys: Sequence[str]) -> Sequence[Any]:
    """A table's rows about these orders, in any order."""
    if not keys:
        return ()
    mine = (table.c.tenant == tenant, table.c.business_key.in_(keys))
    return connection.execute(select(table).where(*mine)).all()


def listed(connection: Connection, tenant: str, standings: Sequence[Any]) -> Iterator[Listed]:
    """The orders of some rows of standings, with their places, in the same order."""
    keys = [row.business_key for row in standings]
    at = _by_key(rows_of(connection, tenant, places, keys))
    waits = _by_key(rows_of(connection, tenant, awaited, keys))
    for row in standings:
        yield Listed.from_rows(row, at.get(row.business_key, ()), waits.get(row.business_key, ()))


def _by_key(rows: Sequence[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.business_key, []).append(row)
    return found
