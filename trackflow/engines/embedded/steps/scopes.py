"""How tokens leave elements, and how subprocesses begin and end (BPMN 13.3.4, 13.5.3).

An event that happens at a boundary or triggers an event subprocess does so as a token that enters it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from trackflow.engines.embedded.models.process import Exit, Node
from trackflow.engines.embedded.steps import calls, compensation, conditions, repetition, subscriptions
from trackflow.engines.embedded.steps.state import PROCESS, Scope, Token
from trackflow.engines.embedded.steps.step import Move, Refused, Step, stuck
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
    step.move(_beside(step, event, each.holder) for event, each in nodes if not event.interrupting)
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


def leave(step: Step, node: Node, visit: int, scope: int, counter: int | None = None) -> None:
    """Go on over every flow that is open: without a gateway, several are a split (BPMN 13.2.1).

    `counter`: which instance of a multi-instance element it is that is left.
    """
    step.left(visit)
    compensation.remember(step, node, scope)
    if scope != PROCESS and step.state.scope(scope).times is not None:
        if repetition.is_over(step, node, scope, counter):
            end_repetition(step, node, scope)
        return
    go_on(step, node, scope)


def go_on(step: Step, node: Node, scope: int) -> None:
    """Follow the flows of an element that is left; where none leaves it, the token is gone."""
    exits = step.exits(node, scope)
    if node.exits and not exits:
        stuck(node)
    follow(step, exits, scope)


def follow(step: Step, exits: Sequence[Exit], scope: int) -> None:
    """Enter next what is behind these flows; with none the token is gone, and perhaps its scope done."""
    step.follow(exits, scope)
    if not exits:
        end_if_empty(step, scope)


def end_repetition(step: Step, node: Node, body: int) -> None:
    """All instances of a multi-instance element are done, or enough of them: the others end."""
    step.clear(body)
    host = step.state.token(body)
    compensation.remember_scope(step, step.close(body), host.scope)
    step.state.tokens.remove(host)
    step.left(body)
    go_on(step, node, host.scope)


def end_if_empty(step: Step, scope: int) -> None:
    """A scope whose last token is gone is done: the token that waits for it leaves (BPMN 13.3.4)."""
    if not step.is_empty(scope):
        return
    ended = step.close(scope)
    if scope == PROCESS:
        step.state.end = "completed"
        _return(step)
        return
    host = step.state.token(scope)
    compensation.remember_scope(step, ended, host.scope)
    step.state.tokens.remove(host)
    leave(step, step.node(host.at), host.visit, host.scope, host.counter)


def _return(step: Step) -> None:
    """A called instance has ended: the token of its caller that waits for it leaves."""
    found = step.course.caller(step)
    if found is None:
        return
    caller, token = found
    if give_back(step, caller, token):
        caller.state.tokens.remove(token)
        leave(caller, caller.node(token.at), token.visit, token.scope, token.counter)


def give_back(step: Step, caller: Step, token: Token) -> bool:
    """A called instance ends, or throws something outwards: its caller gets its variables.

    Conditions that they make true happen at once; False: one of them ended the call.
    """
    given = calls.given_back(step, caller.node(token.at))
    caller.state.variables.update(given)
    for event in conditions.true_now(caller) * len(given):
        if subscriptions.listens(caller, node := caller.node(event.element), event.holder):
            happen(caller, node, event.holder)
    return token in caller.state.tokens


def terminate(step: Step, node: Node, visit: int, scope: int) -> None:
    """Everything else in the scope ends, and what was still to be done there (BPMN 13.5.6)."""
    step.clear(scope)
    leave(step, node, visit, scope)


def happen(step: Step, node: Node, holder: int) -> None:
    """The event of an element happens, at the token or scope that listens for it."""
    if node.begins is not None or node.host is not None:
        step.move([_beside(step, node, holder)])
    else:
        _take(step, node, step.state.token(holder))


def arrive(step: Step, node: Node, holder: int) -> Token:
    """The event happens where no token is at its element: one comes there, and does not go on yet."""
    if node.begins is not None or node.host is not None:
        move = _beside(step, node, holder)
    else:
        gateway = step.state.token(holder)
        step.state.tokens.remove(gateway)
        step.left(gateway.visit, canceled=True)
        move = Move(node.id, gateway.scope)
    arrived = Token(move.element, move.scope, step.enter(move.element))
    step.state.tokens.append(arrived)
    return arrived


def depart(step: Step, arrived: Token) -> None:
    """The token goes on, if it is still there."""
    if arrived not in step.state.tokens:
        return
    step.state.tokens.remove(arrived)
    node = step.node(arrived.at)
    if node.start is not None:
        nest(step, node, arrived.visit, Move(node.id, arrived.scope))
    else:
        leave(step, node, arrived.visit, arrived.scope)


def _beside(step: Step, node: Node, holder: int) -> Move:
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


def _take(step: Step, node: Node, token: Token) -> None:
    """A token gets what it waits for, and moves on."""
    step.state.tokens.remove(token)
    visit = token.visit
    if node.id != token.at:  # the event behind an event-based gateway is entered only now
        step.left(visit, canceled=True)  # in the engine family's words: the other events are canceled
        visit = step.enter(node.id)
        step.course.is_outside = False
    leave(step, node, visit, token.scope, token.counter)
