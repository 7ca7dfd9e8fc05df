"""Events that say too little, or that stand where they cannot (`parseIntermediateCatchEvent` and others)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from trackflow.bpmn.document import BPMN
from trackflow.bpmn.lint.finding import Finding, error
from trackflow.bpmn.lint.source import root_of
from trackflow.bpmn.model import THROWS, Element, Model

REFUSED = error("refused-event")

_CAUGHT = frozenset({"message", "timer", "signal", "link", "conditional"})


def refused(model: Model) -> Iterator[Finding]:
    """What such an event lacks."""
    for element in model.elements.values():
        for words in _faults(model, element):
            yield REFUSED.at(model, element, words)
    names = Counter(node.get("name") for node in root_of(model).iterfind(f"{BPMN}signal"))
    for name, times in names.items():
        if times > 1:
            yield REFUSED.of(model, f"{times} signals have the name {name!r}")


def _faults(model: Model, element: Element) -> Iterator[str]:
    throws = element.type in THROWS
    if element.type == "intermediateCatchEvent" and element.event not in _CAUGHT:
        yield f"catches the event {element.event!r}" if element.event else "catches no event"
    match element.event:
        case "message" if element.message is None and not throws:
            yield "has no message"
        case "signal" if element.reference is None:
            yield "has no signal"
        case "escalation" if element.reference is None and throws:
            yield "throws an escalation without a code"
        case "error" if element.reference is None and element.type == "endEvent":
            yield "throws an error without a code"
        case "timer" if element.timer is None and not throws:
            yield "has no time"
        case "conditional" if element.condition is None and not throws:
            yield "has no condition"
        case "cancel" if element.type == "endEvent" and not _in_transaction(model, element):
            yield "cancels a transaction, but lies in none"
    if "inputOutput" in element.features and element.type == "startEvent":
        yield "has an input or output mapping"


def _in_transaction(model: Model, element: Element) -> bool:
    scope = model.elements.get(element.scope or "")
    return scope is not None and scope.type == "transaction"
