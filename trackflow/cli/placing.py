"""Places orders, and waits until a worker of this process has brought them to their ends."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Thread

from pydantic import JsonValue
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from trackflow.cli.console import console
from trackflow.cli.errors import Failure
from trackflow.engines.answers import Instance, awaited, newest
from trackflow.extension import Trackflow
from trackflow.words import joined

_PATIENCE = 60  # seconds without any progress
# Seconds between two looks at the orders: a look takes 5 ms of the core that the worker needs.
_LOOK = 0.1
# Orders under way: enough to keep the worker busy between two looks, and few enough that the time an order
# takes is its own, not that of a queue.
_AT_ONCE = 50


def place(
    trackflow: Trackflow,
    start: str,
    keys: Sequence[str],
    worker: Thread,
    *,
    payload: Callable[[], JsonValue] = lambda: None,
    ended: Callable[[int], None] = lambda number: None,
) -> None:
    """Place the orders, and wait until all have ended; `ended` is told how many have, look by look.

    Raises Failure after a minute without progress, or when the worker has died.
    """
    waiting, running, last = deque(keys), list[str](), time.monotonic()
    while waiting or running:
        while waiting and len(running) < _AT_ONCE:
            running.append(trackflow.emit(start, waiting.popleft(), payload()).business_key)
        time.sleep(_LOOK)
        before, running = len(running), _running(trackflow, running)
        if len(running) < before:
            last = time.monotonic()
            ended(before - len(running))
        elif not worker.is_alive() or time.monotonic() - last > _PATIENCE:
            raise Failure(_missing(trackflow, len(keys), running))


@contextmanager
def progress(total: int) -> Iterator[Callable[[int], None]]:
    """A bar as long as the block runs; it is told how many orders have ended since it was told last."""
    columns = (TextColumn("Orders"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bars:
        bar = bars.add_task("", total=total)
        yield lambda number: bars.advance(bar, number)


def _running(trackflow: Trackflow, keys: Sequence[str]) -> list[str]:
    """Those that have not ended."""
    found = trackflow.engine.instances(trackflow.settings.tenant, keys)
    return [key for key, instances in found.items() if not _have_ended(instances)]


def _have_ended(instances: Sequence[Instance]) -> bool:
    found = newest(instances)
    return found is not None and found.ended is not None


def _missing(trackflow: Trackflow, total: int, running: Sequence[str]) -> str:
    found = trackflow.engine.instances(trackflow.settings.tenant, running)
    waiting = Counter(
        joined(awaited(instances), "nothing that an event could bring") if instances else "their start"
        for instances in found.values()
    )
    waits = "; ".join(f"{number} for {what}" for what, number in waiting.most_common())
    return f"the worker makes no progress: of {total} orders these wait: {waits}"
