"""A shop whose services fail as an order says, run as `celery -A tests.board.browser.shop worker`.

It has the project's own process and one more, for returns. An order's payload says what goes wrong:

    {"bank": "closed"}     payment fails until somebody has mended the bank (the file `mended` in SHOP_FOLDER)
    {"shelf": "empty"}     inventory says nothing: the order waits for ever
    {"address": null}      shipment fails until the address is given
    {"slow": 2}            each service takes so many seconds
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from celery import Celery

from config.settings import settings
from trackflow import EVERY_EVENT, Choreography, Message, Service, Subscription, Trackflow
from trackflow.tracking.service import TrackingService

FOLDER = Path(os.environ.get("SHOP_FOLDER", "."))
MENDED = "mended"

choreography = Choreography(
    events={
        "Order_Placed": "order",
        "Payment_Done": "payment",
        "Goods_Fetched": "inventory",
        "Goods_Shipped": "shipment",
        "Return_Requested": "returns",
        "Goods_Checked": "warehouse",
        "Refund_Paid": "accounts",
    },
    subscriptions=(
        Subscription("payment", hears=("Order_Placed",)),
        Subscription("inventory", hears=("Payment_Done",)),
        Subscription("shipment", hears=("Goods_Fetched",)),
        Subscription("returns", hears=("Return_Requested",)),
        Subscription("order_fulfillment", hears=EVERY_EVENT, concurrency=4),
    ),
    limits={"Goods_Fetched": "PT1S"},
)

app = Celery("shop", set_as_current=False)  # the tests import this too
app.config_from_object("celeryconfig")
trackflow = Trackflow(app, choreography, settings, models=FOLDER / "models")


class BankClosedError(Exception):
    """What the bank answers."""


@app.task(base=Service, name="payment", emits=("Payment_Done",), shared=False)
def payment(order: Message) -> Message:
    wishes = _worked(order)
    if wishes.get("bank") == "closed" and not (FOLDER / MENDED).exists():
        raise BankClosedError("the bank is closed: no connection to ledger 7")
    return order.followed_by("Payment_Done")


@app.task(base=Service, name="inventory", emits=("Goods_Fetched",), shared=False)
def inventory(payment: Message) -> Message | None:
    return None if _worked(payment).get("shelf") == "empty" else payment.followed_by("Goods_Fetched")


@app.task(base=Service, name="shipment", emits=("Goods_Shipped",), shared=False)
def shipment(goods: Message) -> Message:
    if not _worked(goods).get("address", "somewhere"):
        raise ValueError("the parcel has no address")
    return goods.followed_by("Goods_Shipped")


@app.task(base=Service, name="returns", emits=("Goods_Checked", "Refund_Paid"), shared=False)
def returns(request: Message) -> list[Message]:
    """What is dear is looked at first."""
    checked = [request.followed_by("Goods_Checked")] if _worked(request).get("amount", 0) > 100 else []
    return [*checked, request.followed_by("Refund_Paid")]


@app.task(base=TrackingService, name="order_fulfillment", shared=False)
def order_fulfillment(event: Message) -> None:
    trackflow.tracker.handle(event)


def _worked(event: Message) -> dict[str, Any]:
    """Take the time that the order wishes; what else it wishes."""
    wishes = event.payload if isinstance(event.payload, dict) else {}
    time.sleep(wishes.get("slow", 0))
    return wishes
