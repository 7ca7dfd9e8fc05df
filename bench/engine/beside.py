"""Orders per second of the interpreter beside SpiffWorkflow's, in one Python process, in turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import NamedTuple

from bench.engine import steps

VERSION = "3.2.0"
HOW_TO_GET = (
    f"`pip install --no-deps --target /tmp/spiff SpiffWorkflow=={VERSION}` and "
    "`PYTHONPATH=/tmp/spiff python -m bench.engine`"
)


class Pair(NamedTuple):
    """One round: orders a second of CPU of each, one after the other."""

    spiff: float
    ours: float

    @property
    def ratio(self) -> float:
        return self.ours / self.spiff


def is_there() -> bool:
    """Whether SpiffWorkflow is installed, which Trackflow itself never needs."""
    return find_spec("SpiffWorkflow") is not None


def side_by_side(rounds: int, orders: int) -> dict[str, list[Pair]]:
    """For each way to keep the state, the rounds. Who comes first alternates.

    Raises RuntimeError: it is another version of SpiffWorkflow.
    """
    from bench.engine import spiff as adapter

    if adapter.INSTALLED != VERSION:
        raise RuntimeError(f"SpiffWorkflow {adapter.INSTALLED} is installed, not {VERSION}: {HOW_TO_GET}")
    script = steps.four_events()
    spiff = adapter.Spiff(steps.TRACK_FLOW, script.process.id, script.events)
    ways: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "in memory": (spiff.in_memory, lambda: steps.in_memory(script)),
        "as JSON": (spiff.stored_without_model, lambda: steps.stored_steps(script)),
        "as JSON, SpiffWorkflow's own with the model in it": (
            spiff.stored,
            lambda: steps.stored_steps(script),
        ),
    }
    pairs: dict[str, list[Pair]] = {way: [] for way in ways}
    for turn in range(rounds):
        for way, (theirs, ours) in ways.items():
            if turn % 2:
                ours_rate, spiff_rate = _rate(ours, orders), _rate(theirs, orders)
            else:
                spiff_rate, ours_rate = _rate(theirs, orders), _rate(ours, orders)
            pairs[way].append(Pair(spiff_rate, ours_rate))
    return pairs


def _rate(run: Callable[[], object], orders: int) -> float:
    """By the CPU's clock: neither engine waits for anything, and other programs must not count."""
    began = time.process_time()
    for _ in range(orders):
        run()
    return orders / (time.process_time() - began)
