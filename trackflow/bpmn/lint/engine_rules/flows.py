"""Sequence flows of what can have none (`parseSequenceFlow`)."""

from __future__ import annotations

from collections.abc import Iterator

from trackflow.bpmn.lint.finding import Finding, error
from trackflow.bpmn.model import Element, Model

REFUSED = error("refused-flow")

_KNOWN = frozenset(
    {
        "startEvent", "endEvent", "boundaryEvent", "intermediateCatchEvent", "intermediateThrowEvent",
        "exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway",
        "task", "manualTask", "userTask", "receiveTask", "sendTask", "serviceTask", "scriptTask",
        "businessRuleTask", "subProcess", "transaction", "callActivity",
    }
)  # fmt: skip


def refused(model: Model) -> Iterator[Finding]:
    """Flows from or to an event subprocess, or an element that the family leaves out."""
    for flow in model.flows.values():
        for end in (model.elements[flow.source], model.elements[flow.target]):
            if (words := _fault(end)) is not None:
                yield REFUSED.at(model, flow, f"is connected to {end}, {words}")


def _fault(element: Element) -> str | None:
    if element.triggered:
        return "an event subprocess"
    return None if element.type in _KNOWN else "which the engine does not know"
