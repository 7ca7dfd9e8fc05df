"""The running instances of one business key: read once, when a step begins, and written when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from trackflow.engines.embedded import listeners, store
from trackflow.engines.embedded.deployments import Deployments, Startable
from trackflow.engines.embedded.models.process import Process
from trackflow.engines.embedded.steps import interpreter
from trackflow.engines.embedded.steps.interpreter import Wait
from trackflow.engines.embedded.steps.state import State


@dataclass(slots=True)
class Run:
    """A running instance."""

    id: str
    business_key: str
    process: Process
    version: int
    state: State
    is_stored: bool = True


@dataclass(frozen=True, slots=True)
class Tenant:
    """What runs for a tenant, in the caller's transaction."""

    transaction: Connection
    deployments: Deployments
    name: str

    def runs(self, business_key: str) -> Runs:
        """The instances of a business key, read now."""
        return Runs(self, business_key)

    def called(self, process: str) -> Startable | None:
        """What an instance of a process would start with now."""
        return self.deployments.called(self.transaction, self.name, process)

    def listening(self, signal: str) -> list[str]:
        """The business keys of the instances that listen for a signal, in order."""
        rows = store.listening.all(self.transaction, {"tenant": self.name, "signal": signal})
        return [row.business_key for row in rows]


class Runs:
    """Those of one business key.

    When the first of their timers is due is derived from their states, which a step reads anyway: so a timer
    costs no column and no index of the engine's (on PostgreSQL one would make every update of a row dearer).
    """

    def __init__(self, tenant: Tenant, business_key: str) -> None:
        self._tenant = tenant
        self._transaction = tenant.transaction
        self._key = {"tenant": tenant.name, "business_key": business_key}
        self._runs = [
            Run(
                row.id,
                business_key,
                tenant.deployments.process(self._transaction, tenant.name, row.process, row.version),
                row.version,
                State.from_json(row.state),
            )
            for row in store.running_instances.all(self._transaction, self._key)
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

    def new(self, id_: str, startable: Startable) -> Run:
        """One that is still to be saved."""
        run = Run(id_, self._key["business_key"], startable.process, startable.version, State(), False)
        self._runs.append(run)
        return run

    def save(self, run: Run, state: State, now: float) -> None:
        """Give one of them its next state."""
        if run.is_stored:
            store.update_instance.run(self._transaction, {"instance": run.id} | _outcome(state, now))
        else:
            self._insert(run, state, now)
        listener = self._key | {"id": run.id}
        listeners.moved(self._transaction, listener, (run.process, run.state), (run.process, state))
        run.state = state

    def _insert(self, run: Run, state: State, now: float) -> None:
        values = {"id": run.id, "process": run.process.id, "version": run.version, "started": now}
        store.insert_instance.run(self._transaction, values | self._key | _outcome(state, now))
        if state.caller is not None:
            row = {"instance": run.id, "caller": state.caller.instance}
            store.insert_called.run(self._transaction, row)
        run.is_stored = True


def _outcome(state: State, now: float) -> dict[str, str | float | None]:
    return {"state": state.to_json(), "ended": now if state.end else None, "how": state.end}
