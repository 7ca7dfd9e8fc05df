"""One step of one process instance, as Camunda 7 and its forks do it.

A step is a pure function: from a process, a state, an event's variables and the time to a new state, or to a
`Refusal` and nothing changed. It reads no clock and does no I/O.

Where the engine family differs from the BPMN standard, it is followed:
- a parallel join counts tokens, not flows, and conditions on the flows of a parallel gateway mean nothing;
- of several moves that are possible, the one that became possible last comes first (the engine's
  `CommandInvocationContext` is a stack), with the flows of one element in the order of the file;
- what a terminate end event finds still to be done is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from trackflow.engines.embedded.process import Behaviour, Exit, Node, Process
from trackflow.engines.embedded.state import Scope, State, Token, Visit
from trackflow.engines.variables import Scalar
from trackflow.errors import ExpressionError

# A step that ends takes about as many moves as its model has elements. One that goes round a loop in which
# nothing waits never ends, since variables do not change within a step.
MOVES = 10_000


@dataclass(frozen=True, slots=True)
class Refusal:
    """A step that cannot be taken. Nothing changed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """A message that an instance would take now, and where."""

    message: str
    element: str  # id of the element that takes it
    visit: int  # of the token that waits


def start(process: Process, message: str, variables: Mapping[str, Scalar], now: float) -> State | Refusal:
    """The state of a new instance, after the step that begins at the start event of this message."""
    state = State(scopes=[Scope(id=0, of=None, token=None)])
    return _step(process, state, variables, now, lambda step: step.enter(process.starts[message], scope=0))


def take(
    process: Process, state: State, wait: Wait, variables: Mapping[str, Scalar], now: float
) -> State | Refusal:
    """The state after an instance took a message that it waits for."""
    return _step(process, state.copy(), variables, now, lambda step: step.take(wait))


def awaited(process: Process, state: State) -> Iterator[Wait]:
    """What an instance waits for, in the order in which the waits began."""
    for token in state.tokens:
        for element in process.nodes[token.at].catches:
            name = token.names.get(element) or process.nodes[element].message
            if name:  # an expression may have none
                yield Wait(name, element, token.visit)


class _Refused(Exception):
    """Ends a step; its text is the reason."""


def _step(
    process: Process,
    state: State,
    variables: Mapping[str, Scalar],
    now: float,
    begin: Callable[[_Step], None],
) -> State | Refusal:
    # Before the move, so that the conditions behind see them; all have the scope of the process.
    state.variables.update(variables)
    step = _Step(process, state, now)
    try:
        begin(step)
        step.run()
    except (_Refused, ExpressionError) as exc:
        return Refusal(str(exc))
    return state


class _Step:
    """One step under way. It works on a state that nobody else has yet."""

    def __init__(self, process: Process, state: State, now: float) -> None:
        self._process = process
        self._state = state
        self._now = now
        self._pending: list[tuple[str, int]] = []  # a stack of (element to enter, scope)

    def take(self, wait: Wait) -> None:
        """A waiting token takes its message and moves on."""
        token = next(token for token in self._state.tokens if token.visit == wait.visit)
        self._end_wait(token)
        node = self._process.nodes[wait.element]
        # The event behind an event-based gateway is entered only now.
        visit = token.visit if node.id == token.at else self._visit(node)
        self._leave(node, visit, token.scope)

    def run(self) -> None:
        """Move on until everything waits or is gone."""
        for _ in range(MOVES):
            if not self._pending:
                return
            self.enter(*self._pending.pop())
        raise _Refused(f"after {MOVES} moves nothing waits for a message: the model has a loop with no end")

    def enter(self, element: str, scope: int) -> None:
        """A token comes to an element."""
        node = self._process.nodes[element]
        visit = self._visit(node)
        match node.behaviour:
            case Behaviour.PASS:
                self._leave(node, visit, scope)
            case Behaviour.WAIT | Behaviour.RACE:
                self._wait(node, visit, scope)
            case Behaviour.CHOOSE:
                self._choose(node, visit, scope)
            case Behaviour.JOIN:
                self._join(node, visit, scope)
            case Behaviour.END:
                self._leave(node, visit, scope)
            case Behaviour.TERMINATE:
                self._terminate(scope)
                self._leave(node, visit, scope)

    def _wait(self, node: Node, visit: int, scope: int) -> None:
        catching = (self._process.nodes[element] for element in node.catches)
        names = {
            catch.id: catch.message_expression.string(self._state.variables)
            for catch in catching
            if catch.message_expression
        }
        self._state.tokens.append(Token(node.id, scope, visit, names))

    def _choose(self, node: Node, visit: int, scope: int) -> None:
        chosen = next(self._open(node.exits), node.default)
        if chosen is None:
            raise _Refused(f"no outgoing sequence flow of {node.id!r} can be taken")
        self._left(visit)
        self._follow([chosen], scope)

    def _join(self, node: Node, visit: int, scope: int) -> None:
        tokens = self._state.tokens
        tokens.append(Token(node.id, scope, visit))
        arrived = [token for token in tokens if token.at == node.id and token.scope == scope]
        if len(arrived) < node.incoming:
            return
        for token in arrived:
            self._end_wait(token)
        self._follow([*node.exits, *([node.default] if node.default else [])], scope)

    def _terminate(self, scope: int) -> None:
        self._pending = [move for move in self._pending if move[1] != scope]
        for token in [token for token in self._state.tokens if token.scope == scope]:
            self._end_wait(token)

    def _leave(self, node: Node, visit: int, scope: int) -> None:
        """Go on over every flow that is open: without a gateway, several are a split."""
        self._left(visit)
        exits = list(self._open(node.exits)) or ([node.default] if node.default else [])
        if node.exits and not exits:
            raise _Refused(f"no outgoing sequence flow of {node.id!r} can be taken")
        self._follow(exits, scope)

    def _open(self, exits: Iterable[Exit]) -> Iterator[Exit]:
        for flow in exits:
            if flow.condition is None or flow.condition.condition(self._state.variables):
                yield flow

    def _follow(self, exits: list[Exit], scope: int) -> None:
        """Enter what is behind these flows; with no flow the token is gone, and perhaps its scope done."""
        self._pending.extend((flow.target, scope) for flow in reversed(exits))
        if any(other == scope for _, other in self._pending):
            return
        if any(token.scope == scope for token in self._state.tokens):
            return
        self._state.scopes = [each for each in self._state.scopes if each.id != scope]
        self._state.end = "completed"

    def _visit(self, node: Node) -> int:
        self._state.path.append(Visit(node.id, self._now, None))
        return len(self._state.path) - 1

    def _left(self, visit: int) -> None:
        self._state.path[visit].left = self._now

    def _end_wait(self, token: Token) -> None:
        self._state.tokens.remove(token)
        self._left(token.visit)
