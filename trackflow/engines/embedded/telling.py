"""What an event or a timer does to the instances of one business key."""

from __future__ import annotations

from collections.abc import Callable

from trackflow.engines.answers import Answer, Outcome
from trackflow.engines.embedded.deployments import Startable
from trackflow.engines.embedded.models.process import Process
from trackflow.engines.embedded.reached import Reached
from trackflow.engines.embedded.runs import Run
from trackflow.engines.embedded.steps import interpreter
from trackflow.engines.embedded.steps.interpreter import Wait
from trackflow.engines.embedded.trouble import set_aside
from trackflow.engines.variables import Scalar, variables_of
from trackflow.message import Message


class Telling:
    """Tells one event at one time."""

    def __init__(self, event: Message, reached: Reached, variables: frozenset[str] | None) -> None:
        """`variables` are kept of the payload; None: those that its model, or another in a call, names."""
        self._event = event
        self._reached = reached
        self._variables = variables

    def tell(self, startable: Callable[[], Startable | None]) -> Answer:
        """Who waits for the event goes before a start; `startable` finds what it would start."""
        event = self._event
        named = f"message {event.event!r} and business key {event.business_key!r}"
        waiting = self._reached.runs.awaiting(event.event)
        if len(waiting) > 1:
            places = ", ".join(sorted(f"{wait.element!r} of instance {run.id}" for run, wait in waiting))
            return Answer(Outcome.AMBIGUOUS, f"{len(waiting)} executions await {named}: {places}")
        if waiting:
            return self._move(*waiting[0])
        if (found := startable()) is not None:
            return self._start(found)
        return Answer(
            Outcome.NOT_AWAITED,
            f"no process definition or execution of tenant {event.tenant!r} matches {named}",
        )

    def _start(self, startable: Startable) -> Answer:
        variables = self._kept(startable.process)
        step = self._reached.start(startable)
        return _answer(self._reached, lambda: interpreter.begin(step, self._event.event, variables))

    def _move(self, run: Run, wait: Wait) -> Answer:
        variables = self._kept(run.process)
        step = self._reached.step(run)
        return _answer(self._reached, lambda: interpreter.receive(step, wait, variables))

    def _kept(self, process: Process) -> dict[str, Scalar]:
        wanted = self._reached.names(process) if self._variables is None else self._variables
        return variables_of(self._event.payload, wanted)


def fire(reached: Reached) -> Answer:
    """Fire the timer that is the most overdue. One that cannot fire is set aside.

    A step is a pure function, so one that was refused would be refused again: where the engine family tries
    three times before it makes an incident, because a delegate may fail by chance, this tries once.
    """
    run = reached.runs.overdue(reached.now)
    if run is None:
        return Answer(Outcome.NOT_AWAITED, "no timer is due")
    step = reached.step(run)
    answer = _answer(reached, lambda: interpreter.go_off(step))
    if answer.outcome is Outcome.REFUSED:
        reached.runs.save(run, set_aside(run.state, answer.reason or ""), reached.now)
    return answer


def _answer(reached: Reached, begin: Callable[[], None]) -> Answer:
    """Write what became of every instance that was reached, or of none."""
    refusal = interpreter.run(reached, begin)
    if refusal is not None:
        return Answer(Outcome.REFUSED, refusal.reason)
    reached.save()
    return Answer(Outcome.ACCEPTED, moved=tuple(reached.moved()))
