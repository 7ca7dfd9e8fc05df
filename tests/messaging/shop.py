"""A small shop on the broker in memory, without its services."""

from pathlib import Path

from celery import Celery

from trackflow import EVERY_EVENT, Choreography, Subscription, Trackflow
from trackflow.extension import InMemory

CHOREOGRAPHY = Choreography(
    events={"Placed": "order", "Cancelled": "order", "Paid": "payment", "Shipped": "shipment"},
    subscriptions=(
        Subscription("till", hears=("Placed",), ladder=(1, 2)),
        Subscription("parcels", hears=("Paid",), ladder=()),
        Subscription("witness", hears=EVERY_EVENT),
    ),
)


def shop_app(tenant: str, folder: Path, **conf: object) -> Celery:
    """An app of its own. Its tasks say `shared=False`, or Celery gives them to every other test's app too."""
    app = Celery("shop", set_as_current=False)
    app.conf.update(
        broker_url="memory://",
        broker_transport_options={"polling_interval": 0.005},
        accept_content=["json"],
        task_ignore_result=True,
        **conf,
    )
    Trackflow(app, CHOREOGRAPHY, InMemory(tenant, f"sqlite:///{folder / 'ledger.db'}"), folder)
    return app
