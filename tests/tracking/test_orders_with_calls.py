"""An order with called instances is where its own instance is, and awaits what any of them does."""

import pytest

from tests.engines.called_models import CALLED, begin, boundary, call, catch, end, model, receive, start
from tests.tracking.timed import BEGAN, HOUR, Timed
from tests.tracking.world import KEY, TENANT
from trackflow.projection.conformance import deviations
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.orders import Order
from trackflow.tracking.queries import Queries

CALLER = model(
    "caller",
    start() + call("K", "called") + boundary("X", "K", "message", "Stop") + receive("B", "B") + end("E"),
    "S>K>B>E X>E",
)
TIMED = model("called", begin() + catch("t", "timer", "PT1H") + end("z"), "s>t>z")


class Shop(Timed):
    """What people ask about the order, too."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger, starts=frozenset({"Go"}))
        self.queries = Queries(ledger, self.engine, TENANT)

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
    shop.deploy(CALLER, CALLED)
    shop.hear("Go")

    order = shop.order()

    assert (order.state, order.awaiting) == ("running", ("A", "Stop"))
    assert order.instance_id == order.instances[0].id


def test_an_order_runs_until_its_own_instance_has_ended(shop: Shop) -> None:
    shop.deploy(CALLER, CALLED)

    # Given that the called instance has ended, then the order still runs, and keeps what comes early
    assert [shop.hear(event) for event in ("Go", "B", "A")] == ["correlated", "waiting", "correlated"]

    # And what waited for the call's end was told at once
    assert shop.order().state == "completed"
    assert shop.hear("A") == "unmatched"


def test_what_a_caller_ends_is_no_deviation(shop: Shop) -> None:
    shop.deploy(CALLER, CALLED)
    shop.hear("Go")
    shop.hear("Stop")

    order = shop.order()

    assert [each.state for each in order.instances] == ["completed", "terminated"]
    assert order.state == "completed"
    assert list(deviations((), order.instances, lambda process, version: None)) == []


def test_a_timer_of_a_called_instance_fires_and_ends_the_call(shop: Shop) -> None:
    # Given a timer in a called instance
    shop.deploy(CALLER, TIMED)
    shop.hear("Go")
    assert [timer.due.timestamp() for timer in shop.order().timers] == [BEGAN + HOUR]

    # When it is due
    shop.clock.passes(HOUR)
    assert shop.tracker.sweep()

    # Then the order is behind the call, and no timer is left
    assert (shop.order().awaiting, shop.order().timers) == (("B",), ())
    assert not shop.tracker.sweep()
