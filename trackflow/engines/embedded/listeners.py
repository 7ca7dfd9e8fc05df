"""Which instances listen for which signals, to be found by whoever throws one.

Kept only of processes that can listen for a signal at all, so that others pay nothing for it.
"""

from __future__ import annotations

from sqlalchemy import Connection

from trackflow.engines.embedded import store
from trackflow.engines.embedded.models.process import Process
from trackflow.engines.embedded.steps import interpreter
from trackflow.engines.embedded.steps.state import State

Position = tuple[Process, State]


def moved(transaction: Connection, instance: dict[str, str], before: Position, after: Position) -> None:
    """An instance goes on from one position to another. `instance`: its `tenant`, `business_key` and `id`."""
    heard, hears = (_signals(*each) for each in (before, after))
    for signal in sorted(heard - hears):
        store.delete_listener.run(transaction, instance | {"heard": signal})
    for signal in sorted(hears - heard):
        store.insert_listener.run(transaction, instance | {"heard": signal})


def _signals(process: Process, state: State) -> frozenset[str]:
    return interpreter.signals(process, state) if process.signals else frozenset()
