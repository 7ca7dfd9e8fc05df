"""Projects like the example, each with settings of its own, and the real command line in this process."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from celery.bin.celery import celery
from click.testing import CliRunner, Result

from config.topology import choreography
from trackflow import Choreography, Message, Service, Trackflow
from trackflow.tracking.service import TrackingService

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
