"""The whole choreography of this project in a unit test: services, tracker and engine, with no server.

The way to test your own; the README points here.
"""

from collections.abc import Iterator

import pytest

from tasks.celery import app
from tasks.celery import trackflow as trackflow_of_tasks
from tasks.payment import payment
from trackflow import Message, Trackflow


@pytest.fixture(scope="module")
def trackflow() -> Iterator[Trackflow]:
    """Eager: an emitted event runs everything that follows from it before `emit` returns."""
    trackflow_of_tasks.move_into_memory("sqlite://")
    trackflow_of_tasks.engine.deploy(trackflow_of_tasks.models, trackflow_of_tasks.settings.tenant)
    app.conf.update(task_always_eager=True, task_eager_propagates=True)
    yield trackflow_of_tasks
    app.conf.update(task_always_eager=False, task_eager_propagates=False)


def test_a_placed_order_is_paid() -> None:
    order = Message(business_key="4711", tenant="showcase", event="Order_Placed")
    assert payment(order).event == "Payment_Done"


def test_a_placed_order_is_paid_fetched_and_shipped(trackflow: Trackflow) -> None:
    # When an order is placed
    trackflow.emit("Order_Placed", "4711", payload={"amount": 3})

    # Then it has gone through every service, and its process has ended
    order = trackflow.queries.order("4711")
    assert order is not None
    assert order.state == "completed"
    assert [event.event for event in order.events] == [
        "Order_Placed",
        "Payment_Done",
        "Goods_Fetched",
        "Goods_Shipped",
    ]
    assert {event.outcome for event in order.events} == {"correlated"}
    # And each event names its cause
    assert [event.cause for event in order.events] == [None, *(event.id for event in order.events[:-1])]


def test_an_event_that_comes_too_early_waits_for_its_order(trackflow: Trackflow) -> None:
    trackflow.emit("Goods_Shipped", "4712")

    order = trackflow.queries.order("4712")
    assert order is not None
    assert order.state == "waiting"
    assert [(event.event, event.outcome) for event in order.events] == [("Goods_Shipped", "waiting")]
