"""Draws what waits beside the flow: boundary events, event subprocesses and compensation."""

from __future__ import annotations

from abc import ABC, abstractmethod

from tests.engines.fidelity.drawing import Node
from tests.engines.fidelity.pen import Pen

Ends = tuple[str, str | None]  # a block's first element, and its last, if it has one that leads on


class BesidePen(Pen, ABC):
    """Draws them with whatever its subclasses can draw behind and inside of them."""

    @abstractmethod
    def _block(self, scope: Node, depth: int) -> Ends:
        """Draw anything that a flow can lead to."""

    @abstractmethod
    def _fill(self, scope: Node, depth: int, starts: list[str]) -> str:
        """Draw what is in a scope, behind its start events; its first element."""

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
