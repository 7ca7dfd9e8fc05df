"""A project like a user's, in a folder of its own: an app, a model, and tests that use the plugin."""

from pathlib import Path
from textwrap import dedent

import pytest

APP = """
from celery import Celery

from trackflow import EVERY_EVENT, Choreography, Message, Service, Subscription, Trackflow
from trackflow.extension import InMemory
from trackflow.tracking.service import TrackingService

app = Celery("shop")
choreography = Choreography(
    events={"Order_Placed": "order", "Payment_Done": "payment", "Order_Approved": "office",
            "Goods_Shipped": "shipment"},
    subscriptions=(
        Subscription("payment", hears=("Order_Placed",)),
        Subscription("shipment", hears=("Payment_Done", "Order_Approved")),
        Subscription("tracker", hears=EVERY_EVENT),
    ),
)
# What a test must never reach
settings = InMemory("shop", "sqlite:////nowhere/ledger.db", "amqp://nowhere.invalid", "http://nowhere.invalid")
trackflow = Trackflow(app, choreography, settings)


@app.task(base=Service, name="payment", emits=("Payment_Done",))
def payment(order):
    if order.payload is None:
        raise LookupError("an order without an amount")
    return order.followed_by("Payment_Done")


@app.task(base=Service, name="shipment", emits=("Goods_Shipped",), once=True)
def shipment(order):
    if order.event == "Order_Approved" or order.payload["amount"] <= 100:
        return order.followed_by("Goods_Shipped")
    return None


@app.task(base=TrackingService, name="tracker")
def tracker(event):
    trackflow.tracker.handle(event)
"""


class UserProject:
    """The folder, and how pytest is run in it."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        model = Path(__file__).parent / "models" / "order-with-reminder.bpmn"
        pytester.mkdir("bpmn").joinpath("order.bpmn").write_bytes(model.read_bytes())

    def with_app(self) -> None:
        self.pytester.makepyfile(shop=APP)
        self.pytester.makeini("[pytest]\ntrackflow_app = shop\n")

    def run(self, tests: str, *options: str) -> pytest.RunResult:
        """In a process of its own, as a user does it: an app is for a whole process."""
        self.pytester.makepyfile(test_orders=dedent(tests))
        return self.pytester.runpytest_subprocess("-p", "trackflow", "-p", "no:cacheprovider", *options)
