"""The tracker and the engine that lives in its ledger, with the project's own model."""

from itertools import permutations
from pathlib import Path

import pytest

from tests.tracking.order_engines import STARTS, STEPS
from tests.tracking.world import KEY, TENANT, message
from trackflow.bpmn import read
from trackflow.engines.embedded import EmbeddedEngine, create_tables
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.queries import Queries
from trackflow.tracking.tracker import Tracker, open_tracker

MODEL = Path(__file__).parents[2] / "bpmn" / "track-flow.bpmn"


@pytest.fixture
def engine(ledger: Ledger) -> EmbeddedEngine:
    ledger.create(create_tables)
    engine = EmbeddedEngine(ledger.database)
    engine.deploy([read(MODEL)], TENANT)
    return engine


@pytest.fixture
def tracker(ledger: Ledger, engine: EmbeddedEngine) -> Tracker:
    return open_tracker(ledger, engine, TENANT, STARTS)


def test_orders_end_whatever_the_order_of_their_events(
    ledger: Ledger, engine: EmbeddedEngine, tracker: Tracker
) -> None:
    orders = {f"order-{number}": order for number, order in enumerate(permutations(STEPS))}
    for key, order in orders.items():
        for event in order:
            tracker.handle(message(event, key))

    listed = Queries(ledger, engine, TENANT).orders("completed", 100)

    assert {order.business_key for order in listed} == set(orders)


def test_an_order_is_shown_on_its_way(ledger: Ledger, engine: EmbeddedEngine, tracker: Tracker) -> None:
    for event in STEPS[:2]:
        tracker.handle(message(event))

    shown = Queries(ledger, engine, TENANT).order(KEY)

    assert shown is not None
    assert (shown.state, shown.awaiting) == ("running", ("Goods_Fetched",))
    assert shown.instances[0].path


def test_too_much_of_everything_ends_well(ledger: Ledger, tracker: Tracker) -> None:
    outcomes = [tracker.handle(message(event)) for event in (*STEPS, *STEPS)]

    assert outcomes == ["correlated"] * 4 + ["duplicate"] + ["unmatched"] * 3
