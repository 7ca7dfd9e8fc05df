"""Statements of SQLAlchemy Core for hot paths: compiled once, then run on the driver's own cursor.

Executing through Core costs six times as much as the driver needs, and the tracker executes seven statements
an event. What Core would convert on the way is left to the caller: SQLite's Booleans come back as 0 and 1.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect


class Prepared:
    """A statement for any dialect, with named parameters (`bindparam`), for a transaction that has begun."""

    def __init__(self, statement: Any) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def run(self, transaction: Connection, parameters: Mapping[str, Any]) -> int:
        """Execute a statement that writes; how many rows it changed. Raises the driver's own errors."""
        cursor, _ = self._execute(transaction, parameters)
        count: int = cursor.rowcount
        cursor.close()
        return count

    def first(self, transaction: Connection, parameters: Mapping[str, Any]) -> Any:
        """Execute a statement that returns at most one row: a named tuple, or None."""
        cursor, compiled = self._execute(transaction, parameters)
        row = cursor.fetchone()
        cursor.close()
        return None if row is None else compiled.row(row)

    def all(self, transaction: Connection, parameters: Mapping[str, Any]) -> list[Any]:
        """Execute a statement that returns rows, as named tuples."""
        cursor, compiled = self._execute(transaction, parameters)
        rows = [compiled.row(row) for row in cursor.fetchall()]
        cursor.close()
        return rows

    def _execute(self, transaction: Connection, parameters: Mapping[str, Any]) -> tuple[Any, _Compiled]:
        dialect = transaction.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _Compiled(self._statement, dialect)
        cursor = transaction.connection.cursor()
        cursor.execute(compiled.text, compiled.arguments(parameters))
        return cursor, compiled


class _Compiled:
    """A statement's text for one dialect, and how its parameters and rows are arranged."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        self.text = str(compiled)
        binds = compiled.binds
        self._constants = {name: bind.value for name, bind in binds.items() if not bind.required}
        self._positions: Sequence[str] | None = compiled.positiontup
        self.row = namedtuple("Row", statement.exported_columns.keys())._make  # type: ignore[attr-defined]

    def arguments(self, parameters: Mapping[str, Any]) -> Any:
        """The parameters, with the statement's constants, as the driver takes them."""
        values = {**self._constants, **parameters}
        return values if self._positions is None else [values[name] for name in self._positions]
