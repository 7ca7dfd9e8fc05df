"""Timers of the embedded engine fire from the tracker's sweep: when they are due, once, in order."""

import logging

import pytest
import sqlalchemy as sa

from tests.timer_models import AS_LONG_AS, PATIENT, REMINDER, catch, choosy, ends, model, pause, start
from tests.tracking.timed import BEGAN, HOUR, Timed
from tests.tracking.world import TENANT
from tests.waiting import until
from trackflow.engines.embedded import store
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.tracker import open_tracker


@pytest.fixture
def timed(ledger: Ledger) -> Timed:
    return Timed(ledger)


def test_a_timer_fires_when_it_is_due_and_once(timed: Timed) -> None:
    timed.deploy(PATIENT)
    timed.hear("Order_Placed")

    timed.clock.passes(2 * HOUR - 1)
    assert timed.sweep_all() == 0

    timed.clock.passes(1)
    assert timed.sweep_all() == 1
    assert timed.instance().awaiting == ("Payment_Done",)
    assert (timed.case().due_at, timed.case().timer_at) == (None, None)


def test_what_came_early_is_told_as_soon_as_the_timer_has_fired(timed: Timed) -> None:
    timed.deploy(PATIENT)
    timed.hear("Order_Placed")
    assert timed.hear("Payment_Done") == "waiting"

    timed.clock.passes(2 * HOUR)
    timed.sweep_all()

    assert timed.instance().state == "completed"
    assert timed.case().open == 0


def test_what_waits_is_given_up_when_a_timer_ends_the_order(timed: Timed) -> None:
    timed.deploy(AS_LONG_AS)
    timed.hear("Order_Placed", payload={"wait": "PT1H"})
    timed.hear("Goods_Fetched")

    timed.clock.passes(HOUR)
    timed.sweep_all()

    assert timed.instance().state == "completed"
    assert timed.case().ended
    assert timed.case().open == 0


def test_an_order_whose_timer_fired_is_to_be_shown_again(timed: Timed) -> None:
    timed.deploy(PATIENT)
    timed.hear("Order_Placed")
    before = timed.case()

    timed.clock.passes(2 * HOUR)
    timed.sweep_all()

    after = timed.case()
    assert after.unshown > before.unshown
    assert after.version == before.version + 1


def test_a_timer_that_the_payment_interrupted_never_fires(timed: Timed) -> None:
    timed.deploy(REMINDER)
    timed.hear("Order_Placed")
    timed.hear("Payment_Done")
    assert timed.case().due_at is None

    timed.clock.passes(48 * HOUR)

    assert timed.sweep_all() == 0


def test_a_repeating_timer_fires_as_often_as_it_says(timed: Timed) -> None:
    timed.deploy(REMINDER)
    timed.hear("Order_Placed")

    for _ in range(30):
        timed.clock.passes(HOUR)
        timed.sweep_all()

    assert timed.passed().count("Remind") == 3
    assert timed.passed().count("GiveUp") == 1
    assert timed.instance().end == "GivenUp"


def test_late_timers_of_many_orders_fire_in_the_order_of_their_due_times(timed: Timed) -> None:
    # Given orders of which each later one waits for less
    timed.deploy(AS_LONG_AS)
    for hours in (5, 3, 4, 1, 2):
        timed.hear("Order_Placed", f"after-{hours}", {"wait": f"PT{hours}H"})
    # When nobody looked for a day, and then a tracker starts
    timed.clock.passes(24 * HOUR)
    ended = []
    restarted = timed.again()
    while restarted.tracker.sweep():
        of_keys = timed.engine.instances(TENANT, [f"after-{hours}" for hours in range(1, 6)])
        ended += [key for key, (each,) in of_keys.items() if each.ended and key not in ended]
    # Then they fire at once, one after the other
    assert ended == [f"after-{hours}" for hours in range(1, 6)]


def test_several_timers_of_one_order_fire_in_order_among_those_of_others(timed: Timed) -> None:
    # Given an order with timers after one hour and after a day, and one with a timer between them
    timed.deploy(REMINDER)
    timed.hear("Order_Placed", "first")
    timed.clock.passes(12 * HOUR)
    timed.hear("Order_Placed", "second")
    timed.clock.passes(36 * HOUR)

    seen = []
    while timed.tracker.sweep():
        seen.append((timed.passed("first").count("GiveUp"), timed.passed("second").count("Remind")))

    # Then the reminder of the second comes before the first one is given up
    assert seen == [(0, 0), (0, 1), (1, 1), (1, 1)]


def test_events_to_look_at_again_do_not_bring_a_timer_forward(timed: Timed) -> None:
    # Given an order whose waiting event is to be looked at long before its timer is due
    timed.deploy(AS_LONG_AS)
    timed.hear("Order_Placed", "late", {"wait": "PT5H"})
    timed.hear("Goods_Fetched", "late")
    timed.hear("Order_Placed", "early", {"wait": "PT1H"})
    assert timed.case("late").due_at < BEGAN + HOUR

    timed.clock.passes(24 * HOUR)
    timed.tracker.sweep()
    timed.tracker.sweep()

    assert timed.instance("early").ended
    assert not timed.instance("late").ended


def test_a_timer_goes_by_the_clock_of_the_database(ledger: Ledger) -> None:
    timed = Timed(ledger)
    timed.deploy(AS_LONG_AS)
    tracker = open_tracker(ledger, timed.engine, TENANT, frozenset({"Order_Placed"}))
    tracker.start_sweeping()
    try:
        timed.tracker = tracker
        timed.hear("Order_Placed", payload={"wait": "PT1S"})
        until(lambda: timed.instance().ended, 30, "the timer fires")
    finally:
        tracker.stop(wait=10)

    (waited,) = [step for step in timed.instance().path if step.element == "Patience"]
    assert waited.left is not None
    assert 1 <= (waited.left - waited.entered).total_seconds() < 30


# ---- timers that cannot fire -------------------------------------------------------------------------

LATER = model(
    "patient",
    start("Order_Placed"),
    pause("Patience", "PT3H"),
    catch("Payment_Done"),
    ends("Done"),
    flows="Order_Placed>Patience Patience>Payment_Done Payment_Done>Done",
    messages="Order_Placed Payment_Done",
)


def test_a_timer_that_cannot_fire_stands_with_the_reason_and_the_others_go_on(
    timed: Timed, caplog: pytest.LogCaptureFixture
) -> None:
    timed.deploy(choosy("PT1H"))
    timed.hear("Order_Placed")
    before = timed.case()

    timed.clock.passes(HOUR)
    with caplog.at_level(logging.WARNING):
        assert timed.sweep_all() == 1
    assert "a timer of order '4711' cannot fire" in caplog.text
    assert "amount" in caplog.text

    stuck, going = timed.instance().timers
    assert (stuck.element, going.element, going.trouble) == ("Patience", "Longer", None)
    assert "amount" in (stuck.trouble or "")
    assert timed.case().unshown > before.unshown

    timed.clock.passes(HOUR)
    assert timed.sweep_all() == 1
    assert "After" in timed.passed()
    assert timed.case().due_at is None


def test_a_timer_that_stands_fires_when_it_is_retried_after_the_cause_is_mended(timed: Timed) -> None:
    timed.deploy(choosy("PT1H"))
    timed.hear("Order_Placed")
    timed.clock.passes(HOUR)
    timed.sweep_all()

    still = timed.tracker.retry("4711", [])
    assert len(still.timers) == 1
    assert "amount" in str(still.timers[0])
    timed.hear("Payment_Done", payload={"amount": 150})
    mended = timed.tracker.retry("4711", [])

    assert mended.timers == (None,)
    assert "Much" in timed.passed()
    assert timed.tracker.retry("4711", []).timers == ()


def test_an_order_that_cannot_be_worked_does_not_hold_up_the_others(
    timed: Timed, caplog: pytest.LogCaptureFixture
) -> None:
    # Given two orders of two versions, of which the first's cannot be read any more
    timed.deploy(PATIENT)
    timed.hear("Order_Placed", "unreadable")
    timed.deploy(LATER)
    timed.hear("Order_Placed", "sound")
    with timed.ledger.writing() as transaction:
        of_first = sa.update(store.models).where(store.models.c.version == 1)
        transaction.execute(of_first.values(source=b"<torn"))
    restarted = timed.again()
    # When both are due
    timed.clock.passes(24 * HOUR)
    with caplog.at_level(logging.ERROR):
        assert restarted.sweep_all() == 2
    # Then the other one has gone on, and the first is looked at again after a pause
    (sound,) = restarted.engine.instances(TENANT, ["sound"])["sound"]
    assert sound.awaiting == ("Payment_Done",)
    assert "cannot work order 'unreadable', trying again later" in caplog.text
    assert timed.case("unreadable").due_at > timed.clock.now
