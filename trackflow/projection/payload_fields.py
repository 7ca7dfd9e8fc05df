"""Finds orders by fields of their events' payloads: in the database, which need not send the bodies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Numeric,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSON

from trackflow.projection.filters import Filter
from trackflow.tracking.tables import events

# As JSON writes numbers, and no longer than a person would.
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,29})(\.\d{1,30})?([eE][+-]?\d{1,2})?", re.ASCII)
_LITERALS = ("true", "false", "null")
_BIGGEST = 2**63 - 1  # of an integer in SQLite
# For SQLite a NUL ends its string, and PostgreSQL ends the whole question at one.
_BODY = func.replace(events.c.body, r"\u0000", r"\ufffd")


def with_payload(connection: Connection, tenant: str, keys: Sequence[str], wanted: Filter) -> frozenset[str]:
    """Those of these orders that have an event whose payload has all the wanted fields.

    A value is a string, or the number, `true`, `false` or `null` that it is written as: `amount=150` finds
    150, 150.0 and "150".
    """
    holds = _holds_sqlite if connection.dialect.name == "sqlite" else _holds_postgresql
    statement = select(events.c.business_key).distinct()
    mine = (events.c.tenant == tenant, events.c.business_key.in_(keys))
    fields = [holds(path.split("."), value) for path, value in wanted.payload]
    return frozenset(connection.execute(statement.where(*mine, *fields)).scalars())


def _holds_sqlite(path: Sequence[str], value: str) -> ColumnElement[bool]:
    place = ".".join(["$", "payload", *(f'"{name}"' for name in path)])
    kind, found = func.json_type(_BODY, place), func.json_extract(_BODY, place)
    ways: list[ColumnElement[bool]] = [and_(kind == "text", found == literal(value))]
    if value in _LITERALS:
        ways.append(kind == value)
    if _NUMBER.fullmatch(value):
        is_whole = value.lstrip("-").isdigit() and abs(int(value)) <= _BIGGEST
        ways.append(and_(kind.in_(("integer", "real")), found == (int(value) if is_whole else float(value))))
    return or_(*ways)


def _holds_postgresql(path: Sequence[str], value: str) -> ColumnElement[bool]:
    body = cast(_BODY, JSON)
    place = [cast(name, String) for name in ("payload", *path)]
    kind: Any = func.json_typeof(func.json_extract_path(body, *place))
    found: Any = func.json_extract_path_text(body, *place)
    ways: list[tuple[Any, Any]] = [(kind == "string", found == value)]
    if value in _LITERALS:
        ways.append((kind.in_(("boolean", "null")), func.coalesce(found, "null") == value))
    if _NUMBER.fullmatch(value):
        ways.append((kind == "number", cast(found, Numeric) == Decimal(value)))
    return case(*ways, else_=False)
