"""What the embedded engine reads for an event or a timer: twice at most, and by an index.

So the cost does not grow with the number of instances. Every statement is explained by the database itself.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.timer_models import PATIENT
from tests.tracking.order_engines import STEPS
from tests.tracking.timed import HOUR, Timed
from tests.tracking.world import TENANT
from trackflow.bpmn import read
from trackflow.engines.embedded import store
from trackflow.prepared import Prepared, _Compiled
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.tables import cases, events

TRACK_FLOW = Path(__file__).parents[2] / "bpmn" / "track-flow.bpmn"
# There are as many rows as models, and on PostgreSQL it is not worth the while to look them up.
_SMALL = ("engine_models", "engine_withdrawn")
# How both databases say that they go to what is wanted, not through all that a tenant has.
_ONE_ROW = re.compile(
    r"\((tenant=\? AND (business_key|event_id)=\?|id=\?|tenant=\? AND due_at<\?)|engine_models"
    r"|Index Cond: .*(business_key|event_id|\bid|due_at)\)?.* (=|<=) "
)
OTHERS = 5000  # orders that have ended
Seen = list[tuple[str, Any]]  # statements and their arguments, as the driver has them


@pytest.fixture
def timed(ledger: Ledger) -> Timed:
    """With many other orders, of which the database knows how many they are."""
    timed = Timed(ledger)
    with ledger.writing() as transaction:
        for table, values in _OTHERS.items():
            rows = [{**values, **_ids(table, number)} for number in range(OTHERS)]
            transaction.execute(sa.insert(table), rows)
    if ledger.database.dialect.name == "postgresql":  # on SQLite nobody does
        with ledger.writing() as transaction:
            transaction.execute(sa.text("ANALYZE"))
    return timed


_OTHERS: Mapping[sa.Table, Mapping[str, Any]] = {
    store.instances: {
        "tenant": TENANT,
        "process": "orders",
        "version": 1,
        "started": 1.0,
        "ended": 2.0,
        "how": "completed",
        "state": "{}",
    },
    cases: {"tenant": TENANT, "version": 4, "ended": True, "idle": 0, "open": 0},
    events: {
        "tenant": TENANT,
        "name": "Order_Placed",
        "starts": True,
        "body": "{}",
        "outcome": "correlated",
        "attempted": False,
        "seen_version": -1,
        "deliveries": 1,
        "failures": 0,
    },
}


def _ids(table: sa.Table, number: int) -> dict[str, Any]:
    found: dict[str, Any] = {"business_key": f"other-{number}"}
    if table is store.instances:
        found["id"] = f"i{number}"
    if table is events:
        found |= {"event_id": f"e{number}", "received_at": float(number)}
    if table is cases:
        found |= {"first_at": float(number), "last_at": float(number)}
    return found


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """A `with` that yields every statement that is run in it."""
    execute = Prepared._execute

    @contextmanager
    def watched() -> Iterator[Seen]:
        seen: Seen = []

        def noted(
            self: Prepared, transaction: sa.Connection, parameters: Mapping[str, Any]
        ) -> tuple[Any, _Compiled]:
            cursor, compiled = execute(self, transaction, parameters)
            seen.append((compiled.text, compiled.arguments(parameters)))
            return cursor, compiled

        with monkeypatch.context() as patch:
            patch.setattr(Prepared, "_execute", noted)
            yield seen

    return watched


def _reads_of_engine(seen: Seen) -> list[str]:
    return [text for text, _ in seen if text.startswith("SELECT") and "engine_" in text]


def _assert_indexed(ledger: Ledger, seen: Seen) -> None:
    is_sqlite = ledger.database.dialect.name == "sqlite"
    with ledger.reading() as transaction:
        cursor = transaction.connection.cursor()
        for text, arguments in seen:
            cursor.execute(f"EXPLAIN {'QUERY PLAN ' if is_sqlite else ''}{text}", arguments)
            plan = [str(row[-1]) for row in cursor.fetchall()]
            whole = [line for line in plan if "Seq Scan" in line or line.startswith("SCAN")]
            assert all(any(small in line for small in _SMALL) for line in whole), (text, plan)
            narrowed = [line for line in plan if _ONE_ROW.search(line)]
            assert whole or narrowed or text.startswith("INSERT"), (text, plan)


def test_an_event_takes_two_indexed_reads(timed: Timed, watched: Callable[[], Any]) -> None:
    timed.deploy(read(TRACK_FLOW))
    timed.hear(STEPS[0], "warm")  # from now on the model is known
    for event in STEPS:
        with watched() as seen:
            assert timed.hear(event) == "correlated"

        assert 1 <= len(_reads_of_engine(seen)) <= 2
        _assert_indexed(timed.ledger, seen)


def test_an_event_that_comes_early_is_read_for_by_indexes(timed: Timed, watched: Callable[[], Any]) -> None:
    timed.deploy(read(TRACK_FLOW))
    with watched() as seen:
        assert timed.hear(STEPS[1]) == "waiting"

    assert len(_reads_of_engine(seen)) == 3  # also whether its order has ended
    _assert_indexed(timed.ledger, seen)


def test_a_timer_takes_one_indexed_read(timed: Timed, watched: Callable[[], Any]) -> None:
    timed.deploy(PATIENT)
    timed.hear("Order_Placed")
    timed.clock.passes(2 * HOUR)
    with watched() as seen:
        assert timed.tracker.sweep()

    assert len(_reads_of_engine(seen)) == 1
    _assert_indexed(timed.ledger, seen)


def test_a_tracker_with_nothing_to_do_asks_one_index(timed: Timed, watched: Callable[[], Any]) -> None:
    timed.deploy(PATIENT)
    timed.hear("Order_Placed")
    with watched() as seen:
        assert not timed.tracker.sweep()

    assert len(seen) == 1
    _assert_indexed(timed.ledger, seen)
