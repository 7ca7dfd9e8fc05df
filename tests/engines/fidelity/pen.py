"""Draws single elements and flows at random, and what they are about."""

from __future__ import annotations

from random import Random

from tests.engines.fidelity.drawing import Flow, Node
from tests.engines.fidelity.vocabulary import CODES, CONDITIONS, CYCLES, DATES, DURATIONS, MESSAGES, SIGNALS


class Pen:
    """What the same `random` drew, it draws again."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._drawn = 0

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
