"""Trackflow as a user runs it: its command line and its workers, as processes."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import kombu
import psutil
import urllib3

from tests.waiting import until

ROOT = Path(__file__).parents[1]
EVENTS = {
    "Order_Placed": "order",
    "Payment_Done": "payment",
    "Goods_Fetched": "inventory",
    "Goods_Shipped": "shipment",
}
QUEUES = ("payment", "inventory", "shipment", "order_fulfillment")
TENANT = "bench"

_http = urllib3.PoolManager()


def environment(amqp_url: str, engine_url: str, ledger_url: str, tenant: str = TENANT) -> dict[str, str]:
    """What a user sets."""
    settings = {"AMQP_URL": amqp_url, "ENGINE_URL": engine_url, "LEDGER_URL": ledger_url, "TENANT": tenant}
    return {**os.environ, **settings}


def new_ledger(folder: Path) -> str:
    """A ledger on disk that nobody has used."""
    return f"sqlite:///{folder}/{uuid.uuid4().hex}.db"


def track(settings: dict[str, str], *arguments: str) -> str:
    """`celery -A tasks track …`; what it prints."""
    command = (*_celery("tasks"), "track", *arguments)
    return subprocess.run(
        command, cwd=ROOT, env=settings, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


@contextmanager
def workers(
    settings: dict[str, str], queues: Sequence[str] = QUEUES, apps: dict[str, str] | None = None
) -> Iterator[dict[str, psutil.Process]]:
    """One worker a queue, while the block runs; `apps` names another Celery app for some of them."""
    processes = {
        queue: subprocess.Popen(
            (
                *_celery((apps or {}).get(queue, "tasks")),
                "worker",
                "-Q",
                queue,
                "-n",
                f"{queue}-{uuid.uuid4().hex[:6]}@%h",
            ),
            cwd=ROOT,
            env=settings,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for queue in queues
    }
    try:
        with kombu.Connection(settings["AMQP_URL"]) as connection:
            for queue in queues:
                name = f"{settings['TENANT']}.{queue}"
                until(lambda name=name: consumers(connection, name), 30, f"{name} is consumed")
        yield {queue: psutil.Process(process.pid) for queue, process in processes.items()}
    finally:
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            process.wait(60)


def consumers(connection: kombu.Connection, queue: str) -> int:
    """Of a queue; 0 while there is none of this name."""
    with connection.channel() as channel:
        try:
            return channel.queue_declare(queue, passive=True).consumer_count
        except connection.channel_errors:
            return 0


def completed(engine_url: str, tenant: str = TENANT) -> int:
    """How many orders have completed on the engine."""
    url = f"{engine_url}/history/process-instance/count?tenantIdIn={tenant}&completed=true"
    return _http.request("GET", url).json()["count"]


def cpu(process: psutil.Process) -> float:
    """Seconds that a process has used."""
    times = process.cpu_times()
    return times.user + times.system


def _celery(app: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "celery", "--quiet", "-A", app)
