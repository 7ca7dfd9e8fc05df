"""What the demo says in the end."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console

from trackflow.cli.drawing import story
from trackflow.extension import Trackflow
from trackflow.tracking.orders import Order
from trackflow.words import counted, span


@dataclass(frozen=True, slots=True)
class Run:
    """What happened: the orders in the order in which they were placed, and the seconds that it took."""

    start: str
    orders: Sequence[Order]
    seconds: float

    @property
    def completed(self) -> int:
        """How many orders went all the way."""
        return sum(order.state == "completed" for order in self.orders)

    @property
    def events(self) -> int:
        """How many events the ledger has of them."""
        return sum(len(order.events or ()) for order in self.orders)

    @property
    def rate(self) -> float:
        """Orders a second."""
        return len(self.orders) / self.seconds

    def by_duration(self) -> list[tuple[float, Order]]:
        """The orders with their durations in seconds, the fastest first."""
        return sorted(((_seconds(order), order) for order in self.orders), key=lambda pair: pair[0])


def as_json(run: Run, ledger: str) -> dict[str, Any]:
    """What happened, for programs. Durations in seconds."""
    durations = [seconds for seconds, _ in run.by_duration()]
    return {
        "orders": len(run.orders),
        "completed": run.completed,
        "events": run.events,
        "seconds": run.seconds,
        "ordersPerSecond": run.rate,
        "durations": {"p50": median(durations), "p95": _p95(durations), "max": durations[-1]},
        "ledger": ledger,
    }


def report(out: Console, trackflow: Trackflow, run: Run) -> None:
    """What happened, in figures, and the story of one order."""
    out.print(
        f"{counted(len(run.orders), 'order')} placed, {run.completed:,} completed, "
        f"{counted(run.events, 'event')} in {span(run.seconds)}: {run.rate:,.0f} orders/s."
    )
    by_duration = run.by_duration()
    durations = [seconds for seconds, _ in by_duration]
    typical = by_duration[len(by_duration) // 2][1]
    out.print(
        f"From {run.start} to {typical.last_event} (published → told to the engine): "
        f"p50 {span(median(durations))}, p95 {span(_p95(durations))}, max {span(durations[-1])}."
    )
    out.print("\nOne of them:\n")
    out.print(story(trackflow.queries.order(typical.business_key) or typical, out.width))


def _p95(durations: Sequence[float]) -> float:
    return durations[int(0.95 * (len(durations) - 1))]


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
