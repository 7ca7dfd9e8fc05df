"""What the engine asks of a database, as the driver is given it, and how the database finds the rows.

The hot statements run on the driver's own cursor (`trackflow.prepared`), where SQLAlchemy's events do not see
them: so it is the driver that tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text

from trackflow.engines.embedded import store

_TABLES = re.compile(rf"\b({'|'.join(store.instances.metadata.tables)})\b")
# Of the instances: by business key, and the primary key as each database names it.
_OF_ONE_ORDER = ("engine_instances_by_key", "sqlite_autoindex_engine_instances_1", "engine_instances_pkey")


class Statements(list[tuple[str, Any]]):
    """Statements on the engine's tables, with their parameters, in the order in which they ran."""

    def note(self, statement: str, parameters: Any = None) -> None:
        """Keep it, if it is on a table of the engine's."""
        if _TABLES.search(statement):
            self.append((statement, parameters))

    @property
    def reads(self) -> int:
        return sum(statement.lstrip().startswith("SELECT") for statement, _ in self)


@contextmanager
def recorded(transaction: Connection) -> Iterator[Statements]:
    """The statements of a transaction while the block runs."""
    statements, driver = Statements(), _driver(transaction)
    if transaction.dialect.name == "sqlite":
        driver.set_trace_callback(statements.note)
        try:
            yield statements
        finally:
            driver.set_trace_callback(None)
        return
    usual = driver.cursor_factory

    class Recording(usual):  # type: ignore[misc,valid-type]
        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            statements.note(str(query), params)
            return super().execute(query, params, **options)

    driver.cursor_factory = Recording
    try:
        yield statements
    finally:
        driver.cursor_factory = usual


def reads_too_much(transaction: Connection, statement: str, parameters: Any) -> list[str]:
    """How the database would read more than one order's rows, in its own words; empty if it would not.

    A table of models has a row for each version: PostgreSQL reads such a small one as a whole, which is less
    work than an index is. There the question is whether an index would serve.
    """
    if transaction.dialect.name == "sqlite":
        plan = _driver(transaction).execute(f"EXPLAIN QUERY PLAN {statement}")
        steps = [detail for *_, detail in plan if detail.startswith(("SCAN", "SEARCH"))]
    else:
        prefers_index = "on" if store.instances.name in statement else "off"
        transaction.execute(text(f"SET LOCAL enable_seqscan = {prefers_index}"))
        with _driver(transaction).cursor() as cursor:
            ((plan,),) = cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters).fetchall()
        steps = list(_steps(plan[0]["Plan"]))
    return [step for step in steps if not _is_narrow(step, statement)]


def _driver(transaction: Connection) -> Any:
    return transaction.connection.dbapi_connection


def _steps(node: dict[str, Any]) -> Iterator[str]:
    """Where a plan of PostgreSQL's reads: the words of SQLite's."""
    if "Index Name" in node:
        yield f"{node['Node Type']} USING INDEX {node['Index Name']}"
    elif node["Node Type"] == "Seq Scan":
        yield f"Seq Scan on {node['Relation Name']}"
    for child in node.get("Plans", ()):
        yield from _steps(child)


def _is_narrow(step: str, statement: str) -> bool:
    """Another index of the instances could begin with the tenant alone, and lead to all that run."""
    if store.instances.name in statement:
        return any(f"INDEX {index}" in step for index in _OF_ONE_ORDER)
    return "INDEX" in step
