"""Models drawn at random: blocks within blocks, and some flows that no structure would allow.

The same seed always gives the same model. None can run for ever without an event or a timer
(`safety.ends`): a real engine would hang in it.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.engines.fidelity.drawing import Flow, Node
from tests.engines.fidelity.safety import ends

START = "Go"
MESSAGES = ("A", "B", "C", "D", "E")
CONDITIONS = (
    "${a}", "${b}", "${not a}", "${!b}", "${a && b}", "${a or b}", "${n > 2}", "${n <= 1}", "${n == 2}",
    "${n != 0 && b}", "${s == 'x'}", "${s != 'y'}", "${empty s}", "${n + 1 == 3}", "${a ? b : n > 0}",
    "${s == null}",
)  # fmt: skip
DURATIONS = ("PT5S", "PT7S", "PT11S", "PT13S", "PT17S", "PT23S", "PT31S", "${d}")
CYCLES = ("R2/PT9S", "R/PT19S", "R3/PT6S", "R1/PT14S", "R2/2030-01-01T00:00:15Z/PT8S")
DATES = ("2030-01-01T00:00:21Z", "2030-01-01T00:00:38Z", "2029-12-31T00:00:00Z")
CODES = ("X1", "X2")
SIGNALS = ("Y1", "Y2")

Ends = tuple[str, str | None]  # a block's first element, and its last, if it has one that leads on


def drawn(seed: int) -> Node:
    """The process of a seed."""
    for attempt in range(100):
        process = _Pen(Random(f"{seed}/{attempt}")).process()
        if ends(process):
            return process
    raise AssertionError(f"no seed should be so unlucky: {seed}")


class _Pen:
    """Draws one process."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._drawn = 0
        self._blocks: dict[Callable[[Node, int], Ends], int] = {
            self._wait: 34,
            self._pass: 12,
            self._split: 26,
            self._events: 7,
            self._loop: 6,
            self._subprocess: 16,
            self._link: 3,
        }

    def process(self) -> Node:
        process = Node("process", "process")
        first = self._fill(
            process,
            depth=self._random.choice((0, 0, 1)),
            starts=[self._node(process, "startEvent", "message", START)],
        )
        if self._chance(0.12):
            other = self._node(process, "startEvent", "message", "Go2")
            targets = [
                node.id
                for node in process.nodes
                if node.type in ("receiveTask", "task") and not node.attributes
            ] + [first]
            self._flow(process, other, self._random.choice(targets))
        if self._chance(0.06):
            self._flow(process, self._node(process, "startEvent"), first)
        return process

    def _fill(self, scope: Node, depth: int, starts: list[str]) -> str:
        """Draw what is in a scope; its first element."""
        first, last = self._sequence(scope, depth, self._random.choice((1, 1, 2) if depth else (1, 2, 2, 3)))
        for start in starts:
            self._flow(scope, start, first)
        if last and self._chance(0.9):
            self._flow(scope, last, self._end(scope))
        if self._chance(0.28 if depth else 0.22):
            for _ in range(self._random.choice((1, 1, 2))):
                self._event_subprocess(scope, depth)
        if self._chance(0.3):
            for _ in range(self._random.choice((1, 1, 2))):
                self._stray_flow(scope)
        if self._chance(0.2):
            self._random.shuffle(scope.nodes)
        return first

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
        if kind == "receive" and self._chance(0.1):
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

    def _boundaries(self, scope: Node, host: str, depth: int) -> str:
        """Attach some; the element where what leads on comes together."""
        holder = next(node for node in scope.nodes if node.id == host)
        kinds = ["message", "message", "message", "timer", "timer", "signal", "conditional"]
        if holder.repetition:
            # What the engine counts in variables of its own, so that it looks at the condition each time.
            kinds.remove("conditional")
        if holder.nodes:
            kinds += ["error", "escalation"] * 2 + ["cancel"] * 2 * (holder.type == "transaction")
        last, caught = host, {(holder.event or "", holder.about)}
        for _ in range(self._random.choice((1, 1, 2, 3))):
            kind = self._random.choice(kinds)
            about = self._about(kind)
            # The engine allows one of each message and code, and one cancel event.
            if (kind, about) in caught and kind != "timer" and self._chance(0.97):
                continue
            caught.add((kind, about))
            boundary = self._node(scope, "boundaryEvent", kind, about)
            node = scope.nodes[-1]
            node.host = host
            node.interrupting = kind in ("error", "cancel") or self._chance(0.55)
            if kind == "timer":
                self._time(node)
            entry, exit_ = self._block(scope, depth + 1) if self._chance(0.5) else (None, boundary)
            if entry:
                self._flow(scope, boundary, entry)
            if exit_ and self._chance(0.4):
                if last == host:
                    last = self._node(scope, self._merge_type())
                    scope.nodes[-1].event, scope.nodes[-1].about = self._waits_for(scope.nodes[-1].type)
                    self._flow(scope, host, last)
                self._flow(scope, exit_, last)
            elif exit_ and self._chance(0.9):
                self._flow(scope, exit_, self._end(scope))
        return last

    def _compensation(self, scope: Node, host: str) -> None:
        """What undoes it."""
        handler = self._node(scope, "task")
        scope.nodes[-1].attributes = {"isForCompensation": "true"}
        self._node(scope, "boundaryEvent", "compensate")
        scope.nodes[-1].host, scope.nodes[-1].handler = host, handler

    def _event_subprocess(self, scope: Node, depth: int) -> None:
        kind = self._random.choices(
            ("message", "timer", "error", "escalation", "signal", "conditional"), (42, 14, 18, 18, 4, 6)
        )[0]
        about = self._about(kind)
        caught = [
            (start.event, start.about) for node in scope.nodes if node.attributes for start in node.nodes
        ]
        if kind != "timer" and (kind, about) in caught:
            return  # the engine allows one of each
        inner = Node(self._id("Ev"), "subProcess", attributes={"triggeredByEvent": "true"})
        scope.nodes.append(inner)
        start = self._node(inner, "startEvent", kind, about)
        inner.nodes[-1].interrupting = kind == "error" or self._chance(0.5)
        if kind == "timer":
            self._time(inner.nodes[-1])
        self._fill(inner, depth + 2, [start])

    def _stray_flow(self, scope: Node) -> None:
        """One that no block has."""
        sources = [
            node
            for node in scope.nodes
            if node.type != "endEvent" and not node.attributes.get("triggeredByEvent")
        ]
        sources = [
            node for node in sources if not (node.event == "link" and node.type == "intermediateThrowEvent")
        ]
        source = self._random.choice(sources)
        catches = source.type == "eventBasedGateway"
        targets = [
            node.id
            for node in scope.nodes
            if node.type not in ("startEvent", "boundaryEvent")
            and not {"triggeredByEvent", "isForCompensation"} & node.attributes.keys()
            and not (node.event == "link" and node.type == "intermediateCatchEvent")
            and (not catches or (node.type == "intermediateCatchEvent"))
        ]
        if not targets:
            return
        conditional = source.type in ("exclusiveGateway", "inclusiveGateway") or self._chance(0.15)
        self._flow(scope, source.id, self._random.choice(targets), self._condition() if conditional else None)
        if not ends(scope):
            scope.flows.pop()

    def _end(self, scope: Node) -> str:
        kinds = ["none"] * 11 + [
            "terminate",
            "terminate",
            "error",
            "error",
            "escalation",
            "escalation",
            "message",
        ]
        kinds += ["compensate"]
        kinds += ["cancel"] * 6 * (scope.type == "transaction")
        kind = self._random.choice(kinds)
        if kind == "none":
            return self._node(scope, "endEvent")
        about = {
            "error": self._random.choice(CODES),
            "escalation": self._random.choice(CODES),
            "message": "Out",
        }
        return self._node(scope, "endEvent", kind, about.get(kind))

    def _about(self, kind: str) -> str | None:
        """What a boundary event or an event subprocess is about."""
        if kind == "message":
            return self._message()
        if kind == "signal":
            return self._random.choice(SIGNALS)
        if kind == "conditional":
            return self._condition()
        return self._random.choice((*CODES, None)) if kind in ("error", "escalation") else None

    def _time(self, node: Node) -> None:
        node.timer = self._random.choices(("timeDuration", "timeCycle", "timeDate"), (70, 20, 10))[0]
        texts = {"timeDuration": DURATIONS, "timeCycle": CYCLES, "timeDate": DATES}
        node.about = self._random.choice(texts[node.timer])

    def _repeat(self, node: Node) -> None:
        cardinality = self._random.choice(("0", "1", "2", "2", "3", "3", "${n}"))
        until = None if self._chance(0.6) else self._random.choice(("${nrOfCompletedInstances >= 1}", "${b}"))
        node.repetition = (self._chance(0.5), cardinality, until)
        if node.type == "receiveTask" and self._chance(0.6):
            node.about = f"{node.about}_${{loopCounter}}"

    def _message(self) -> str:
        return self._random.choice((*MESSAGES * 3, "A_${n}", "B_${s}"))

    def _condition(self) -> str:
        return self._random.choice(CONDITIONS)

    def _merge_type(self) -> str:
        types = ("exclusiveGateway", "task", "receiveTask", "parallelGateway", "inclusiveGateway")
        return self._random.choices(types, (35, 30, 10, 12, 13))[0]

    def _waits_for(self, type_: str) -> tuple[str | None, str | None]:
        return ("message", self._message()) if type_ == "receiveTask" else (None, None)

    def _node(self, scope: Node, type_: str, event: str | None = None, about: str | None = None) -> str:
        short = "".join(letter for letter in type_ if letter.isupper()) or type_[:1].upper()
        node = Node(self._id(f"{type_[0].upper()}{short}"), type_, event, about)
        scope.nodes.append(node)
        return node.id

    def _flow(
        self, scope: Node, source: str, target: str, condition: str | None = None, default: bool = False
    ) -> None:
        if not any(flow.source == source and flow.target == target for flow in scope.flows):
            scope.flows.append(Flow(source, target, condition, default))

    def _id(self, prefix: str) -> str:
        self._drawn += 1
        return f"{prefix}{self._drawn}"

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability
