"""The shop's own suite, with the test kit: its model with events given by hand, and its services with it.

docs/testing.md shows it, and `docs/images/coverage.svg` is what it covers.
"""

import pytest

from trackflow.testing import Expect, Given, Services, Time


def test_a_placed_order_waits_for_its_payment(given: Given, expect: Expect) -> None:
    order = given("Order_Placed", key="4711", payload={"amount": 150})
    expect(order).is_at("Payment done").awaits_only("Payment_Done")


def test_an_order_is_fulfilled_step_by_step(given: Given, expect: Expect) -> None:
    order = given("Order_Placed")
    order.gets("Payment_Done").gets("Goods_Fetched")
    expect(order).awaits("Goods_Shipped").has_passed("Order placed", "Payment done", "Goods fetched")

    order.gets("Goods_Shipped")
    expect(order).has_ended(at="Order fulfilled").took("goods_shipped_to_order_fulfilled")


def test_what_comes_too_early_is_kept(given: Given, expect: Expect) -> None:
    order = given("Goods_Fetched")
    expect(order).has_not_started().keeps("Goods_Fetched")

    order.gets("Order_Placed").gets("Payment_Done")
    expect(order).accepted("Goods_Fetched").awaits("Goods_Shipped")


def test_a_second_placing_changes_nothing(given: Given, expect: Expect) -> None:
    order = given("Order_Placed").gets("Order_Placed")
    expect(order).ignored("Order_Placed").is_at("payment_done")


def test_time_alone_ships_nothing(given: Given, expect: Expect, time: Time) -> None:
    order = given("Order_Placed")
    time.passes("P1M")
    expect(order).is_running().awaits("Payment_Done")


@pytest.mark.usefixtures("services")
def test_all_services_together_fulfil_an_order(given: Given, expect: Expect) -> None:
    order = given("Order_Placed", payload={"amount": 150})
    expect(order).has_ended().has_events("Order_Placed", "Payment_Done", "Goods_Fetched", "Goods_Shipped")


def test_without_the_payment_nothing_is_fetched(given: Given, expect: Expect, services: Services) -> None:
    services.replace("payment", lambda order: None)
    order = given("Order_Placed")
    expect(order).has_events("Order_Placed").awaits("Payment_Done").has_not_passed("Goods fetched")
