"""An order with called instances is where its own instance is, and awaits what any of them does."""

import pytest

from tests.engines.called_models import CALLED, begin, boundary, call, catch, end, model, receive, start
from tests.tracking.timed import BEGAN, HOUR, Hand
from tests.tracking.world import KEY, TENANT, message
from trackflow.engines.embedded import EmbeddedEngine, create_tables
from trackflow.projection.conformance import deviations
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.orders import Order
from trackflow.tracking.queries import Queries
from trackflow.tracking.tracker import open_tracker

CALLER = model(
    "caller",
    start() + call("K", "called") + boundary("X", "K", "message", "Stop") + receive("B", "B") + end("E"),
    "S>K>B>E X>E",
)
TIMED = model("called", begin() + catch("t", "timer", "PT1H") + end("z"), "s>t>z")


class Shop:
    """A tracker on a ledger, by a clock that a test moves."""

    def __init__(self, ledger: Ledger) -> None:
        ledger.create(create_tables)
        self.clock = Hand()
        self.engine = EmbeddedEngine(ledger.database)
        self.tracker = open_tracker(ledger, self.engine, TENANT, frozenset({"Go"}), clock=self.clock)
        self.queries = Queries(ledger, self.engine, TENANT)

    def hear(self, *events: str) -> list[str]:
        return [self.tracker.handle(message(event)) for event in events]

    def order(self) -> Order:
        found = self.queries.order(KEY)
        assert found is not None
        (listed,) = self.queries.orders()
        assert (listed.state, listed.awaiting, listed.instance_id) == (
            found.state,
            found.awaiting,
            found.instance_id,
        )
        return found


@pytest.fixture
def shop(ledger: Ledger) -> Shop:
    return Shop(ledger)


def test_an_order_awaits_what_any_of_its_instances_does(shop: Shop) -> None:
    shop.engine.deploy([CALLER, CALLED], TENANT)
    shop.hear("Go")

    order = shop.order()

    assert (order.state, order.awaiting) == ("running", ("A", "Stop"))
    assert order.instance_id == order.instances[0].id


def test_an_order_runs_until_its_own_instance_has_ended(shop: Shop) -> None:
    shop.engine.deploy([CALLER, CALLED], TENANT)

    # Given that the called instance has ended, then the order still runs, and keeps what comes early
    assert shop.hear("Go", "B", "A") == ["correlated", "waiting", "correlated"]

    # And what waited for the call's end was told at once
    assert shop.order().state == "completed"
    assert shop.hear("A") == ["unmatched"]


def test_what_a_caller_ends_is_no_deviation(shop: Shop) -> None:
    shop.engine.deploy([CALLER, CALLED], TENANT)
    shop.hear("Go", "Stop")

    order = shop.order()

    assert [each.state for each in order.instances] == ["completed", "terminated"]
    assert order.state == "completed"
    assert list(deviations((), order.instances, lambda process, version: None)) == []


def test_a_timer_of_a_called_instance_fires_and_ends_the_call(shop: Shop) -> None:
    # Given a timer in a called instance
    shop.engine.deploy([CALLER, TIMED], TENANT)
    shop.hear("Go")
    assert [timer.due.timestamp() for timer in shop.order().timers] == [BEGAN + HOUR]

    # When it is due
    shop.clock.passes(HOUR)
    assert shop.tracker.sweep()

    # Then the order is behind the call, and no timer is left
    assert (shop.order().awaiting, shop.order().timers) == (("B",), ())
    assert not shop.tracker.sweep()
