"""What the demo says in the end."""

from __future__ import annotations

import shutil
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from trackflow.cli.console import counted, span
from trackflow.cli.drawing import story
from trackflow.extension import Trackflow
from trackflow.tracking.orders import Order


@dataclass(frozen=True, slots=True)
class Run:
    """What happened: the orders in the order in which they were placed, and the seconds that it took."""

    start: str
    orders: Sequence[Order]
    seconds: float


def report(out: Console, run: Run) -> None:
    """What happened, in figures, and the story of one order."""
    completed = sum(order.state == "completed" for order in run.orders)
    events = sum(len(order.events or ()) for order in run.orders)
    rate = len(run.orders) / run.seconds
    out.print(
        f"{counted(len(run.orders), 'order')} placed, {completed:,} completed, {counted(events, 'event')} "
        f"in {span(run.seconds)}: {rate:,.0f} orders/s."
    )
    by_duration = sorted(run.orders, key=_seconds)
    durations = [_seconds(order) for order in by_duration]
    typical = by_duration[len(by_duration) // 2]
    p50, p95 = statistics.median(durations), durations[int(0.95 * (len(durations) - 1))]
    out.print(
        f"From {run.start} to {typical.last_event} (published → told to the engine): "
        f"p50 {span(p50)}, p95 {span(p95)}, max {span(durations[-1])}."
    )
    out.print("\nOne of them:\n")
    out.print(story(typical, out.width))


def _seconds(order: Order) -> float:
    """From publishing the first event to telling the engine the last one."""
    events = order.events or ()
    published = min(event.published_at or event.received_at for event in events)
    told = max(event.correlated_at or event.received_at for event in events)
    return (told - published).total_seconds()


def what_next(out: Console, trackflow: Trackflow, run: Run, usual_ledger: str) -> None:
    """Where to look, with commands that can be copied."""
    ours = trackflow.settings.ledger_url
    celery = f"{_celery()} -A {trackflow.app.main}"
    if ours != usual_ledger:
        celery = f"AMQP_URL=memory:// ENGINE_URL=embedded LEDGER_URL={ours} {celery}"
    out.print(f"\nThe ledger is {trackflow.ledger}. Look at it:\n")
    out.print(f"  {celery} track list", soft_wrap=True)
    out.print(f"  {celery} track show {run.orders[-1].business_key}", soft_wrap=True)
    out.print(
        "\nWith RabbitMQ, a worker for each service, and Flower: README.md, 'Running it for real'.",
        soft_wrap=True,
    )


def _celery() -> str:
    """As the user can call it: not every shell has the virtual environment on its path."""
    called = Path(sys.argv[0])
    if shutil.which("celery") == str(called.absolute()) or called.name != "celery":
        return "celery"
    here = Path.cwd()
    return str(called.relative_to(here) if called.is_relative_to(here) else called)
