"""What one order throws moves others: their cases are told, and no tracker overwrites what another did."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.engines.called_models import boundary, catch, end, model, receive, start, throw
from tests.tracking.timed import BEGAN, HOUR, Timed
from tests.tracking.world import TENANT, message
from trackflow.tracking.ledger import Ledger

STARTS = frozenset({"Go", "Go2"})
THROWER = model("thrower", start("Go2") + throw("T", "signal", "Alarm") + receive("B", "B"), "S>T>B")
HEARER = model("hearer", start() + catch("c", "signal", "Alarm") + receive("a", "A") + end("E"), "S>c>a>E")
PATIENT = model(
    "hearer",
    start() + catch("c", "signal", "Alarm") + catch("t", "timer", "PT1H") + end("E"),
    "S>c>t>E",
)
# `M` hears each signal, and `N` each `D`, as long as the order runs; each order throws a signal at `A`.
CROWD = model(
    "crowd",
    start()
    + '<parallelGateway id="P"/>'
    + receive("W", "B")
    + boundary("M", "W", "signal", "Alarm", interrupting=False)
    + boundary("N", "W", "message", "D", interrupting=False)
    + receive("R", "A")
    + throw("T", "signal", "Alarm")
    + receive("C", "C"),
    "S>P P>W P>R R>T T>C",
)
ORDERS = 5
TIMES = 5


@pytest.fixture
def shop(ledger: Ledger) -> Timed:
    return Timed(ledger, starts=STARTS)


def test_an_event_that_waited_is_told_when_another_orders_signal_lets_it(shop: Timed) -> None:
    # Given an order whose next event came too early
    shop.deploy(THROWER, HEARER)
    shop.hear("Go", "k1")
    assert shop.hear("A", "k1") == "waiting"
    before = shop.case("k1")

    # When another order throws the signal that it waits for
    assert shop.hear("Go2", "k2") == "correlated"

    # Then its case is due now, and shown again, and the event takes effect
    after = shop.case("k1")
    assert (after.version, after.due_at) == (before.version + 1, shop.clock.now)
    assert after.unshown > before.unshown
    shop.tracker.sweep()
    assert shop.instance("k1").state == "completed"


def test_a_timer_that_another_orders_signal_sets_fires(shop: Timed) -> None:
    shop.deploy(THROWER, PATIENT)
    shop.hear("Go", "k1")
    assert shop.case("k1").timer_at is None

    shop.hear("Go2", "k2")
    assert shop.case("k1").timer_at == shop.case("k1").due_at == BEGAN + HOUR

    shop.clock.passes(HOUR)
    assert shop.tracker.sweep()
    assert shop.instance("k1").state == "completed"


def test_a_signal_that_another_order_cannot_take_changes_nothing(shop: Timed) -> None:
    # Given an order that would fail behind the signal
    stuck = model(
        "hearer",
        start() + catch("c", "signal", "Alarm") + '<exclusiveGateway id="g"/>' + end("e") + end("f"),
        "S>c>g g>e?missing==1 g>f?missing==2",
    )
    shop.deploy(THROWER, stuck)
    shop.hear("Go", "k1")
    before = shop.case("k1"), shop.passed("k1")

    # When the signal is thrown, then the event that brought it is refused, and both are as they were
    assert shop.hear("Go2", "k2") == "refused"
    assert (shop.case("k1"), shop.passed("k1")) == before
    assert shop.engine.history(TENANT, "k2") == []


def test_no_signal_is_lost_when_trackers_throw_at_the_same_time(shop: Timed) -> None:
    # Given orders that hear each other's signals
    shop.deploy(CROWD)
    keys = [f"k{number}" for number in range(ORDERS)]
    for key in keys:
        shop.hear("Go", key)

    # When each throws one, told by a tracker of its own, while others tell it something else
    def tell(event: str, key: str) -> str:
        return shop.another().handle(message(event, key))

    work = [("A", key) for key in keys] + [("D", key) for key in keys] * TIMES
    random.Random(7).shuffle(work)
    with ThreadPoolExecutor(2 * ORDERS) as pool:
        outcomes = list(pool.map(lambda each: tell(*each), work))

    # Then nothing had to be told twice, and each order took every one
    assert set(outcomes) == {"correlated"}
    heard = {key: (passed["M"], passed["N"]) for key in keys for passed in [Counter(shop.passed(key))]}
    assert heard == dict.fromkeys(keys, (ORDERS, TIMES))
    assert {key: shop.case(key).version for key in keys} == dict.fromkeys(keys, 1 + ORDERS + TIMES)
