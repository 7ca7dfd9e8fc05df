"""Single runs: each returns what was measured, and fails if the orders did not all complete."""

import json
import os
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import urllib3

from tests.waiting import until
from trackflow.engines.camunda import CamundaEngine
from trackflow.message import Message

ROOT = Path(__file__).parents[1]
CELERY = (sys.executable, "-m", "celery", "--quiet", "-A", "tasks")
QUEUES = ("payment", "inventory", "shipment", "order_fulfillment")
TENANT = "bench"
EVENTS = ("Order_Placed", "Payment_Done", "Goods_Fetched", "Goods_Shipped")
_http = urllib3.PoolManager()


@dataclass(frozen=True)
class Run:
    """One run of Trackflow."""

    rate: float  # orders/s, from the first emission to the last order completed on the engine
    cpu: dict[str, float]  # worker → ms of CPU an order
    megabytes: dict[str, float]  # worker → resident, right after the run


@dataclass(frozen=True)
class Start:
    """One worker, idle."""

    seconds: float  # from its start until it consumes
    megabytes: float  # resident


def deploy(amqp_url: str, engine_url: str) -> None:
    _track(_environment(amqp_url, engine_url, "sqlite://", TENANT), "deploy")
    # Its exchange and queues the notebook declares itself, so only the model.
    _track(_environment("memory://", engine_url, "sqlite://", "notebook"), "deploy")


def warm_up(engine_url: str, orders: int = 3000) -> float:
    """Let Java compile what it will need; orders/s of the engine alone, with 16 clients."""
    engine = CamundaEngine(engine_url)

    def told(number: int) -> None:
        for event in EVENTS:
            engine.correlate(Message(business_key=f"warm-{number}", tenant="notebook", event=event))

    started = time.perf_counter()
    with ThreadPoolExecutor(16) as clients:
        list(clients.map(told, range(orders)))
    return orders / (time.perf_counter() - started)


def notebook(amqp_url: str, engine_url: str, orders: int) -> float:
    """Orders/s of the notebook's loop."""
    # Without a path pika takes the virtual host "/"; it would read "//" as an empty name.
    arguments = (amqp_url.rstrip("/"), engine_url, "notebook", str(orders))
    command = (sys.executable, "-m", "bench.notebook_loop", *arguments)
    seconds = float(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return orders / seconds


def trackflow(amqp_url: str, engine_url: str, folder: Path, orders: int) -> Run:
    """Four workers with their default pools, the ledger on disk, and as many orders."""
    ledger = f"sqlite:///{folder}/{uuid.uuid4().hex}.db"
    environment = _environment(amqp_url, engine_url, ledger, TENANT)
    before = _completed(engine_url)
    with _workers(amqp_url, environment, QUEUES) as workers:
        cpu_before = {queue: _cpu(worker) for queue, worker in workers.items()}
        started = time.perf_counter()
        _track(environment, "emit", "Order_Placed", "--count", str(orders))
        until(lambda: _completed(engine_url) - before == orders, 120, f"{orders} orders are completed")
        seconds = time.perf_counter() - started
        cpu = {queue: (_cpu(workers[queue]) - cpu_before[queue]) / orders * 1000 for queue in QUEUES}
        megabytes = {queue: workers[queue].memory_info().rss / 1e6 for queue in QUEUES}
        _check_ledger(environment, orders)
    return Run(orders / seconds, cpu, megabytes)


def demo(folder: Path, orders: int = 2000) -> float:
    """Orders/s of the demo, in one process with its ledger on disk."""
    environment = _environment("memory://", "embedded", f"sqlite:///{folder}/{uuid.uuid4().hex}.db", TENANT)
    return float(
        json.loads(_track(environment, "demo", "--orders", str(orders), "--json"))["ordersPerSecond"]
    )


def starts(amqp_url: str, rounds: int) -> dict[str, list[Start]]:
    """For a service and for the tracker: how long a worker takes to be ready, and its memory."""
    return {
        queue: [_start(amqp_url, queue) for _ in range(rounds)] for queue in ("payment", "order_fulfillment")
    }


def _start(amqp_url: str, queue: str) -> Start:
    environment = _environment(amqp_url, "embedded", "sqlite://", f"start{uuid.uuid4().hex[:8]}")
    started = time.perf_counter()
    with _workers(amqp_url, environment, (queue,)) as workers:
        seconds = time.perf_counter() - started
        return Start(seconds, workers[queue].memory_info().rss / 1e6)


def _environment(amqp_url: str, engine_url: str, ledger_url: str, tenant: str) -> dict[str, str]:
    settings = {"AMQP_URL": amqp_url, "ENGINE_URL": engine_url, "LEDGER_URL": ledger_url, "TENANT": tenant}
    return {**os.environ, **settings}


def _track(environment: dict[str, str], *arguments: str) -> str:
    command = (*CELERY, "track", *arguments)
    return subprocess.run(
        command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


@contextmanager
def _workers(amqp_url: str, environment: dict[str, str], queues: tuple[str, ...]):
    import kombu

    processes = {
        queue: subprocess.Popen(
            (*CELERY, "worker", "-Q", queue, "-n", f"{queue}-{uuid.uuid4().hex[:6]}@%h"),
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for queue in queues
    }
    try:
        with kombu.Connection(amqp_url) as connection:
            for queue in queues:
                name = f"{environment['TENANT']}.{queue}"
                until(lambda name=name: _consumers(connection, name), 30, f"{name} is consumed")
        yield {queue: psutil.Process(process.pid) for queue, process in processes.items()}
    finally:
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            process.wait(30)


def _consumers(connection, queue: str) -> int:
    with connection.channel() as channel:
        try:
            return channel.queue_declare(queue, passive=True).consumer_count
        except connection.channel_errors:
            return 0


def _completed(engine_url: str) -> int:
    url = f"{engine_url}/history/process-instance/count?tenantIdIn={TENANT}&completed=true"
    return _http.request("GET", url).json()["count"]


def _check_ledger(environment: dict[str, str], orders: int) -> None:
    listed = json.loads(_track(environment, "list", "--limit", str(orders + 1), "--json"))
    completed = [order for order in listed if order["state"] == "completed"]
    if len(completed) != orders:
        raise RuntimeError(f"{len(completed)} of {orders} orders are completed in the ledger")


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
