"""`demo`: the whole choreography in one process, with nothing to install or start."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from threading import Thread
from uuid import uuid4

import click
from pydantic import JsonValue
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from trackflow.cli import demo_report
from trackflow.cli.console import as_json_option, console, print_json
from trackflow.cli.demo_report import Run
from trackflow.cli.errors import Failure
from trackflow.cli.local_worker import local_worker
from trackflow.cli.project import pass_trackflow
from trackflow.extension import Trackflow
from trackflow.words import joined

_PATIENCE = 60  # seconds without any progress
_LOOK = 0.05  # seconds between two looks at the orders
# Orders under way: enough to keep the worker busy between two looks, and few enough that the time an order
# takes is its own, not that of a queue.
_AT_ONCE = 50
_LONGEST_SWEEP = 5  # seconds
_OWN_LEDGER = "sqlite:///trackflow-demo.db"  # where broker or engine are real, so is their ledger


@click.command("demo")
@click.option("--orders", metavar="N", type=click.IntRange(min=1), default=200, show_default=True)
@click.option("--ledger", metavar="PATH", help="The ledger's file; otherwise LEDGER_URL says where.")
@as_json_option
@pass_trackflow
def demo_command(trackflow: Trackflow, orders: int, ledger: str | None, as_json: bool) -> None:
    """Run N orders through the whole choreography in this process.

    The broker is in memory and the engine is the embedded one, whatever the settings say.
    """
    as_set = trackflow.settings
    move_into_memory(trackflow, f"sqlite:///{ledger}" if ledger else None)
    run = _run(trackflow, orders)
    if as_json:
        print_json(demo_report.as_json(run, str(trackflow.ledger)))
        return
    out = console()
    demo_report.report(out, run)
    demo_report.what_next(out, trackflow, run, as_set.ledger_url)


def move_into_memory(trackflow: Trackflow, ledger_url: str | None = None) -> None:
    """Make the project ready for a demonstration: broker and engine in this process, models deployed."""
    trackflow.move_into_memory(ledger_url or _ledger_url(trackflow))
    if trackflow.publisher.is_amqp:
        raise Failure("the demo runs in memory: leave --broker and CELERY_BROKER_URL out")
    trackflow.engine.deploy(trackflow.models, trackflow.settings.tenant)


def _ledger_url(trackflow: Trackflow) -> str:
    settings = trackflow.settings
    alone = settings.amqp_url.startswith("memory:") and settings.engine_url == "embedded"
    return settings.ledger_url if alone else _OWN_LEDGER


def _run(trackflow: Trackflow, count: int) -> Run:
    start = start_event(trackflow)
    prefix = f"demo-{uuid4().hex[:6]}"  # so that a run counts its own orders
    keys = [f"{prefix}-{number:0{len(str(count))}}" for number in range(1, count + 1)]
    trackflow.tracker.start_sweeping()
    try:
        with local_worker(trackflow.app) as worker:
            began = time.perf_counter()
            place(trackflow, start, keys, worker)
            seconds = time.perf_counter() - began
    finally:
        trackflow.tracker.stop(wait=_LONGEST_SWEEP)
    orders = (trackflow.queries.order(key) for key in keys)
    return Run(start, [order for order in orders if order is not None], seconds)


def start_event(trackflow: Trackflow) -> str:
    """The first event of the choreography that a model starts with."""
    starts = frozenset[str]().union(*(model.starts for model in trackflow.models))
    for event in trackflow.choreography.events:
        if event in starts:
            return event
    raise Failure(f"no model in {trackflow.models_folder} starts with an event of the choreography")


def _progress() -> Progress:
    return Progress(
        TextColumn("Orders"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console(stderr=True),
        transient=True,
    )


def place(
    trackflow: Trackflow,
    start: str,
    keys: Sequence[str],
    worker: Thread,
    payload: Callable[[], JsonValue] = lambda: None,
) -> None:
    """Place the orders, and wait until all have ended. Raises Failure after a minute without progress."""
    waiting, running, last = deque(keys), list[str](), time.monotonic()
    with _progress() as progress:
        bar = progress.add_task("", total=len(keys))
        while waiting or running:
            while waiting and len(running) < _AT_ONCE:
                running.append(trackflow.emit(start, waiting.popleft(), payload()).business_key)
            time.sleep(_LOOK)
            before, running = len(running), _running(trackflow, running)
            if len(running) < before:
                last = time.monotonic()
                progress.update(bar, completed=len(keys) - len(waiting) - len(running))
            elif not worker.is_alive() or time.monotonic() - last > _PATIENCE:
                raise Failure(_missing(trackflow, len(keys), running))


def _running(trackflow: Trackflow, keys: Sequence[str]) -> list[str]:
    """Those that have not ended."""
    found = trackflow.engine.instances(trackflow.settings.tenant, keys)
    return [key for key, instances in found.items() if not instances or instances[-1].ended is None]


def _missing(trackflow: Trackflow, total: int, running: Sequence[str]) -> str:
    found = trackflow.engine.instances(trackflow.settings.tenant, running)
    awaited = Counter(
        joined(instances[-1].awaiting, "nothing that an event could bring") if instances else "their start"
        for instances in found.values()
    )
    waits = "; ".join(f"{number} for {what}" for what, number in awaited.most_common())
    return f"the worker makes no progress: of {total} orders these wait: {waits}"
