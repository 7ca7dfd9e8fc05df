"""The flows that leave gateways (`validateExclusiveGateway`, `parseEventBasedGateway`)."""

from __future__ import annotations

from collections.abc import Iterator

from trackflow.bpmn.lint.finding import Finding, error
from trackflow.bpmn.model import Element, Model

REFUSED = error("refused-gateway")

_RACED = frozenset({"message", "timer", "signal", "conditional"})


def refused(model: Model) -> Iterator[Finding]:
    """Gateways of the two kinds whose flows contradict each other."""
    for element in model.elements.values():
        if element.type == "exclusiveGateway":
            yield from _exclusive(model, element)
        if element.type == "eventBasedGateway":
            yield from _event_based(model, element)
        if "inputOutput" in element.features and element.type.endswith("Gateway"):
            yield REFUSED.at(model, element, "has an input or output mapping")


def _exclusive(model: Model, gateway: Element) -> Iterator[Finding]:
    flows = [model.flows[flow] for flow in gateway.outgoing]
    if not flows:
        yield REFUSED.at(model, gateway, "has no outgoing sequence flow")
    elif len(flows) == 1:
        if flows[0].condition is not None:
            yield REFUSED.at(model, flows[0], f"is the only one that leaves {gateway}, and has a condition")
        return
    for flow in flows:
        if flow.id == gateway.default and flow.condition is not None:
            yield REFUSED.at(model, flow, f"is the default flow of {gateway}, and has a condition")
    bare = [flow for flow in flows if flow.condition is None and flow.id != gateway.default]
    if gateway.default is not None or len(bare) > 1:
        for flow in bare:
            yield REFUSED.at(model, flow, f"has no condition, and is not the default flow of {gateway}")


def _event_based(model: Model, gateway: Element) -> Iterator[Finding]:
    for flow in (model.flows[id_] for id_ in gateway.outgoing):
        target = model.elements[flow.target]
        if target.type != "intermediateCatchEvent" or target.event not in _RACED:
            yield REFUSED.at(model, gateway, f"leads to {target}: only to catch events of messages, … it can")
            continue
        for other in (model.flows[id_] for id_ in target.incoming):
            if other.source != gateway.id:
                yield REFUSED.at(model, other, f"leads to {target}, which stands behind {gateway}")
