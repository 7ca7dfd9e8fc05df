"""Who listens for what: a token for its element's events and its boundary events, a scope for the events that
trigger its event subprocesses (BPMN 10.5.4 to 10.5.6, 13.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from trackflow.bpmn import times
from trackflow.engines.embedded.models.process import Clock, Node, Process
from trackflow.engines.embedded.steps.state import Due, Scope, State, Token
from trackflow.engines.embedded.steps.step import Refused, Step


@dataclass(frozen=True, slots=True)
class Wait:
    """A message that an instance would take now, and where.

    `holder`: of an event subprocess's start event the id of the scope that listens, of any other the visit of
    the token.
    """

    message: str
    element: str
    holder: int


class Pending(NamedTuple):
    """A timer that is set."""

    due: float  # epoch seconds
    element: str
    holder: int  # as of a `Wait`
    trouble: str | None = None  # why it could not fire; then it stands (see `trouble`)


def awaited(process: Process, state: State) -> Iterator[Wait]:
    """The messages that an instance waits for, in the order in which the waits began."""
    for holder, id_, elements in listening(process, state):
        for element in elements:
            node = process.nodes[element]
            name = node.message if node.message_expression is None else holder.names.get(element)
            if name:  # an expression may give none
                yield Wait(name, element, id_)


def timers(state: State) -> Iterator[Pending]:
    """The timers of an instance, in no order."""
    for token in state.tokens:
        for element, due in token.due.items():
            yield Pending(due.at, element, token.visit, due.trouble)
    for scope in state.scopes:
        for element, due in scope.due.items():
            yield Pending(due.at, element, scope.id, due.trouble)


def first_to_fire(state: State) -> Pending | None:
    """The timer that is due first; None: none is set."""
    return min((timer for timer in timers(state) if timer.trouble is None), default=None)


def timers_with(state: State, timer: Pending) -> dict[str, Due]:
    """The timers of the token or scope that holds one."""
    holders: list[Token | Scope] = [each for each in state.tokens if each.visit == timer.holder]
    holders += [each for each in state.scopes if each.id == timer.holder]
    return next(each.due for each in holders if timer.element in each.due)


def listening(process: Process, state: State) -> Iterator[tuple[Token | Scope, int, Iterable[str]]]:
    """Every holder, its id, and the elements whose events it listens for."""
    for token in state.tokens:
        yield token, token.visit, of_token(process, token)
    for scope in state.scopes:
        yield scope, scope.id, of_scope(process, scope)


def listens(step: Step, node: Node, holder: int) -> bool:
    """Whether a holder is still there and listens for the event of an element."""
    return any(
        id_ == holder and node.id in elements for _, id_, elements in listening(step.process, step.state)
    )


def of_token(process: Process, token: Token) -> Iterable[str]:
    """The elements whose events a token listens for.

    The boundary events of a multi-instance element are those of all its instances together
    (`BpmnParse.parseBoundaryEvents`).
    """
    node = process.nodes[token.at]
    if token.muted:
        return ()
    if node.repeats is None:
        return (*node.catches, *node.boundary) if node.boundary else node.catches
    return node.boundary if token.counter is None else node.catches


def of_scope(process: Process, scope: Scope) -> Iterable[str]:
    """The start events of event subprocesses that a scope listens for."""
    return process.triggers.get(scope.of, ()) if scope.times is None and not scope.muted else ()


def begin(step: Step, holder: Token | Scope, elements: Iterable[str]) -> None:
    """Work out what is to be known from now on."""
    name(step, holder, elements)
    set_timers(step, holder, elements)


def name(step: Step, holder: Token | Scope, elements: Iterable[str]) -> None:
    """The names of messages that hold an expression."""
    for node in map(step.node, elements):
        if node.message_expression is not None:
            holder.names[node.id] = node.message_expression.string(variables(step, holder))


def set_timers(step: Step, holder: Token | Scope, elements: Iterable[str]) -> None:
    """When timers fire."""
    for node in map(step.node, elements):
        if node.clock is not None:
            holder.due[node.id] = _due(step, node, node.clock, variables(step, holder))


def again(step: Step, due: Due) -> Due | None:
    """When a timer that fired fires next, if it does."""
    if due.cycle is None or due.begun is None:
        return None
    try:
        following = times.cycle(due.cycle).next(due.begun, step.now)
    except OverflowError:  # beyond the year 9999
        return None
    return None if following is None else due._replace(at=following)


def mute(holder: Token | Scope) -> None:
    """An interrupting event subprocess ends all other waits of its scope."""
    holder.muted = True
    holder.due.clear()
    holder.names = {}


def variables(step: Step, holder: Token | Scope) -> Mapping[str, object]:
    """What an expression of an event sees that a token or scope listens for."""
    if isinstance(holder, Token):
        return step.variables(holder.scope, holder.counter)
    return step.variables(holder.id)


def _due(step: Step, node: Node, clock: Clock, seen: Mapping[str, object]) -> Due:
    text = clock.text.string(seen)
    try:
        if clock.kind == "cycle":
            first = times.cycle(text).first(step.now)
            return Due(first, step.now, text) if clock.repeats else Due(first)
        read = times.duration if clock.kind == "duration" else times.date
        return Due(read(text, step.now))
    except (ValueError, OverflowError) as exc:
        raise Refused(f"the {clock.kind} of {node.id!r}, {text!r}, {exc}") from exc
