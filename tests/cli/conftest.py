"""Projects like the example, each with settings of its own, and the real command line in this process."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from celery import Celery
from celery.bin.celery import celery
from click.testing import CliRunner, Result
from kombu import Connection

from config.topology import choreography
from trackflow import Choreography, Message, Service, Trackflow
from trackflow.tracking.service import TrackingService
from trackflow.upkeep.topology import all_queues

BPMN = Path(__file__).parents[2] / "bpmn"
EMITS = {"payment": "Payment_Done", "inventory": "Goods_Fetched", "shipment": "Goods_Shipped"}


@dataclass(frozen=True)
class Settings:
    ledger_url: str
    amqp_url: str = "memory://"
    tenant: str = "showcase"
    engine_url: str = "embedded"


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Celery]:
    """Makes the example's app with other settings: `project(tenant="other")`."""
    models = tmp_path / "bpmn"
    shutil.copytree(BPMN, models)

    def make(choreography: Choreography = choreography, **settings: str) -> Celery:
        settings.setdefault("ledger_url", f"sqlite:///{tmp_path}/ledger.db")
        app = Celery("tasks", set_as_current=False)
        app.conf.update(broker_url=settings.get("amqp_url", "memory://"), task_eager_propagates=True)
        trackflow = Trackflow(app, choreography, Settings(**settings), models=models)
        for name, event in EMITS.items():
            app.task(_service(event), base=Service, name=name, emits=(event,), shared=False)

        @app.task(base=TrackingService, name="order_fulfillment", shared=False)
        def order_fulfillment(event: Message) -> None:
            trackflow.tracker.handle(event)

        return app

    return make


@pytest.fixture
def tenant() -> str:
    """Nobody else's: tests share a broker and don't meet."""
    return f"test-{uuid4().hex[:8]}"


@pytest.fixture
def broker_project(
    project: Callable[..., Celery], amqp_url: str, tenant: str
) -> Iterator[Callable[..., Celery]]:
    """Makes projects on the real broker, all of one tenant; what they declare is deleted in the end."""
    made: list[Celery] = []

    def make(choreography: Choreography = choreography) -> Celery:
        made.append(project(choreography, amqp_url=amqp_url, tenant=tenant))
        return made[-1]

    yield make
    with Connection(amqp_url) as connection:
        channel = connection.channel()
        for queue in all_queues([queue for app in made for queue in app.trackflow.queues]):
            for name in (queue.name, f"{queue.name}.migration"):
                channel.queue_delete(name)
        channel.exchange_delete(tenant)


@pytest.fixture
def on_broker(broker_project: Callable[..., Celery]) -> Celery:
    """The example on the real broker."""
    return broker_project()


def _service(effect: str) -> Callable[[Message], Message]:
    def service(order: Message) -> Message:
        return order.followed_by(effect)

    return service


@pytest.fixture
def track() -> Callable[..., Result]:
    """`track(app, "emit", "Order_Placed")` is `celery -A … track emit Order_Placed`."""

    def run(app: Any, *args: str) -> Result:
        return CliRunner().invoke(celery, ["--no-color", "track", *args], default_map={"app": app})

    return run
