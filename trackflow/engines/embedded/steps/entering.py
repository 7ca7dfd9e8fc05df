"""How tokens come to what holds them, waits, subprocesses and calls, and how events bring them (BPMN 13.3.4).

An event that happens at a boundary or triggers an event subprocess does so as a token that enters it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from trackflow.engines.embedded.models.process import Node
from trackflow.engines.embedded.steps import calls, conditions, subscriptions
from trackflow.engines.embedded.steps.state import PROCESS, Scope, Token
from trackflow.engines.embedded.steps.step import Move, Refused, Step
from trackflow.engines.variables import Scalar

NOTHING: Mapping[str, Scalar] = MappingProxyType({})


def wait(step: Step, node: Node, visit: int, move: Move) -> None:
    """A token stays at an element."""
    token, listens = _stay(step, node, visit, move)
    conditions.look_at(step, token, listens)


def _stay(step: Step, node: Node, visit: int, move: Move) -> tuple[Token, Iterable[str]]:
    token = Token(node.id, move.scope, visit, counter=move.counter)
    step.state.tokens.append(token)
    listens = subscriptions.of_token(step.process, token)
    subscriptions.begin(step, token, listens)
    return token, listens


def nest(step: Step, node: Node, visit: int, move: Move) -> None:
    """A token comes to a subprocess: it stays there while another begins inside.

    Of the conditions that are true already, those that interrupt do so before anything has begun; the others
    begin when what is inside has come to rest (`PvmAtomicOperationActivityExecute`).
    """
    assert node.start is not None
    token, listens = _stay(step, node, visit, move)
    scope = Scope(visit, node.id)
    triggers = _open(step, scope)
    true = [*conditions.true_at(step, token, listens), *conditions.true_at(step, scope, triggers)]
    nodes = [(step.node(each.element), each) for each in true]
    step.move(beside(step, event, each.holder) for event, each in nodes if not event.interrupting)
    step.move([Move(node.start, visit)])
    step.happen(each for event, each in nodes if event.interrupting)


def start(step: Step, element: str, variables: Mapping[str, Scalar]) -> None:
    """An instance begins at a start event."""
    step.move([Move(element, PROCESS)])
    begin(step, Scope(PROCESS, None), variables)


def call(step: Step, node: Node, visit: int, move: Move) -> None:
    """A token comes to a call activity: it stays there while an instance of the called process runs."""
    assert node.calls is not None
    called = step.course.begin(node.calls.process, step, visit)
    if called.process.begins is None:
        raise Refused(f"process {node.calls.process!r} has several start events, each with a message")
    variables = calls.handed_over(step, node, move)
    start(called, called.process.begins, variables)
    conditions.look(called, len(variables))
    wait(step, node, visit, move)


def begin(step: Step, scope: Scope, variables: Mapping[str, Scalar] = NOTHING) -> None:
    """A process or subprocess begins: from now on its event subprocesses can be triggered.

    `variables`: that a process begins with. In the engine family it has none yet when the names of messages
    are worked out.
    """
    conditions.look_at(step, scope, _open(step, scope, variables))


def _open(step: Step, scope: Scope, variables: Mapping[str, Scalar] = NOTHING) -> Iterable[str]:
    """The event subprocesses' start events that are listened for from now on."""
    step.state.scopes.append(scope)
    listens = step.process.triggers.get(scope.of, ())
    subscriptions.name(step, scope, listens)
    step.state.variables.update(variables)
    subscriptions.set_timers(step, scope, listens)
    return listens


def beside(step: Step, node: Node, holder: int) -> Move:
    """Where a boundary event or an event subprocess begins, which has interrupted what it interrupts."""
    if node.begins is not None:
        return trigger(step, node, step.state.scope(holder))
    return break_in(step, node, step.state.token(holder))


def trigger(step: Step, node: Node, scope: Scope) -> Move:
    """An event subprocess begins; an interrupting one ends everything else in its scope (BPMN 13.5.4).

    It also ends the subscriptions of the subprocess's boundary events: in the engine family both are those of
    one execution, which is interrupted (`PvmExecutionImpl.interrupt`).
    """
    assert node.begins is not None
    if node.interrupting:
        begun = scope.id == PROCESS or any(token.scope == scope.id for token in step.state.tokens)
        if node.condition is not None and not begun:
            step.left(scope.id, canceled=True)  # in the family's path, until it ends
        step.clear(scope.id)
        subscriptions.mute(scope)
        if scope.id != PROCESS and (host := step.state.token(scope.id)).counter is None:
            subscriptions.mute(host)
    return Move(node.begins, scope.id)


def break_in(step: Step, node: Node, host: Token) -> Move:
    """A boundary event happens; an interrupting one ends what it is attached to (BPMN 13.3.2)."""
    if node.interrupting:
        step.cancel(host)
    return Move(node.id, host.scope)
