"""Single runs: each returns what was measured, and fails if the orders did not all complete."""

import json
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.system import EVENTS, QUEUES, ROOT, completed, cpu, environment, new_ledger, track, workers
from tests.waiting import until
from trackflow.engines.camunda import CamundaEngine
from trackflow.message import Message


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
    track(environment(amqp_url, engine_url, "sqlite://"), "deploy")
    # Its exchange and queues the notebook declares itself, so only the model.
    track(environment("memory://", engine_url, "sqlite://", "notebook"), "deploy")


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
    settings = environment(amqp_url, engine_url, new_ledger(folder))
    before = completed(engine_url)
    with workers(settings) as running:
        cpu_before = {queue: cpu(worker) for queue, worker in running.items()}
        started = time.perf_counter()
        track(settings, "emit", "Order_Placed", "--count", str(orders))
        until(lambda: completed(engine_url) - before == orders, 120, f"{orders} orders are completed")
        seconds = time.perf_counter() - started
        used = {queue: (cpu(running[queue]) - cpu_before[queue]) / orders * 1000 for queue in QUEUES}
        megabytes = {queue: running[queue].memory_info().rss / 1e6 for queue in QUEUES}
        _check_ledger(settings, orders)
    return Run(orders / seconds, used, megabytes)


def demo(folder: Path, orders: int = 2000) -> float:
    """Orders/s of the demo, in one process with its ledger on disk."""
    settings = environment("memory://", "embedded", new_ledger(folder))
    return float(json.loads(track(settings, "demo", "--orders", str(orders), "--json"))["ordersPerSecond"])


def starts(amqp_url: str, rounds: int) -> dict[str, list[Start]]:
    """For a service and for the tracker: how long a worker takes to be ready, and its memory."""
    return {
        queue: [_start(amqp_url, queue) for _ in range(rounds)] for queue in ("payment", "order_fulfillment")
    }


def _start(amqp_url: str, queue: str) -> Start:
    settings = environment(amqp_url, "embedded", "sqlite://", f"start{uuid.uuid4().hex[:8]}")
    started = time.perf_counter()
    with workers(settings, (queue,)) as running:
        seconds = time.perf_counter() - started
        return Start(seconds, running[queue].memory_info().rss / 1e6)


def _check_ledger(settings: dict[str, str], orders: int) -> None:
    listed = json.loads(track(settings, "list", "--limit", str(orders + 1), "--json"))
    whole = [order for order in listed if order["state"] == "completed"]
    if len(whole) != orders:
        raise RuntimeError(f"{len(whole)} of {orders} orders are completed in the ledger")
