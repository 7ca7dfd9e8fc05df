"""One step of one process instance, as Camunda 7 and its forks do it.

A step is a pure function: from a process, a state, an event's variables and the time to a new state, or to a
`Refusal` and nothing changed. It reads no clock and does no I/O. A step that reaches other instances, by a
call or a signal, is a part of a `Course` through all of them, which brings them in.

Where the engine family differs from the BPMN standard, it is followed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trackflow.engines.embedded.models.process import Behaviour, Process
from trackflow.engines.embedded.steps import (
    compensation,
    conditions,
    entering,
    gateways,
    repetition,
    scopes,
    subscriptions,
    throwing,
)
from trackflow.engines.embedded.steps.course import MOVES, TOKENS, Course
from trackflow.engines.embedded.steps.state import State
from trackflow.engines.embedded.steps.step import Move, Refused, Step
from trackflow.engines.embedded.steps.subscriptions import (
    Pending,
    Wait,
    again,
    awaited,
    first_to_fire,
    timers,
    timers_with,
)
from trackflow.engines.variables import Scalar
from trackflow.errors import ExpressionError

__all__ = [
    "MOVES",
    "Pending",
    "Refusal",
    "Wait",
    "awaited",
    "begin",
    "fire",
    "go_off",
    "next_due",
    "receive",
    "run",
    "signals",
    "start",
    "take",
    "timers",
]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A step that cannot be taken. Nothing changed."""

    reason: str


def start(process: Process, message: str, variables: Mapping[str, Scalar], now: float) -> State | Refusal:
    """The state of a new instance, after the step that begins at the start event of this message."""
    return _alone(process, State(), now, lambda step: begin(step, message, variables))


def take(
    process: Process, state: State, wait: Wait, variables: Mapping[str, Scalar], now: float
) -> State | Refusal:
    """The state after an instance took a message that it waits for."""
    return _alone(process, state.copy(), now, lambda step: receive(step, wait, variables))


def fire(process: Process, state: State, now: float) -> State | Refusal:
    """The state after the timer of an instance that was due first has fired; there must be one."""
    return _alone(process, state.copy(), now, go_off)


def next_due(state: State) -> float | None:
    """When the first timer of an instance is due, epoch seconds; None if it has none."""
    timer = first_to_fire(state)
    return None if timer is None else timer.due


def signals(process: Process, state: State) -> frozenset[str]:
    """The signals that an instance listens for."""
    return frozenset(
        signal
        for _, _, elements in subscriptions.listening(process, state)
        for element in elements
        if (signal := process.nodes[element].signal)
    )


def run(course: Course, begin: Callable[[], None]) -> Refusal | None:
    """Begin something in an instance of a course, and move on until everything waits or is gone.

    A refusal says why it cannot be: then the states in the course are worth nothing.
    """
    try:
        begin()
        _run(course)
    except (Refused, ExpressionError) as exc:
        return Refusal(str(exc))
    except RecursionError:
        return Refusal("too many subprocesses or calls are one within the other")
    return None


def begin(step: Step, message: str, variables: Mapping[str, Scalar]) -> None:
    """A new instance starts with a message, which must be one that starts the process."""
    entering.start(step, step.process.starts[message], variables)
    conditions.look(step, len(variables) + 1)


def receive(step: Step, wait: Wait, variables: Mapping[str, Scalar]) -> None:
    """An event comes, whose variables may make conditions true.

    A token that is at the event itself first sees what that does, which may end its wait. Elsewhere the event
    first interrupts, and brings a token, which then may be gone at once (`EventHandlerImpl`, and
    `PvmExecutionImpl.dispatchDelayedEventsAndPerformOperation`, called when an activity starts or is left).
    """
    step.state.variables.update(variables)  # all have the scope of the process
    node = step.node(wait.element)
    if node.begins is None and node.host is None and step.state.token(wait.holder).at == node.id:
        conditions.look(step, len(variables) + 1)
        _run(step.course)
        step.course.is_outside = True
        _happen(step, node.id, wait.holder)
    else:
        arrived = scopes.arrive(step, node, wait.holder)
        conditions.look(step, len(variables) + 1)
        _run(step.course)
        scopes.depart(step, arrived)


def go_off(step: Step) -> None:
    """The timer of an instance that is due first fires; there must be one."""
    timer = first_to_fire(step.state)
    if timer is None:
        raise ValueError("no timer is set")
    due = timers_with(step.state, timer)
    following = again(step, due.pop(timer.element))
    if following is not None:
        due[timer.element] = following
    step.course.is_outside = True
    scopes.happen(step, step.node(timer.element), timer.holder)


def _alone(process: Process, state: State, now: float, begin: Callable[[Step], None]) -> State | Refusal:
    course = Course(now)
    step = Step(process, state, course)
    return run(course, lambda: begin(step)) or state


def _run(course: Course) -> None:
    """Move on until everything waits or is gone."""
    moved = 0
    while course.pending:
        if moved >= course.most:  # it may grow meanwhile
            raise Refused(
                f"after {moved} moves nothing waits for a message: the model has a loop with no end"
            )
        moved += 1
        course.is_outside = False
        step, next_ = course.pending.pop()
        if len(step.state.tokens) + len(course.pending) > TOKENS:
            raise Refused(
                f"it would be at more than {TOKENS} places at once: the model makes ever more tokens"
            )
        if isinstance(next_, Move):
            _enter(step, next_)
        else:
            _happen(step, next_.element, next_.holder)


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
            entering.wait(step, node, visit, move)
        case Behaviour.NEST:
            entering.nest(step, node, visit, move)
        case Behaviour.CALL:
            entering.call(step, node, visit, move)
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
