"""Where the engine family keeps the subscription of an event: its event scope (`BpmnParse`)."""

from __future__ import annotations

from trackflow.bpmn.model import Element, Model

Scope = tuple[str | None, str]  # an element's id (None: the process), and "itself" or "repetitions"


def event_scope(model: Model, element: Element) -> Scope:
    """Of a boundary event its host, or all of its repetitions; of an event subprocess's start what is around.

    A catch event behind an event-based gateway subscribes at that. Anything else is a scope of its own.
    """
    if element.type == "boundaryEvent" and element.attached_to is not None:
        repeats = model.elements[element.attached_to].repetition is not None
        return element.attached_to, "repetitions" if repeats else "itself"
    if element.type == "startEvent":
        around = model.elements.get(element.scope or "")
        return (around.scope if around is not None and around.triggered else element.scope), "itself"
    if element.type == "intermediateCatchEvent":
        sources = [model.flows[flow].source for flow in element.incoming]
        gateways = [each for each in sources if model.elements[each].type == "eventBasedGateway"]
        return (gateways[0] if gateways else element.id), "itself"
    return element.id, "itself"
