"""Compensation.

Sources: `parseAssociations`, `parseBoundaryCompensateEventDefinition`, `parseCompensationEventSubprocess`,
`parseThrowCompensateEventDefinition`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from trackflow.bpmn.lint.finding import Finding, error
from trackflow.bpmn.model import THROWS, Element, Model

REFUSED = error("refused-compensation")


def refused(model: Model) -> Iterator[Finding]:
    """Handlers that are not apart, doubled ones, and throws that name no activity."""
    handlers = defaultdict[str | None, list[Element]](list)  # by the activity that they compensate
    for element in model.elements.values():
        for words in _faults(model, element):
            yield REFUSED.at(model, element, words)
        if element.event == "compensate":
            if element.type == "boundaryEvent":
                handlers[element.attached_to].append(element)
            elif element.type == "startEvent" and element.scope is not None:
                handlers[model.elements[element.scope].scope].append(element)
    for activity, found in handlers.items():
        for second in found[1:] if activity is not None else ():
            yield REFUSED.at(model, second, f"compensates {activity!r}, as {found[0]} does")


def _faults(model: Model, element: Element) -> Iterator[str]:
    if "isForCompensation" in element.features and (element.incoming or element.outgoing):
        yield "is for compensation, and so has no sequence flows"
    if element.event != "compensate" or element.reference is None:
        return
    other = model.elements.get(element.reference)
    if element.type == "boundaryEvent":
        if other is not None and "isForCompensation" not in other.features:
            yield f"is connected to {other}, which is not for compensation"
        return
    if element.type in THROWS and (other is None or other.scope not in _scopes(model, element)):
        yield f"compensates {element.reference!r}, which is no activity beside it"


def _scopes(model: Model, element: Element) -> set[str | None]:
    """Its own; in an event subprocess also the one around."""
    scope = model.elements.get(element.scope or "")
    return {element.scope} | ({scope.scope} if scope is not None and scope.triggered else set())
