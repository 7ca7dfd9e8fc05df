"""How tokens leave elements, and how subprocesses and instances end (BPMN 13.2.1, 13.3.4, 13.5.3)."""

from __future__ import annotations

from collections.abc import Sequence

from trackflow.engines.embedded.models.process import Exit, Node
from trackflow.engines.embedded.steps import (
    calls,
    compensation,
    conditions,
    entering,
    repetition,
    subscriptions,
)
from trackflow.engines.embedded.steps.state import PROCESS, Token
from trackflow.engines.embedded.steps.step import Move, Step, stuck


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
        step.move([entering.beside(step, node, holder)])
    else:
        _take(step, node, step.state.token(holder))


def arrive(step: Step, node: Node, holder: int) -> Token:
    """The event happens where no token is at its element: one comes there, and does not go on yet."""
    if node.begins is not None or node.host is not None:
        move = entering.beside(step, node, holder)
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
        entering.nest(step, node, arrived.visit, Move(node.id, arrived.scope))
    else:
        leave(step, node, arrived.visit, arrived.scope)


def _take(step: Step, node: Node, token: Token) -> None:
    """A token gets what it waits for, and moves on."""
    step.state.tokens.remove(token)
    visit = token.visit
    if node.id != token.at:  # the event behind an event-based gateway is entered only now
        step.left(visit, canceled=True)  # in the engine family's words: the other events are canceled
        visit = step.enter(node.id)
        step.course.is_outside = False
    leave(step, node, visit, token.scope, token.counter)
