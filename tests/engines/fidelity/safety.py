"""Whether a model surely comes to rest: every cycle in it waits for an event or a timer."""

from __future__ import annotations

from collections.abc import Iterator

from tests.engines.fidelity.drawing import Node

_WAITING = {"receiveTask", "userTask", "serviceTask", "eventBasedGateway"}


def ends(process: Node) -> bool:
    """Whether no token can go round for ever without waiting, in this scope or in one inside it."""
    return all(
        _waits_in_cycles(scope) and not _feeds_itself(scope) and not _echoes(scope)
        for scope in process.scopes()
    )


def _waits_in_cycles(scope: Node) -> bool:
    """Whether the graph without its waiting elements has no cycle."""
    chosen = _chosen_by_gateways(scope)
    passed = {node.id for node in scope.nodes if not _waits(node) or node.id in chosen}
    after: dict[str, set[str]] = {
        each: {target for source, target in _edges(scope) if source == each and target in passed}
        for each in passed
    }
    while free := [each for each in after if not after[each]]:
        for each in free:
            del after[each]
        for targets in after.values():
            targets.difference_update(free)
    return not after


def _chosen_by_gateways(scope: Node) -> set[str]:
    """Catch events behind an event-based gateway: whoever gets there by another flow passes at once."""
    gateways = {node.id for node in scope.nodes if node.type == "eventBasedGateway"}
    return {flow.target for flow in scope.flows if flow.source in gateways}


def _waits(node: Node) -> bool:
    if node.repetition is not None:
        return False  # none may be asked for
    return (node.type in _WAITING and bool(node.about or node.type != "receiveTask")) or (
        node.type == "intermediateCatchEvent" and node.event == "message"
    )


def _edges(scope: Node) -> Iterator[tuple[str, str]]:
    for flow in scope.flows:
        yield flow.source, flow.target
    for node in scope.nodes:
        if node.host:
            yield node.host, node.id
        if node.event == "link" and node.type == "intermediateThrowEvent":
            yield from (
                (node.id, other.id)
                for other in scope.nodes
                if other.type == "intermediateCatchEvent"
                and other.event == "link"
                and other.about == node.about
            )


def _feeds_itself(scope: Node) -> bool:
    """Whether it is an event subprocess that an escalation starts, and throws one."""
    starts = any(node.type == "startEvent" and node.event == "escalation" for node in scope.nodes)
    return starts and any(
        node.event == "escalation" and node.type in ("endEvent", "intermediateThrowEvent")
        for node in scope.all()
    )


def _echoes(scope: Node) -> bool:
    """Whether a signal can be thrown without a wait right before: it might answer one, and be answered."""
    waits = {node.id for node in scope.nodes if node.type == "receiveTask" and _waits(node)}
    throws = {
        node.id
        for node in scope.nodes
        if node.event == "signal" and node.type in ("endEvent", "intermediateThrowEvent")
    }
    return any(flow.target in throws and flow.source not in waits for flow in scope.flows)
