"""Models drawn at random: blocks within blocks, and some flows that no structure would allow.

The same seed always gives the same model. None can run for ever without an event or a timer
(`safety.ends`): a real engine would hang in it.
"""

from __future__ import annotations

from random import Random

from tests.engines.fidelity.blocks import BlockPen
from tests.engines.fidelity.drawing import Node
from tests.engines.fidelity.safety import ends
from tests.engines.fidelity.vocabulary import START


def drawn(seed: int) -> Node:
    """The process of a seed."""
    for attempt in range(100):
        process = _ProcessPen(Random(f"{seed}/{attempt}")).process()
        if ends(process):
            return process
    raise AssertionError(f"no seed should be so unlucky: {seed}")


class _ProcessPen(BlockPen):
    """Draws one process."""

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
