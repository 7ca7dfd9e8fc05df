"""What was bound when the choreography was deployed last: AMQP has no question for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from trackflow.tracking.ledger import Ledger
from trackflow.tracking.tables import Now
from trackflow.tracking.tables import bindings as table

# A queue's own row: every queue is bound to the default exchange, whatever else it hears.
ITSELF = ""

_REMEMBERED = (
    select(table.c.queue, table.c.routing_key, table.c.deployed_at)
    .where(table.c.tenant == bindparam("t"))
    .order_by(table.c.queue, table.c.routing_key)
)
_FORGET = delete(table).where(
    table.c.tenant == bindparam("t"),
    table.c.queue == bindparam("q"),
    table.c.routing_key == bindparam("key"),
)


class Remembered(NamedTuple):
    """A binding of a deployment.

    Attributes:
        queue: its name.
        routing_key: at the tenant's exchange; ITSELF for the queue itself.
        deployed_at: when it was deployed last.
    """

    queue: str
    routing_key: str
    deployed_at: datetime


class Bindings:
    """One tenant's bindings in the ledger. All methods raise LedgerError."""

    def __init__(self, ledger: Ledger, tenant: str) -> None:
        self._ledger = ledger
        self._tenant = tenant

    def remembered(self) -> list[Remembered]:
        """All of them, by queue."""
        with self._ledger.reading() as transaction:
            rows = transaction.execute(_REMEMBERED, {"t": self._tenant}).all()
        return [Remembered(row.queue, row.routing_key, _moment(row.deployed_at)) for row in rows]

    def remember(self, deployed: Iterable[tuple[str, str]]) -> None:
        """Note pairs of queue and routing key as deployed now."""
        rows = [{"tenant": self._tenant, "queue": queue, "routing_key": key} for queue, key in deployed]
        with self._ledger.writing() as transaction:
            transaction.execute(_insert(transaction.dialect.name), rows)

    def forget(self, removed: Collection[tuple[str, str]]) -> None:
        """Forget pairs of queue and routing key, which the broker has no more."""
        if removed:
            rows = [{"t": self._tenant, "q": queue, "key": key} for queue, key in removed]
            with self._ledger.writing() as transaction:
                transaction.execute(_FORGET, rows)


def _insert(dialect: str) -> Any:
    insert: Any = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}[dialect]
    statement = insert(table).values(
        tenant=bindparam("tenant"),
        queue=bindparam("queue"),
        routing_key=bindparam("routing_key"),
        deployed_at=Now(),
    )
    keys = ["tenant", "queue", "routing_key"]
    return statement.on_conflict_do_update(index_elements=keys, set_={"deployed_at": Now()})


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
