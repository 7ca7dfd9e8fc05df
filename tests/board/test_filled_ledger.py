"""The ledger that bench.board fills in bulk is as the tracker and the embedded engine would have left it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.board.filling import MODEL, fill
from bench.board.orders import Order, orders
from trackflow.bpmn import read
from trackflow.engines.embedded import EmbeddedEngine, create_tables, store
from trackflow.message import Message
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.tables import Outcome, cases, events
from trackflow.tracking.tracker import open_tracker

TENANT = "bench"
COUNT = 8000
_OF_A_KIND = 2


def test_a_filled_ledger_is_as_the_tracker_would_have_left_it(tmp_path: Path) -> None:
    # Given many orders filled in, and some of each kind
    filled = f"sqlite:///{tmp_path}/filled.db"
    fill(filled, TENANT, COUNT)
    some = _some_of_each_kind()
    assert len(some) > 10
    # When the tracker hears of the same
    told = f"sqlite:///{tmp_path}/told.db"
    _tell(told, some)
    # Then both ledgers hold the same
    for order in some:
        assert _rows(filled, order) == _rows(told, order), order


def _some_of_each_kind() -> list[Order]:
    """Without those that an engine refused: it would not refuse them today."""
    kinds: dict[object, list[Order]] = {}
    for order in orders(COUNT, time.time()):
        outcomes = tuple((event.name, event.outcome) for event in order.events)
        if Outcome.REFUSED not in dict(outcomes).values():
            kinds.setdefault(outcomes, []).append(order)
    return [order for kind in kinds.values() for order in kind[:_OF_A_KIND]]


def _tell(ledger_url: str, some: list[Order]) -> None:
    ledger = Ledger(ledger_url)
    ledger.create(create_tables)
    engine, model = EmbeddedEngine(ledger.database), read(MODEL)
    engine.deploy([model], TENANT)
    tracker = open_tracker(ledger, engine, TENANT, model.starts)
    for order in some:
        for event in order.events:
            tracker.handle(
                Message.new(
                    tenant=TENANT,
                    business_key=order.key,
                    event=event.name,
                    payload=order.payload,
                    id=event.id,
                    cause=event.cause,
                    published_at=datetime.fromtimestamp(event.published, UTC),
                )
            )
    ledger.close()


def _rows(ledger_url: str, order: Order) -> list[dict[str, Any]]:
    """All but times, and what is new with each start of the engine."""
    database = sa.create_engine(ledger_url)
    with database.connect() as connection:
        found = [
            _plain(row)
            for table, in_order in (
                (events, events.c.received_at),
                (cases, cases.c.first_at),
                (store.instances, store.instances.c.started),
            )
            for row in connection.execute(
                sa.select(table).where(table.c.business_key == order.key).order_by(in_order)
            ).mappings()
        ]
    database.dispose()
    return found


def _plain(row: Any) -> dict[str, Any]:
    plain = {name: value is not None if isinstance(value, float) else value for name, value in row.items()}
    if "state" in plain:
        state = json.loads(plain["state"])
        state["path"] = [(element, entered > 0, left is None) for element, entered, left in state["path"]]
        return plain | {"state": state, "id": None}
    # Of these the filled ledger knows nothing: who emitted an event, and how often its waiting was looked at.
    return {
        name: value for name, value in plain.items() if name not in ("taken_at", "attempts", "seen_version")
    }
