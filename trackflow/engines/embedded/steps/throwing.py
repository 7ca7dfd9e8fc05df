"""Errors, escalations and cancellations: what is thrown inside goes outwards, from scope to scope, to the
first event that catches it (BPMN 10.5.7, 13.5.5); out of a called process, on to its caller.

In each scope its event subprocesses are asked before the subprocess's boundary events, and an event that
names the code before one that catches any (`ErrorEventDefinition.getPrecedence`). What nobody catches ends
the token and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from trackflow.engines.embedded.models.process import Node
from trackflow.engines.embedded.steps import compensation, scopes, subscriptions
from trackflow.engines.embedded.steps.state import PROCESS, Scope, Token
from trackflow.engines.embedded.steps.step import Refused, Step


class _Catcher(NamedTuple):
    step: Step  # of the instance that it belongs to: the one that throws, or one that called it
    node: Node
    holder: int  # the scope that it triggers in, or the token that it is attached to

    def happen(self) -> None:
        scopes.happen(self.step, self.node, self.holder)


def fail(step: Step, node: Node, visit: int, scope: int) -> None:
    """An error end event: what catches the error always interrupts the scope that it was thrown in."""
    # No error that an event subprocess throws, at any depth, triggers that event subprocess again.
    around = _around(step, node)
    catcher = _catcher(step, "error", node, scope, lambda caught: caught.begins not in around)
    if catcher is None:
        scopes.leave(step, node, visit, scope)
        return
    step.left(visit, canceled=True)
    catcher.happen()


def escalate(step: Step, node: Node, visit: int, scope: int) -> None:
    """An escalation: the token goes on, unless what catches it interrupts the scope (BPMN 10.5.5)."""
    # Only directly in it (`isReThrowingEscalationEventSubprocess`), unlike an error.
    catcher = _catcher(step, "escalation", node, scope, lambda caught: caught.begins != node.scope)
    if catcher is not None and catcher.node.interrupting:
        step.left(visit, canceled=True)
        catcher.happen()
        return
    if catcher is not None:
        catcher.happen()
    scopes.leave(step, node, visit, scope)


def signal(step: Step, node: Node, visit: int, scope: int) -> None:
    """A signal: who listens gets it, in any instance, before who threw it goes on (BPMN 10.5.1).

    What it interrupts is interrupted at once, the thrower perhaps too; what it begins, begins after the
    thrower has gone on (`ThrowSignalEventActivityBehavior`).
    """
    assert node.signal is not None
    token = Token(node.id, scope, visit)
    is_alone = step.is_empty(scope)
    step.state.tokens.append(token)
    for each in (*step.course.hearing(step, node.signal), step):
        _hear(each, node.signal)
    if token in step.state.tokens:
        step.state.tokens.remove(token)
        scopes.leave(step, node, visit, scope)
    elif is_alone and any(each.id == scope for each in step.state.scopes):
        # In the engine family thrower and event subprocess are then one execution, which ends here.
        step.clear(scope)
        scopes.end_if_empty(step, scope)


def _hear(step: Step, name: str) -> None:
    listening = [
        (step.node(element), holder)
        for _, holder, elements in subscriptions.listening(step.process, step.state)
        for element in elements
        if step.node(element).signal == name
    ]
    for node, holder in listening:
        if subscriptions.listens(step, node, holder):
            scopes.happen(step, node, holder)


def cancel(step: Step, node: Node, visit: int, scope: int) -> None:
    """A cancel end event undoes and ends its transaction, by its boundary event (BPMN 13.3.6)."""
    catcher = next(_catchers(step, "cancel", scope), None)
    if catcher is None or catcher.step is not step or catcher.node.host != node.scope:
        raise Refused(f"there is no cancel boundary event for {node.id!r}")
    compensation.compensate(step, scope, None)
    step.left(visit, canceled=True)
    catcher.happen()


def _catcher(
    step: Step, thrown: str, node: Node, scope: int, may_catch: Callable[[Node], bool]
) -> _Catcher | None:
    for catcher in _catchers(step, thrown, scope):
        if catcher.node.code in (None, node.code) and (
            catcher.step is not step or catcher.node.begins is None or may_catch(catcher.node)
        ):
            return catcher
    return None


def _catchers(step: Step, thrown: str, scope: int) -> Iterator[_Catcher]:
    """Everything around that can catch it, from the inside outwards, and on in who called the instance.

    On the way the caller gets the variables of the called instance (`OutputVariablesPropagator`).
    """
    while True:
        yield from _of_scope(step, thrown, step.state.scope(scope))
        if scope != PROCESS:
            scope = step.state.token(scope).scope
            continue
        found = step.course.caller(step)
        if found is None:
            return
        called, (step, token) = step, found
        if not scopes.give_back(called, step, token):
            raise Refused(f"what is thrown out of {token.at!r} comes with variables that end it")
        yield from _at_call(step, thrown, token)
        scope = token.scope


def _at_call(step: Step, thrown: str, token: Token) -> Iterator[_Catcher]:
    handlers = step.process.handlers.get((thrown, token.at))
    if handlers is not None and step.node(token.at).repeats is None:
        yield from (_Catcher(step, step.node(each), token.visit) for each in handlers.outside)


def _of_scope(step: Step, thrown: str, scope: Scope) -> Iterator[_Catcher]:
    handlers = step.process.handlers.get((thrown, scope.of))
    if handlers is None:
        return
    is_body = scope.times is not None
    if not is_body:
        yield from (_Catcher(step, step.node(each), scope.id) for each in handlers.inside)
    # Boundary events of a multi-instance subprocess belong to all its instances together.
    if is_body or scope.of is None or step.node(scope.of).repeats is None:
        yield from (_Catcher(step, step.node(each), scope.id) for each in handlers.outside)


def _around(step: Step, node: Node) -> set[str | None]:
    """The subprocesses that an element lies in, at any depth."""
    found = set[str | None]()
    while node.scope is not None:
        found.add(node.scope)
        node = step.node(node.scope)
    return found
