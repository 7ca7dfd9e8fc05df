"""A shop whose services fail as the event says, run as `celery -A tests.integration.trouble.shop worker`.

Its payload is `{"does": …}`: what a service does with the event. Each run leaves a line in a file of the
folder that SHOP_FOLDER names; so the tests count runs, whichever process they were in.
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from celery import Celery

from trackflow import Choreography, Message, Service, Subscription, Trackflow, transaction
from trackflow.messaging import event_queue
from trackflow.tracking.service import TrackingService

FOLDER = Path(os.environ.get("SHOP_FOLDER", "."))
LADDER = (1, 2)  # seconds
if limit := os.environ.get("SHOP_DELIVERY_LIMIT"):  # in a worker only: tests import this too
    event_queue.DELIVERY_LIMIT = int(limit)


@dataclass(frozen=True)
class Settings:
    amqp_url: str = os.environ.get("AMQP_URL", "memory://")
    tenant: str = os.environ.get("TENANT", "trouble")
    engine_url: str = "embedded"
    ledger_url: str = os.environ.get("LEDGER_URL", "sqlite://")


choreography = Choreography(
    events={
        "Order_Placed": "order",
        "Payment_Done": "payment",
        "Goods_Fetched": "inventory",
        "Goods_Shipped": "shipment",
        "Nobody_Hears": "nobody",
    },
    subscriptions=(
        Subscription("till", hears=("Order_Placed",), ladder=LADDER, concurrency=2),
        Subscription("bank", hears=("Payment_Done",), ladder=LADDER, concurrency=2),
        Subscription("picky", hears=("Goods_Fetched",), ladder=LADDER, concurrency=2),
        Subscription("clerk", hears=("Goods_Shipped",), ladder=LADDER, concurrency=2),
        Subscription("tracker", hears=("Goods_Shipped",), ladder=LADDER, concurrency=2),
    ),
)

app = Celery("shop", set_as_current=False)  # tests import this too, and have apps of their own
app.conf.update(
    broker_url=Settings.amqp_url,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    accept_content=["json"],
    task_ignore_result=True,
    worker_soft_shutdown_timeout=float(os.environ.get("SHOP_LONGEST", "0")),
)
trackflow = Trackflow(app, choreography, Settings())

if "SHOP_OPENS_ITS_LEDGER" in os.environ:  # before any process is forked
    trackflow.ledger.create(lambda _: None)

payments = sa.Table(
    "payments",
    sa.MetaData(),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("business_key", sa.Text, nullable=False),
)


class NotYet(Exception):
    """What the picky service calls transient."""


def note(service: str, event: Message) -> int:
    """Leave a line for a run; how many there are now for this event."""
    path = FOLDER / f"{service}-{event.business_key}"
    with path.open("a") as runs:
        runs.write(f"{os.getpid()} {time.time()} {event.id}\n")
    return len(path.read_text().splitlines())


def does(event: Message) -> str:
    return event.payload["does"] if isinstance(event.payload, dict) else "pay"


def die_once(point: str, event: Message) -> None:
    """kill -9 of this process, the first time that this event comes to this point, if the event says so."""
    if does(event) != point:
        return
    try:
        (FOLDER / f"died-{event.business_key}").touch(exist_ok=False)
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def hang() -> None:
    while True:
        time.sleep(1)


def wait_for_the_test() -> None:
    while not (FOLDER / "go on").exists():
        time.sleep(0.05)


@app.task(shared=False, base=Service, name="till", emits=("Payment_Done", "Lost", "Nobody_Hears"))
def till(order: Message) -> Any:
    run = note("till", order)
    if "SHOP_WAITS" in os.environ:
        wait_for_the_test()
    match does(order):
        case "time out for ever":
            raise TimeoutError(f"try {run}")
        case "time out once" if run == 1:
            raise TimeoutError("the first time")
        case "bug":
            raise RuntimeError("as told")
        case "emit an undeclared event":
            return order.followed_by("Goods_Fetched")
        case "emit an unknown event":
            return order.followed_by("Lost")
        case "emit what nobody hears":
            return [order.followed_by("Nobody_Hears"), order.followed_by("Payment_Done")]
        case "kill the process":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit once" if run == 1:
            raise SystemExit("as told")
        case "hang once" if run == 1:
            hang()
    return order.followed_by("Payment_Done")


@app.task(shared=False, base=Service, name="picky", transient=(NotYet,), tries=2, time_limit=3)
def picky(event: Message) -> None:
    run = note("picky", event)
    match does(event):
        case "not yet":
            raise NotYet
        case "time out":
            raise TimeoutError
        case "hang once" if run == 1:
            hang()


@app.task(shared=False, base=Service, name="bank", emits=("Goods_Fetched",), once=True)
def bank(event: Message) -> Message:
    """Each run would emit something else."""
    run = note("bank", event)
    transaction().execute(payments.insert().values(business_key=event.business_key))
    die_once("die before the commit", event)
    return event.followed_by("Goods_Fetched", payload={"does": does(event), "run": run})


@app.task(shared=False, base=Service, name="clerk", emits=("Payment_Done",), once=True)
def clerk(event: Message) -> Message:
    note("clerk", event)
    return event.followed_by("Payment_Done")


@app.task(shared=False, base=TrackingService, name="tracker")
def tracker(event: Message) -> None:
    trackflow.tracker.handle(event)


_emit = trackflow.publisher.emit


def _emit_or_die(event: Message, app_id: str | None = None) -> Message:
    die_once("die after the commit", event)
    emitted = _emit(event, app_id)
    die_once("die after publishing", event)
    return emitted


trackflow.publisher.emit = _emit_or_die  # type: ignore[method-assign]
