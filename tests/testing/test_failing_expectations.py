"""An expectation that fails says what was expected, and all that one would look for next."""

from collections.abc import Callable
from pathlib import Path

import pytest

from trackflow.errors import ChoreographyError, ModelError
from trackflow.testing import Expect, Expectation, ExpectationFailed, Given, Time, UseModels

MODEL = Path(__file__).parent / "models" / "order-with-reminder.bpmn"


@pytest.fixture(autouse=True)
def order_with_reminder(model: UseModels) -> None:
    model(MODEL)


def test_the_whole_message(given: Given, expect: Expect, time: Time) -> None:
    order = given("Order_Placed", key="4711").gets("Goods_Shipped")
    time.passes("PT2H")

    with pytest.raises(ExpectationFailed) as failed:
        expect(order).awaits("Goods_Shipped")

    assert str(failed.value).splitlines() == [
        "order '4711' should await 'Goods_Shipped', but it awaits 'Payment_Done'",
        "  process   order_with_reminder (tests/testing/models/order-with-reminder.bpmn), running",
        "  is at     await_payment (Await payment)",
        "  awaits    Payment_Done",
        "  timers    three_days at 2026-01-04 00:00:00 UTC",
        "  path      order_placed → await_payment → two_hours → reminded → reminder_sent",
        "  events    Order_Placed   correlated",
        "            Goods_Shipped  waiting: nothing waits for it yet",
    ]


def test_an_order_without_a_process(given: Given, expect: Expect) -> None:
    order = given("Payment_Done", key="4711")
    with pytest.raises(ExpectationFailed) as failed:
        expect(order).has_started()
    first, second, *_ = str(failed.value).splitlines()
    assert first == "order '4711' should have started, but no process has"
    assert second == "  process   none has started"


@pytest.mark.parametrize(
    ("failing", "words"),
    [
        (lambda e: e.awaits_only(), "await no event and nothing else, but it awaits 'Goods_Shipped'"),
        (lambda e: e.does_not_await("Goods_Shipped"), "not await 'Goods_Shipped', but it awaits"),
        (lambda e: e.is_at("Order approved"), "be at 'Order approved', but it is at 'goods_shipped'"),
        (lambda e: e.is_not_at("goods_shipped"), "not be at 'goods_shipped', but it is at"),
        (lambda e: e.has_not_started(), "not have started, but it has"),
        (lambda e: e.has_ended(), "have ended, but it has not"),
        (lambda e: e.has_ended(at="Given up"), "have ended at 'Given up', but it has not ended"),
        (lambda e: e.has_passed("Order approved"), "have passed 'Order approved', but it has not 'approved'"),
        (lambda e: e.has_not_passed("is_large"), "not have passed 'is_large', but it has 'is_large'"),
        (lambda e: e.took("yes"), "have taken the flow 'yes', but it took 'order_placed_to_await_payment'"),
        (lambda e: e.did_not_take("no"), "not have taken the flow 'no', but it took"),
        (
            lambda e: e.took_path("is_large", "await_payment"),
            "have entered is_large → await_payment in this order, but it has not entered 'await_payment'",
        ),
        (
            lambda e: e.has_events("Order_Placed"),
            "have the events 'Order_Placed', but it has 'Order_Placed', ",
        ),
        (lambda e: e.accepted("Goods_Shipped"), "have accepted 'Goods_Shipped', but it has not come"),
        (lambda e: e.keeps("Payment_Done"), "keep 'Payment_Done', but it is 'correlated'"),
        (lambda e: e.refused("Payment_Done"), "have refused 'Payment_Done', but it is 'correlated'"),
        (lambda e: e.ignored("Payment_Done"), "have ignored 'Payment_Done', but it is 'correlated'"),
    ],
)
def test_each_expectation_says_what_it_is_instead(
    given: Given, expect: Expect, failing: Callable[[Expectation], object], words: str
) -> None:
    order = given("Order_Placed", key="4711", payload={"amount": 20}).gets("Payment_Done")
    with pytest.raises(ExpectationFailed) as failed:
        failing(expect(order))
    assert str(failed.value).startswith(f"order '4711' should {words}")


def test_an_end_at_another_end_event(given: Given, expect: Expect, time: Time) -> None:
    order = given("Order_Placed", key="4711")
    time.passes("P3D")
    with pytest.raises(ExpectationFailed, match="have ended at 'Order fulfilled', but it ended at "):
        expect(order).has_ended(at="Order fulfilled")
    with pytest.raises(ExpectationFailed, match="should be running, but no process of it is"):
        expect(order).is_running()


def test_the_reason_of_a_refusal(given: Given, expect: Expect) -> None:
    order = given("Order_Placed", payload={"amount": "many"}).gets("Payment_Done")
    expect(order).refused("Payment_Done", because="'many' is no whole number").is_at("Await payment")
    with pytest.raises(ExpectationFailed, match="because of 'too late', but the reason is: "):
        expect(order).refused("Payment_Done", because="too late")


def test_an_event_that_nothing_knows(given: Given, expect: Expect) -> None:
    order = given("Order_Placed")
    words = "event 'Paymnt_Done', which nothing awaits: did you mean 'Payment_Done'"
    with pytest.raises(ChoreographyError, match=words):
        order.gets("Paymnt_Done")
    with pytest.raises(ChoreographyError, match=words):
        expect(order).awaits("Paymnt_Done")


def test_an_element_or_a_flow_that_nothing_knows(given: Given, expect: Expect) -> None:
    order = given("Order_Placed")
    with pytest.raises(ModelError, match="there is no element 'Await paymnt': did you mean 'Await payment'"):
        expect(order).is_at("Await paymnt")
    with pytest.raises(ModelError, match="there is no sequence flow 'perhaps'"):
        expect(order).took("perhaps")


@pytest.mark.parametrize("duration", ["", "2h", "PT", "-PT2H"])
def test_time_passes_only_by_durations(time: Time, duration: str) -> None:
    with pytest.raises(ValueError, match=r"time.passes\(.*should be a duration like PT10M"):
        time.passes(duration)


def test_time_only_goes_on(time: Time) -> None:
    time.reaches("2026-12-24T18:00:00Z")
    assert f"{time.now:%d.%m. %H:%M}" == "24.12. 18:00"
    with pytest.raises(ValueError, match="it is 2026-12-24 18:00:00 UTC already"):
        time.reaches("2026-12-24T17:59:59Z")
    with pytest.raises(ValueError, match="should be a time like"):
        time.reaches("Christmas")
