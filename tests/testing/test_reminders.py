"""Timers: a model of its own beside the shop's, and time that passes only when a test says so."""

from pathlib import Path

import pytest

from trackflow.testing import Expect, Given, Time, UseModels

MODEL = Path(__file__).parent / "models" / "order-with-reminder.bpmn"


@pytest.fixture(autouse=True)
def order_with_reminder(model: UseModels) -> None:
    model(MODEL)


def test_an_order_that_is_not_paid_is_reminded(given: Given, expect: Expect, time: Time) -> None:
    order = given("Order_Placed", payload={"amount": 20})
    expect(order).awaits("Payment_Done")

    time.passes("PT2H")
    expect(order).has_passed("Customer reminded").is_at("Await payment")

    order.gets("Payment_Done").gets("Goods_Shipped")
    expect(order).has_ended(at="Order fulfilled")


def test_it_is_reminded_once_and_at_its_time(given: Given, expect: Expect, time: Time) -> None:
    order = given("Order_Placed")
    time.passes("PT1H59M59S")
    expect(order).has_not_passed("Customer reminded")

    time.passes("PT1S")
    expect(order).has_passed("2 hours", "Customer reminded").is_at("Await payment")

    time.passes("PT12H")
    assert [step.element for step in order.path].count("reminded") == 1


def test_after_three_days_it_is_given_up(given: Given, expect: Expect, time: Time) -> None:
    order = given("Order_Placed")
    time.passes("P3D")
    expect(order).has_ended(at="Given up").took_path("Customer reminded", "3 days", "Given up")
    order.gets("Payment_Done")
    expect(order).ignored("Payment_Done")


def test_timers_of_several_orders_fire_at_their_own_times(given: Given, expect: Expect, time: Time) -> None:
    first = given("Order_Placed")
    time.passes("PT1H")
    second = given("Order_Placed")
    began = time.now

    time.passes("P1D")

    (fired,) = [step.entered for step in second.path if step.element == "two_hours"]
    assert 0 <= (fired - began).total_seconds() - 7200 < 1
    (earlier,) = [step.entered for step in first.path if step.element == "two_hours"]
    assert 3599 < (fired - earlier).total_seconds() < 3601


def test_a_paid_order_is_neither_reminded_nor_given_up(given: Given, expect: Expect, time: Time) -> None:
    order = given("Order_Placed", payload={"amount": 20}).gets("Payment_Done")
    time.passes("P4D")
    expect(order).awaits_only("Goods_Shipped").took("no").did_not_take("yes")
    expect(order).has_passed("Await payment").has_not_passed("2 hours", "3 days")


def test_a_large_order_needs_an_approval(given: Given, expect: Expect) -> None:
    order = given("Order_Placed", payload={"amount": 150}).gets("Payment_Done")
    expect(order).is_at("Order approved").took("yes")
