"""What an event or a timer does to the instances of one business key."""

from __future__ import annotations

from sqlalchemy import Connection

from trackflow.engines.embedded import interpreter
from trackflow.engines.embedded.deployments import Deployments, Startable
from trackflow.engines.embedded.interpreter import Refusal, Wait
from trackflow.engines.embedded.runs import Run, Runs
from trackflow.engines.embedded.trouble import set_aside
from trackflow.engines.port import Answer, Outcome
from trackflow.engines.variables import Scalar, variables_of
from trackflow.message import Message


class Telling:
    """Tells one event at one time."""

    def __init__(self, event: Message, runs: Runs, variables: frozenset[str] | None, now: float) -> None:
        """`variables` are kept of the event's payload; None: those that its model names."""
        self._event = event
        self._runs = runs
        self._variables = variables
        self._now = now

    def tell(self, deployments: Deployments, transaction: Connection) -> Answer:
        """Who waits for the event goes before a start."""
        event = self._event
        named = f"message {event.event!r} and business key {event.business_key!r}"
        waiting = self._runs.awaiting(event.event)
        if len(waiting) > 1:
            places = ", ".join(sorted(f"{wait.element!r} of instance {run.id}" for run, wait in waiting))
            return Answer(Outcome.AMBIGUOUS, f"{len(waiting)} executions await {named}: {places}")
        if waiting:
            return self._move(*waiting[0])
        startable = deployments.started_by(transaction, event.tenant, event.event)
        if startable is not None:
            return self._start(startable)
        return Answer(
            Outcome.NOT_AWAITED,
            f"no process definition or execution of tenant {event.tenant!r} matches {named}",
        )

    def _start(self, startable: Startable) -> Answer:
        process = startable.process
        variables = self._kept(process.variables)
        state = interpreter.start(process, self._event.event, variables, self._now)
        if isinstance(state, Refusal):
            return Answer(Outcome.REFUSED, state.reason)
        self._runs.add(startable, state, self._now)
        return Answer(Outcome.ACCEPTED)

    def _move(self, run: Run, wait: Wait) -> Answer:
        variables = self._kept(run.process.variables)
        state = interpreter.take(run.process, run.state, wait, variables, self._now)
        if isinstance(state, Refusal):
            return Answer(Outcome.REFUSED, state.reason)
        self._runs.save(run, state, self._now)
        return Answer(Outcome.ACCEPTED)

    def _kept(self, named: frozenset[str]) -> dict[str, Scalar]:
        return variables_of(self._event.payload, named if self._variables is None else self._variables)


def fire(runs: Runs, now: float) -> Answer:
    """Fire the timer that is the most overdue. One that cannot fire is set aside.

    A step is a pure function, so one that was refused would be refused again: where the engine family tries
    three times before it makes an incident, because a delegate may fail by chance, this tries once.
    """
    run = runs.overdue(now)
    if run is None:
        return Answer(Outcome.NOT_AWAITED, "no timer is due")
    state = interpreter.fire(run.process, run.state, now)
    if isinstance(state, Refusal):
        runs.save(run, set_aside(run.state, state.reason), now)
        return Answer(Outcome.REFUSED, state.reason)
    runs.save(run, state, now)
    return Answer(Outcome.ACCEPTED)
