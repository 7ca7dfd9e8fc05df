"""The running instances of one business key: read once, when a step begins, and written when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import Connection

from trackflow.engines.embedded import interpreter, store
from trackflow.engines.embedded.deployments import Deployments, Startable
from trackflow.engines.embedded.interpreter import Wait
from trackflow.engines.embedded.process import Process
from trackflow.engines.embedded.state import State


@dataclass(slots=True)
class Run:
    """A running instance."""

    id: str
    process: Process
    state: State


class Runs:
    """Those of one business key, in the caller's transaction.

    When the first of their timers is due is derived from their states, which a step reads anyway: so a timer
    costs no column and no index of the engine's (on PostgreSQL one would make every update of a row dearer).
    """

    def __init__(
        self, transaction: Connection, deployments: Deployments, tenant: str, business_key: str
    ) -> None:
        self._transaction = transaction
        self._key = {"tenant": tenant, "business_key": business_key}
        self._runs = [
            Run(
                row.id,
                deployments.process(transaction, tenant, row.process, row.version),
                State.from_json(row.state),
            )
            for row in store.running_instances.all(transaction, self._key)
        ]

    def __iter__(self) -> Iterator[Run]:
        """The oldest first."""
        return iter(self._runs)

    def awaiting(self, message: str) -> list[tuple[Run, Wait]]:
        """Who waits for a message, and where."""
        return [
            (run, wait)
            for run in self._runs
            for wait in interpreter.awaited(run.process, run.state)
            if wait.message == message
        ]

    def overdue(self, now: float) -> Run | None:
        """The one whose timer is the most overdue; None: no timer is due."""
        timed = [(due, run) for run in self._runs if (due := interpreter.next_due(run.state)) is not None]
        due, run = min(timed, key=lambda each: each[0], default=(now, None))
        return run if due <= now else None

    def due_at(self) -> float | None:
        """When their first timer is due; None: none is set."""
        dues = (interpreter.next_due(run.state) for run in self._runs)
        return min((due for due in dues if due is not None), default=None)

    def add(self, startable: Startable, state: State, now: float) -> None:
        """Insert a new one."""
        run = Run(uuid4().hex, startable.process, state)
        values = {"id": run.id, "process": run.process.id, "version": startable.version, "started": now}
        store.insert_instance.run(self._transaction, values | self._key | _outcome(state, now))
        self._runs.append(run)

    def save(self, run: Run, state: State, now: float) -> None:
        """Give one of them another state."""
        store.update_instance.run(self._transaction, {"instance": run.id} | _outcome(state, now))
        run.state = state


def _outcome(state: State, now: float) -> dict[str, str | float | None]:
    return {"state": state.to_json(), "ended": now if state.end else None, "how": state.end}
