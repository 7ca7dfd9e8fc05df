"""Brings an earlier version's ledger up to date: what is missing is added, nothing is changed or removed.

So trackers of the earlier version may go on beside it. A new column must be nullable.
"""

from __future__ import annotations

from sqlalchemy import Column, Connection, Index, Table, inspect, text, update
from sqlalchemy.schema import CreateColumn, CreateIndex

from trackflow.tracking.tables import cases, metadata

# What a new column holds in old rows. The board has shown nothing yet.
_FILLED = {cases.c.unshown: cases.c.first_at}


def create_tables(connection: Connection) -> None:
    """Create what is missing: tables, columns, indexes. Two must not do it at the same time."""
    metadata.create_all(connection)
    present = inspect(connection)
    for table in metadata.sorted_tables:
        columns = {column["name"] for column in present.get_columns(table.name)}
        indexes = {index["name"] for index in present.get_indexes(table.name)}
        for column in table.columns:
            if column.name not in columns:
                _add(connection, table, column)
        for index in sorted(table.indexes, key=_name):
            if index.name not in indexes:
                connection.execute(CreateIndex(index))


def _add(connection: Connection, table: Table, column: Column[object]) -> None:
    definition = CreateColumn(column).compile(dialect=connection.dialect)
    connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {definition}"))
    if column in _FILLED:
        connection.execute(update(table).values({column: _FILLED[column]}))


def _name(index: Index) -> str:
    return str(index.name)
