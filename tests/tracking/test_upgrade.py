"""A ledger of the version before the board is brought up to date when it is opened."""

import multiprocessing
from typing import Any

import pytest
import sqlalchemy as sa

from tests.tracking.order_engines import RemoteOrders
from tests.tracking.world import World
from trackflow.tracking import tables
from trackflow.tracking.ledger import Ledger

# As that version made them, with what it left there.
_OLD = """
CREATE TABLE events (tenant VARCHAR(64) NOT NULL, event_id VARCHAR(255) NOT NULL,
    business_key VARCHAR(255) NOT NULL, name VARCHAR(255) NOT NULL, starts BOOLEAN NOT NULL,
    cause VARCHAR(255), body TEXT NOT NULL, traceparent VARCHAR(255), published_at DOUBLE PRECISION,
    received_at DOUBLE PRECISION NOT NULL, correlated_at DOUBLE PRECISION, outcome VARCHAR(12) NOT NULL,
    reason TEXT, attempted BOOLEAN NOT NULL, seen_version INTEGER NOT NULL, deliveries INTEGER NOT NULL,
    failures INTEGER NOT NULL, PRIMARY KEY (tenant, event_id));
CREATE TABLE cases (tenant VARCHAR(64) NOT NULL, business_key VARCHAR(255) NOT NULL, version INTEGER NOT NULL,
    start_event_id VARCHAR(255), ended BOOLEAN NOT NULL, token VARCHAR(32), claimed_until DOUBLE PRECISION,
    due_at DOUBLE PRECISION, idle INTEGER NOT NULL, open INTEGER NOT NULL, first_at DOUBLE PRECISION,
    last_at DOUBLE PRECISION, PRIMARY KEY (tenant, business_key));
CREATE INDEX events_case ON events (tenant, business_key, outcome, starts DESC, received_at);
INSERT INTO cases VALUES ('showcase', 'first', 1, 'e1', :no, null, null, null, 0, 0, 17.5, 18.5);
INSERT INTO cases VALUES ('showcase', 'lock', 0, null, :no, null, null, null, 0, 0, null, null);
INSERT INTO events VALUES ('showcase', 'e1', 'first', 'Order_Placed', :yes, null, '{}', null, null, 17.5, 18,
    'correlated', null, :no, -1, 1, 0)
"""


@pytest.fixture
def old_url(ledger_url: str) -> str:
    """A ledger of that version, with an order in it."""
    if ledger_url == "sqlite://":
        pytest.skip("is gone when it is closed")
    database = sa.create_engine(ledger_url)
    with database.begin() as connection:
        for statement in _OLD.split(";"):
            values = {"no": False, "yes": True}
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            connection.execute(sa.text(statement), used)
    database.dispose()
    return ledger_url


def _schema(ledger: Ledger) -> dict[str, Any]:
    present = sa.inspect(ledger.database)
    return {
        table: (
            {column["name"] for column in present.get_columns(table)},
            {index["name"] for index in present.get_indexes(table)},
        )
        for table in present.get_table_names()
    }


def _unshown(ledger: Ledger) -> dict[str, float | None]:
    with ledger.reading() as transaction:
        rows = transaction.execute(sa.select(tables.cases.c.business_key, tables.cases.c.unshown))
        return {row.business_key: row.unshown for row in rows}


def test_it_has_everything_that_a_new_one_has(old_url: str) -> None:
    ledger = Ledger(old_url)

    expected = {
        table.name: ({column.name for column in table.columns}, {index.name for index in table.indexes})
        for table in tables.metadata.sorted_tables
    }
    assert _schema(ledger) == expected


def test_its_orders_are_still_to_be_shown(old_url: str) -> None:
    ledger = Ledger(old_url)

    assert _unshown(ledger) == {"first": 17.5, "lock": None}


def test_opening_it_again_changes_nothing(old_url: str) -> None:
    ledger = Ledger(old_url)
    before = _schema(ledger)
    with ledger.writing() as transaction:
        transaction.execute(sa.update(tables.cases).values(unshown=None))

    again = Ledger(old_url)

    assert _schema(again) == before
    assert _unshown(again) == {"first": None, "lock": None}


def test_its_orders_go_on(old_url: str) -> None:
    world = World(Ledger(old_url), RemoteOrders())
    world.engine.start("first")

    assert world.hear("Payment_Done", "first") == "correlated"


def test_processes_that_open_it_at_once_all_succeed(old_url: str) -> None:
    fork = multiprocessing.get_context("fork")
    together = fork.Barrier(4)
    processes = [fork.Process(target=_open, args=(old_url, together)) for _ in range(4)]

    for process in processes:
        process.start()
    for process in processes:
        process.join(60)

    assert [process.exitcode for process in processes] == [0] * 4


def _open(url: str, together: Any) -> None:
    together.wait()
    Ledger(url).close()
