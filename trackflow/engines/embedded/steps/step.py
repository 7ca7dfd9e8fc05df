"""One step under way: the state that it changes, the moves still to be made, and what any rule needs.

Rules never call each other to move on: they put moves on the stack. Of several moves that are possible, the
one that became possible last comes first (the engine's `CommandInvocationContext` is a stack, too), with the
flows of one element in the order of the file. So a model with many elements costs no frames of Python.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from trackflow.bpmn.execution import BUSINESS_KEY
from trackflow.engines.embedded.models.process import Exit, Node, Process
from trackflow.engines.embedded.steps.state import PROCESS, Scope, State, Token, Visit

if TYPE_CHECKING:
    from trackflow.engines.embedded.steps.course import Course


class Refused(Exception):
    """Ends a step; its text is the reason."""


class Move(NamedTuple):
    """An element that is to be entered, in which scope; of a multi-instance element, as which instance."""

    element: str
    scope: int
    counter: int | None = None


class Happening(NamedTuple):
    """The event of an element that is to happen, if its holder still listens for it when its turn comes."""

    element: str
    holder: int


class Step:
    """On a state that nobody else has yet.

    Attributes:
        process: the model.
        state: what changes.
        course: what it is a part of, and the other instances that it reaches.
        instance: id of the instance; empty where nobody else knows it.
        business_key: of the instance, as expressions see it; None where there is none.
        now: epoch seconds.
    """

    def __init__(
        self,
        process: Process,
        state: State,
        course: Course,
        instance: str = "",
        business_key: str | None = None,
    ) -> None:
        self.process = process
        self.state = state
        self.course = course
        course.most = max(course.most, 2 * len(process.nodes))  # a long way is no loop
        self.instance = instance
        self.business_key = business_key
        self.now = course.now

    def node(self, element: str) -> Node:
        """An element, ready to run."""
        return self.process.nodes[element]

    def move(self, moves: Iterable[Move]) -> None:
        """To be made next, in this order."""
        self.course.pending.extend((self, move) for move in reversed(list(moves)))

    def happen(self, events: Iterable[Happening]) -> None:
        """To happen next, in this order."""
        self.course.pending.extend((self, event) for event in reversed(list(events)))

    def moves(self) -> Iterator[Move]:
        """The elements that are still to be entered."""
        return (each for step, each in self.course.pending if step is self and isinstance(each, Move))

    # ---- the path ------------------------------------------------------------------------------------

    def enter(self, element: str) -> int:
        """Note in the path that a token came; its place there."""
        self.state.path.append(Visit(element, self.now, None))
        return len(self.state.path) - 1

    def left(self, visit: int, *, canceled: bool = False) -> None:
        """Note in the path that it is gone."""
        seen = self.state.path[visit]
        seen.left, seen.canceled = self.now, canceled

    # ---- scopes --------------------------------------------------------------------------------------

    def inside(self, scope: int) -> set[int]:
        """Ids of this scope and of all scopes in it."""
        found = {scope}
        for token in self.state.tokens:  # a token is older than the scope that it waits for
            if token.scope in found:
                found.add(token.visit)
        return found

    def is_empty(self, scope: int) -> bool:
        """Whether nothing is there, nor will come."""
        return not any(move.scope == scope for move in self.moves()) and not any(
            token.scope == scope for token in self.state.tokens
        )

    def cancel(self, token: Token) -> None:
        """End a token and all that goes on inside of what it is at, or in the instance that it called."""
        if any(scope.id == token.visit for scope in self.state.scopes):
            self.clear(token.visit)
            self.close(token.visit)
        elif self.node(token.at).calls is not None and (called := self.course.called(self, token.visit)):
            called.terminate()
        self.state.tokens.remove(token)
        self.left(token.visit, canceled=True)

    def terminate(self) -> None:
        """End the instance from outside."""
        self.clear(PROCESS)
        self.close(PROCESS)
        self.state.end = "terminated"

    def clear(self, scope: int) -> None:
        """End everything in a scope; it stays."""
        self.course.pending = [
            (step, each)
            for step, each in self.course.pending
            if step is not self or isinstance(each, Happening) or each.scope != scope
        ]
        for token in [token for token in self.state.tokens if token.scope == scope]:
            self.cancel(token)

    def close(self, scope: int) -> Scope:
        """Take a scope away; nothing may be in it."""
        found = self.state.scope(scope)
        self.state.scopes.remove(found)
        return found

    # ---- expressions ---------------------------------------------------------------------------------

    def variables(self, scope: int, counter: int | None = None) -> Mapping[str, object]:
        """What an expression sees there: the process variables, and the counters around it.

        `nrOfInstances`, `nrOfActiveInstances`, `nrOfCompletedInstances` and `loopCounter`: BPMN 13.3.7,
        `MultiInstanceActivityBehavior`.
        """
        seen: dict[str, object] = {**self.state.variables}
        if self.business_key is not None:
            seen[BUSINESS_KEY] = self.business_key
        if counter is None and all(each.times is None for each in self.state.scopes):
            return seen
        counters = dict[str, object]() if counter is None else {"loopCounter": counter}
        while scope != PROCESS:
            counters = self._counters(self.state.scope(scope)) | counters
            host = self.state.token(scope)
            counters = ({} if host.counter is None else {"loopCounter": host.counter}) | counters
            scope = host.scope
        return seen | counters

    def _counters(self, scope: Scope) -> dict[str, object]:
        if scope.times is None or scope.of is None:
            return {}
        repeats = self.node(scope.of).repeats
        planned, completed = scope.times
        active = 1 if repeats and repeats.sequential else planned - completed
        return {
            "nrOfInstances": planned,
            "nrOfCompletedInstances": completed,
            "nrOfActiveInstances": active,
        }

    def exits(self, node: Node, scope: int) -> list[Exit]:
        """The flows to take from an element: all that are open, else the default."""
        return list(self.open(node.exits, scope)) or ([node.default] if node.default else [])

    def open(self, exits: Sequence[Exit], scope: int) -> Iterator[Exit]:
        """Those of the flows whose conditions are true, or that have none."""
        if all(flow.condition is None for flow in exits):
            yield from exits
            return
        variables = self.variables(scope)
        for flow in exits:
            if flow.condition is None or flow.condition.condition(variables):
                yield flow

    def follow(self, exits: Iterable[Exit], scope: int) -> None:
        """Enter next what is behind these flows: the first one first.

        But the last one first where a waiting token leaves: there the engine's stack is not at work yet,
        so that each flow is run to its end before the next is put on it
        (`CommandInvocationContext.performNext`).
        """
        moves = [Move(flow.target, scope) for flow in exits]
        self.move(reversed(moves) if self.course.is_outside else moves)


def stuck(node: Node) -> NoReturn:
    """Raise what ends a step that cannot go on behind an element."""
    raise Refused(f"no outgoing sequence flow of {node.id!r} can be taken")
