"""One step of one process instance, as Camunda 7 and its forks do it.

A step is a pure function: from a process, a state, an event's variables and the time to a new state, or to a
`Refusal` and nothing changed. It reads no clock and does no I/O.

Where to find a rule: `gateways`, `scopes` (leaving elements, subprocesses, boundary events, event
subprocesses), `repetition` (multi-instance), `throwing` (errors, escalations, cancellation), `subscriptions`
(messages and timers). Where the engine family differs from the BPMN standard, it is followed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trackflow.engines.embedded import (
    compensation,
    conditions,
    gateways,
    repetition,
    scopes,
    subscriptions,
    throwing,
)
from trackflow.engines.embedded.process import Behaviour, Process
from trackflow.engines.embedded.state import PROCESS, Scope, State
from trackflow.engines.embedded.step import Happening, Move, Refused, Step
from trackflow.engines.embedded.subscriptions import Pending, Wait, again, awaited, first_to_fire, timers
from trackflow.engines.variables import Scalar
from trackflow.errors import ExpressionError

__all__ = [
    "MOVES",
    "Pending",
    "Refusal",
    "Wait",
    "awaited",
    "fire",
    "hear",
    "next_due",
    "signals",
    "start",
    "take",
    "timers",
]

# A step that ends takes about as many moves as its model has elements. One that goes round a loop in which
# nothing waits never ends, since variables do not change within a step.
MOVES = 10_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """A step that cannot be taken. Nothing changed."""

    reason: str


def start(process: Process, message: str, variables: Mapping[str, Scalar], now: float) -> State | Refusal:
    """The state of a new instance, after the step that begins at the start event of this message."""

    def begin(step: Step) -> None:
        step.move([Move(process.starts[message], PROCESS)])
        scopes.begin(step, Scope(PROCESS, None), variables)
        conditions.look(step, len(variables))

    return _step(process, State(), now, begin)


def take(
    process: Process, state: State, wait: Wait, variables: Mapping[str, Scalar], now: float
) -> State | Refusal:
    """The state after an instance took a message that it waits for."""
    return _step(process, state.copy(), now, lambda step: _take(step, wait, variables))


def fire(process: Process, state: State, now: float) -> State | Refusal:
    """The state after the timer of an instance that was due first has fired; there must be one."""
    timer = first_to_fire(state)
    if timer is None:
        raise ValueError("no timer is set")
    return _step(process, state.copy(), now, lambda step: _fire(step, timer))


def next_due(state: State) -> float | None:
    """When the first timer of an instance is due, epoch seconds; None if it has none."""
    timer = first_to_fire(state)
    return None if timer is None else timer.due


def hear(process: Process, state: State, signal: str, now: float) -> State | Refusal:
    """The state after an instance heard a signal that another one threw."""
    return _step(process, state.copy(), now, lambda step: throwing.hear(step, signal))


def signals(process: Process, state: State) -> frozenset[str]:
    """The signals that an instance listens for."""
    return frozenset(
        signal
        for _, _, elements in subscriptions.listening(process, state)
        for element in elements
        if (signal := process.nodes[element].signal)
    )


def _take(step: Step, wait: Wait, variables: Mapping[str, Scalar]) -> None:
    """First what the event's variables do, then the event itself, which that may have ended the wait for."""
    step.state.variables.update(variables)  # all have the scope of the process
    conditions.look(step, len(variables))
    _run(step)
    step.is_outside = True
    _happen(step, wait.element, wait.holder)


def _fire(step: Step, timer: Pending) -> None:
    node = step.node(timer.element)
    holder = step.state.scope(timer.holder) if node.begins is not None else step.state.token(timer.holder)
    following = again(step, node, holder.due.pop(timer.element))
    if following is not None:
        holder.due[timer.element] = following
    step.is_outside = True
    scopes.happen(step, node, timer.holder)


def _step(process: Process, state: State, now: float, begin: Callable[[Step], None]) -> State | Refusal:
    step = Step(process, state, now)
    try:
        begin(step)
        _run(step)
    except (Refused, ExpressionError) as exc:
        return Refusal(str(exc))
    return state


def _run(step: Step) -> None:
    """Move on until everything waits or is gone."""
    for _ in range(MOVES):
        if not step.pending:
            return
        step.is_outside = False
        match step.pending.pop():
            case Move() as move:
                _enter(step, move)
            case Happening(element, holder):
                _happen(step, element, holder)
    raise Refused(f"after {MOVES} moves nothing waits for a message: the model has a loop with no end")


def _happen(step: Step, element: str, holder: int) -> None:
    """An event happens, if its wait has not ended since."""
    node = step.node(element)
    if subscriptions.listens(step, node, holder):
        scopes.happen(step, node, holder)


def _enter(step: Step, move: Move) -> None:
    """A token comes to an element."""
    node = step.node(move.element)
    if node.repeats is not None and move.counter is None:
        if not repetition.begin(step, node, node.repeats, move.scope):
            scopes.go_on(step, node, move.scope)
        return
    if node.behaviour is Behaviour.LINK:
        scopes.go_on(step, node, move.scope)
        return
    visit, scope = step.enter(node.id), move.scope
    match node.behaviour:
        case Behaviour.PASS | Behaviour.END:
            scopes.leave(step, node, visit, scope, move.counter)
        case Behaviour.WAIT | Behaviour.RACE:
            scopes.wait(step, node, visit, move)
        case Behaviour.NEST:
            scopes.nest(step, node, visit, move)
        case Behaviour.CHOOSE:
            gateways.choose(step, node, visit, scope)
        case Behaviour.JOIN:
            gateways.join(step, node, visit, scope)
        case Behaviour.MERGE:
            gateways.merge(step, node, visit, scope)
        case Behaviour.TERMINATE:
            scopes.terminate(step, node, visit, scope)
        case Behaviour.FAIL:
            throwing.fail(step, node, visit, scope)
        case Behaviour.ESCALATE:
            throwing.escalate(step, node, visit, scope)
        case Behaviour.CANCEL:
            throwing.cancel(step, node, visit, scope)
        case Behaviour.SIGNAL:
            throwing.signal(step, node, visit, scope)
        case Behaviour.COMPENSATE:
            compensation.compensate(step, scope, node.compensates)
            scopes.leave(step, node, visit, scope)
