"""Compensation: what was done is undone, the last first (BPMN 13.5.5).

A scope remembers which of its activities are done and have a handler; a subprocess that is done is
remembered in the scope around it, with what it remembers. Sources: Operaton's `CompensationUtil` and
`CompensationEventHandler`. Handlers that would wait are refused when a model is deployed: in the engine
family no message reaches them, so that an order would be stuck for ever.
"""

from __future__ import annotations

from collections.abc import Iterable

from trackflow.engines.embedded.models.process import Node
from trackflow.engines.embedded.steps.state import PROCESS, Done, Scope
from trackflow.engines.embedded.steps.step import Step


def remember(step: Step, node: Node, scope: int) -> None:
    """An activity is done: it can be compensated."""
    if node.handler is not None:
        step.state.scope(scope).done.append(Done(node.id, node.handler))


def remember_scope(step: Step, ended: Scope, around: int) -> None:
    """A subprocess, or all of a multi-instance element, is done: so can what was done inside."""
    if ended.done and ended.of is not None:
        step.state.scope(around).done.append(Done(ended.of, None, tuple(ended.done)))


def compensate(step: Step, scope: int, activity: str | None) -> None:
    """Run the handlers of everything that is done in a scope, or of one activity; each only once."""
    for each in _scopes(step, scope):
        wanted = [done for done in each.done if activity is None or _is_of(step, activity, done)]
        each.done = [done for done in each.done if done not in wanted]
        _undo(step, wanted)


def _scopes(step: Step, scope: int) -> Iterable[Scope]:
    """The scope; of an event subprocess also the one around, which it may undo."""
    while True:
        found = step.state.scope(scope)
        yield found
        if scope == PROCESS or found.of is None or not step.node(found.of).triggered:
            return
        scope = step.state.token(scope).scope


def _is_of(step: Step, activity: str, done: Done) -> bool:
    """Whether it is what a throw event's `activityRef` means: the handler goes before what is inside."""
    node = step.node(activity)
    by_handler = node.handler is not None and node.repeats is None
    return done.element == activity and (done.handler is not None) == by_handler


def _undo(step: Step, done: Iterable[Done]) -> None:
    for each in reversed(list(done)):
        if each.handler is not None:
            step.left(step.enter(each.handler))
        _undo(step, each.inside)
