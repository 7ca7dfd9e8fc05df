"""Draws what flows lead through: waits, gateways with their branches, loops, subprocesses."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.engines.fidelity.beside import BesidePen, Ends
from tests.engines.fidelity.drawing import Node
from tests.engines.fidelity.vocabulary import CODES, SIGNALS


class BlockPen(BesidePen):
    """Draws blocks, which may hold others."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self._blocks: dict[Callable[[Node, int], Ends], int] = {
            self._wait: 34,
            self._pass: 12,
            self._split: 26,
            self._events: 7,
            self._loop: 6,
            self._subprocess: 16,
            self._link: 3,
        }

    def _sequence(self, scope: Node, depth: int, length: int) -> Ends:
        first, last = self._block(scope, depth)
        for _ in range(length - 1):
            if last is None:
                break
            entry, exit_ = self._block(scope, depth)
            self._flow(scope, last, entry)
            last = exit_
        return first, last

    def _block(self, scope: Node, depth: int) -> Ends:
        blocks = {
            draw: weight for draw, weight in self._blocks.items() if depth < 2 or draw in self._simple()
        }
        draw = self._random.choices(list(blocks), list(blocks.values()))[0]
        return draw(scope, depth)

    def _simple(self) -> tuple[Callable[[Node, int], Ends], ...]:
        return (self._wait, self._pass)

    def _wait(self, scope: Node, depth: int) -> Ends:
        kind = self._random.choices(
            ("receive", "catch", "timer", "user", "external", "signal", "conditional"),
            (50, 22, 17, 4, 4, 4, 5),
        )[0]
        if kind == "receive":
            node = self._node(scope, "receiveTask", "message", self._message())
            if self._chance(0.22):
                self._repeat(scope.nodes[-1])
        elif kind == "catch":
            node = self._node(scope, "intermediateCatchEvent", "message", self._message())
        elif kind == "timer":
            node = self._node(scope, "intermediateCatchEvent", "timer")
            self._time(scope.nodes[-1])
        elif kind in ("signal", "conditional"):
            node = self._node(scope, "intermediateCatchEvent", kind, self._about(kind))
        else:
            node = self._node(scope, "userTask" if kind == "user" else "serviceTask")
            if kind == "external":
                scope.nodes[-1].attributes = {"camunda:type": "external", "camunda:topic": "work"}
        # An engine leaves timers around a repeated element behind that is compensated.
        if kind == "receive" and self._chance(0.1) and scope.nodes[-1].repetition is None:
            self._compensation(scope, node)
        if kind in ("receive", "user", "external") and self._chance(0.3):
            return node, self._boundaries(scope, node, depth)
        return node, node

    def _pass(self, scope: Node, depth: int) -> Ends:
        kind = self._random.choices(
            ("task", "manualTask", "none", "escalation", "message", "signal", "compensate"),
            (40, 10, 15, 30, 5, 12, 8),
        )[0]
        if kind.endswith("ask"):
            node = self._node(scope, kind)
        elif kind == "none":
            node = self._node(scope, "intermediateThrowEvent")
        elif kind == "compensate":
            node = self._node(scope, "intermediateThrowEvent", kind)
        elif kind == "signal":
            # Right behind a wait: signals that answer signals would go on for ever.
            first = self._node(scope, "receiveTask", "message", self._message())
            node = self._node(scope, "intermediateThrowEvent", kind, self._random.choice(SIGNALS))
            self._flow(scope, first, node)
            return first, node
        else:
            about = self._random.choice(CODES) if kind == "escalation" else "Out"
            node = self._node(scope, "intermediateThrowEvent", kind, about)
        return node, node

    def _split(self, scope: Node, depth: int) -> Ends:
        kind = self._random.choice(("exclusiveGateway", "parallelGateway", "inclusiveGateway"))
        opening = kind if self._chance(0.85) else self._random.choice(("task", "receiveTask"))
        split = self._node(scope, opening, *self._waits_for(opening))
        closing = kind if self._chance(0.7) else self._merge_type()
        conditional = kind != "parallelGateway"
        exits: list[str] = []
        targets: list[str] = []
        for _ in range(self._random.choice((2, 2, 3))):
            entry, last = self._sequence(scope, depth + 1, self._random.choice((1, 1, 1, 2)))
            targets.append(entry)
            if last and self._chance(0.14):
                self._flow(scope, last, self._end(scope))
            elif last:
                exits.append(last)
        default = self._random.randrange(len(targets)) if self._chance(0.85) else None
        for number, target in enumerate(targets):
            if conditional and number == default:
                self._flow(scope, split, target, default=True)
            else:
                plain = not conditional or self._chance(0.01)
                self._flow(scope, split, target, None if plain else self._condition())
        if not exits and not self._chance(0.3):
            return split, None
        join = self._node(scope, closing, *self._waits_for(closing))
        for exit_ in exits:
            self._flow(scope, exit_, join)
        if not exits or self._chance(0.1):
            self._flow(scope, split, join, self._condition() if conditional else None)
        return split, join

    def _events(self, scope: Node, depth: int) -> Ends:
        gateway = self._node(scope, "eventBasedGateway")
        caught = set[str]()
        join = self._node(scope, self._merge_type())
        scope.nodes[-1].event, scope.nodes[-1].about = self._waits_for(scope.nodes[-1].type)
        for _ in range(self._random.choice((2, 2, 3))):
            message = self._message()
            if self._chance(0.7) and (message not in caught or self._chance(0.03)):
                caught.add(message)
                catch = self._node(scope, "intermediateCatchEvent", "message", message)
            else:
                catch = self._node(scope, "intermediateCatchEvent", "timer")
                self._time(scope.nodes[-1])
            self._flow(scope, gateway, catch)
            last: str | None = catch
            if self._chance(0.4):
                entry, last = self._block(scope, depth + 1)
                self._flow(scope, catch, entry)
            if last:
                self._flow(scope, last, join if self._chance(0.85) else self._end(scope))
        return gateway, join

    def _loop(self, scope: Node, depth: int) -> Ends:
        first = self._node(scope, "receiveTask", "message", self._message())
        entry, last = self._block(scope, depth + 1)
        self._flow(scope, first, entry)
        if last is None:
            return first, None
        again = self._node(
            scope, self._random.choice(("exclusiveGateway", "exclusiveGateway", "inclusiveGateway"))
        )
        self._flow(scope, last, again)
        self._flow(scope, again, first, self._condition())
        after = self._node(scope, "task")
        self._flow(scope, again, after, default=True)
        return first, after

    def _subprocess(self, scope: Node, depth: int) -> Ends:
        inner = Node(
            self._id("Sub"), self._random.choice(("subProcess", "subProcess", "subProcess", "transaction"))
        )
        scope.nodes.append(inner)
        self._fill(inner, depth + 1, starts=[self._node(inner, "startEvent")])
        if self._chance(0.2):
            self._repeat(inner)
        if self._chance(0.6):
            return inner.id, self._boundaries(scope, inner.id, depth)
        return inner.id, inner.id

    def _link(self, scope: Node, depth: int) -> Ends:
        name = self._id("L")
        return (
            self._node(scope, "intermediateThrowEvent", "link", name),
            self._node(scope, "intermediateCatchEvent", "link", name),
        )
