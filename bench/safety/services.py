"""What a service's safety costs: the ledger behind the tracker, and `once=True`."""

from __future__ import annotations

import time
from pathlib import Path

from bench.safety.filling import fill, orders, purge, ready
from bench.system import TENANT, completed, environment, new_ledger, track, workers
from tests.waiting import until

_PATIENCE = 600  # seconds


def with_ledger(amqp_url: str, engine_url: str, folder: Path, count: int) -> float:
    """Orders/s through all four workers."""
    return _flow(amqp_url, engine_url, folder, count, {})


def without_ledger(amqp_url: str, engine_url: str, folder: Path, count: int) -> float:
    """The same with a tracker that remembers nothing."""
    apps = {"order_fulfillment": "bench.safety.without_ledger"}
    return _flow(amqp_url, engine_url, folder, count, apps)


def plain(amqp_url: str, folder: Path, count: int) -> float:
    """Events/s of the payment service alone."""
    return _payment(amqp_url, folder, count, "tasks")


def once(amqp_url: str, folder: Path, count: int) -> float:
    """The same with `once=True`."""
    return _payment(amqp_url, folder, count, "bench.safety.once")


def _flow(amqp_url: str, engine_url: str, folder: Path, count: int, apps: dict[str, str]) -> float:
    settings = environment(amqp_url, engine_url, new_ledger(folder))
    before = completed(engine_url)
    with workers(settings, apps=apps):
        started = time.perf_counter()
        track(settings, "emit", "Order_Placed", "--count", str(count))
        until(lambda: completed(engine_url) - before == count, _PATIENCE, f"{count} orders are completed")
        return count / (time.perf_counter() - started)


def _payment(amqp_url: str, folder: Path, count: int, app: str) -> float:
    settings = environment(amqp_url, "embedded", new_ledger(folder))
    source, target = f"{TENANT}.payment", f"{TENANT}.inventory"
    purge(amqp_url, source, target, f"{TENANT}.order_fulfillment")
    placed = (event for event in orders(TENANT, count) if event.event == "Order_Placed")
    fill(amqp_url, source, placed)
    with workers(settings, ("payment",), {"payment": app}):
        until(lambda: ready(amqp_url, target) > 0, _PATIENCE, "the first order is paid")
        first, began = ready(amqp_url, target), time.perf_counter()
        until(lambda: ready(amqp_url, target) == count, _PATIENCE, f"{count} orders are paid")
        rate = (count - first) / (time.perf_counter() - began)
    purge(amqp_url, target, f"{TENANT}.order_fulfillment")
    return rate
