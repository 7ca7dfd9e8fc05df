"""The smallest model and script that still differ, by leaving out one thing after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

from tests.engines.fidelity.drawing import Flow, Node
from tests.engines.fidelity.safety import ends
from tests.engines.fidelity.script import Step

# Tried at once: a real engine answers many together sooner than one by one.
_TOGETHER = 40

Try = Callable[[Sequence["Sample"]], list[bool]]  # for each, whether it still differs


@dataclass(frozen=True)
class Sample:
    """A model and a script."""

    process: Node
    steps: tuple[Step, ...]

    @property
    def size(self) -> int:
        """Of how many parts it is."""
        nodes = list(self.process.all())
        flows = [flow for scope in self.process.scopes() for flow in scope.flows]
        details = sum(bool(flow.condition) + flow.default for flow in flows)
        details += sum((node.repetition is not None) + (not node.interrupting) for node in nodes)
        told = sum(1 + len(step.get("variables", ())) + bool(step.get("late")) for step in self.steps)
        return 3 * len(nodes) + 2 * len(flows) + details + 2 * told


def shrunk(sample: Sample, still_differ: Try) -> Sample:
    """The smallest that is found. `sample` itself differs."""
    while smaller := _first(sample, still_differ):
        sample = smaller
    return sample


def _first(sample: Sample, still_differ: Try) -> Sample | None:
    candidates = [each for each in _smaller(sample) if each.size < sample.size and ends(each.process)]
    candidates.sort(key=lambda each: each.size)
    for first in range(0, len(candidates), _TOGETHER):
        batch = candidates[first : first + _TOGETHER]
        for candidate, differs in zip(batch, still_differ(batch), strict=True):
            if differs:
                return candidate
    return None


def _smaller(sample: Sample) -> Iterator[Sample]:
    """Everything with one thing less."""
    yield from (replace(sample, steps=steps) for steps in _without_some(sample.steps))
    yield from (replace(sample, steps=steps) for steps in _told_less(sample.steps))
    yield from (replace(sample, process=process) for process in _models(sample.process))


def _without_some(steps: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    length = len(steps) // 2
    while length:
        for first in range(0, len(steps), length):
            yield steps[:first] + steps[first + length :]
        length //= 2


def _told_less(steps: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    for number, step in enumerate(steps):
        variables = step.get("variables", {})
        for name in variables:
            less = {each: value for each, value in variables.items() if each != name}
            yield (*steps[:number], step | {"variables": less}, *steps[number + 1 :])
        if step.get("late"):
            yield (*steps[:number], {"wait": step["wait"]}, *steps[number + 1 :])


def _models(process: Node) -> Iterator[Node]:
    for place, scope in enumerate(process.scopes()):
        for node in scope.nodes:
            yield _changed(process, place, lambda copy, id_=node.id: _leave_out(copy, id_, bypassed=False))
            yield _changed(process, place, lambda copy, id_=node.id: _leave_out(copy, id_, bypassed=True))
            if node.nodes:
                yield _changed(process, place, lambda copy, id_=node.id: _unwrap(copy, id_))
            yield from _plainer(process, place, node)
        for number, flow in enumerate(scope.flows):
            yield _changed(process, place, lambda copy, at=number: _cut(copy, at))
            if flow.condition:
                yield _changed(
                    process, place, lambda copy, at=number: setattr(copy.flows[at], "condition", None)
                )
            if flow.default:
                yield _changed(
                    process, place, lambda copy, at=number: setattr(copy.flows[at], "default", False)
                )


def _plainer(process: Node, place: int, node: Node) -> Iterator[Node]:
    """The same with a simpler node."""

    def with_(**attributes: object) -> Node:
        def change(scope: Node) -> None:
            copy = _named(scope, node.id)
            for name, value in attributes.items():
                setattr(copy, name, value)

        return _changed(process, place, change)

    if node.repetition is not None:
        yield with_(repetition=None)
        sequential, cardinality, until = node.repetition
        if until:
            yield with_(repetition=(sequential, cardinality, None))
    if not node.interrupting:
        yield with_(interrupting=True)
    if node.type == "endEvent" and node.event:
        yield with_(event=None, about=None)


def _changed(process: Node, place: int, change: Callable[[Node], object]) -> Node:
    """A copy in which something is changed in one of the scopes."""
    copy = deepcopy(process)
    change(list(copy.scopes())[place])
    return copy


def _leave_out(scope: Node, id_: str, *, bypassed: bool) -> None:
    """Without an element and what hangs on it; if bypassed, what led to it leads to what was behind it."""
    gone = {id_} | {node.id for node in scope.nodes if node.host == id_}
    gone |= {node.handler for node in scope.nodes if node.id in gone and node.handler}
    before = [flow for flow in scope.flows if flow.target == id_ and flow.source not in gone]
    after = [flow.target for flow in scope.flows if flow.source == id_ and flow.target not in gone]
    scope.nodes = [node for node in scope.nodes if node.id not in gone]
    scope.flows = [flow for flow in scope.flows if flow.source not in gone and flow.target not in gone]
    if bypassed:
        known = {(flow.source, flow.target) for flow in scope.flows}
        for flow in before:
            for target in after:
                if (flow.source, target) not in known:
                    known.add((flow.source, target))
                    scope.flows.append(Flow(flow.source, target, flow.condition, flow.default))
    else:
        _prune(scope)


def _cut(scope: Node, number: int) -> None:
    """Without a flow, and what nothing leads to then."""
    del scope.flows[number]
    _prune(scope)


def _unwrap(scope: Node, id_: str) -> None:
    """What is in a subprocess, without the subprocess."""
    inner = _named(scope, id_)
    starts = {node.id for node in inner.nodes if node.type == "startEvent"}
    ends_ = {node.id for node in inner.nodes if node.type == "endEvent"}
    firsts = [flow.target for flow in inner.flows if flow.source in starts]
    lasts = [flow.source for flow in inner.flows if flow.target in ends_]
    before = [flow for flow in scope.flows if flow.target == id_]
    after = [flow.target for flow in scope.flows if flow.source == id_]
    _leave_out(scope, id_, bypassed=True)
    scope.nodes += [node for node in inner.nodes if node.id not in starts | ends_]
    scope.flows += [flow for flow in inner.flows if flow.source not in starts and flow.target not in ends_]
    scope.flows += [
        Flow(flow.source, first, flow.condition, flow.default) for flow in before for first in firsts
    ]
    scope.flows += [Flow(last, target) for last in lasts for target in after]
    scope.flows = list({(flow.source, flow.target): flow for flow in scope.flows}.values())


def _prune(scope: Node) -> None:
    """Without what no token can reach any more."""
    while True:
        led_to = {flow.target for flow in scope.flows}
        ids = {node.id for node in scope.nodes}
        kept = [node for node in scope.nodes if node.id in led_to or _begins(node, ids)]
        if len(kept) == len(scope.nodes):
            return
        scope.nodes = kept
        ids = {node.id for node in kept}
        scope.flows = [flow for flow in scope.flows if flow.source in ids and flow.target in ids]


def _begins(node: Node, ids: set[str]) -> bool:
    return bool(
        node.type == "startEvent"
        or node.host in ids
        or {"triggeredByEvent", "isForCompensation"} & node.attributes.keys()
        or (node.event == "link" and node.type == "intermediateCatchEvent")
    )


def _named(scope: Node, id_: str) -> Node:
    return next(node for node in scope.nodes if node.id == id_)
