"""Link events (`parseIntermediateLinkEventCatchBehavior`, `parseSequenceFlow`)."""

from __future__ import annotations

from collections.abc import Iterator

from trackflow.bpmn.graph import links
from trackflow.bpmn.lint.finding import Finding, error
from trackflow.bpmn.model import Element, Model

REFUSED = error("refused-link")


def refused(model: Model) -> Iterator[Finding]:
    """Links that lead nowhere, or to several places."""
    leading = links(model.elements.values())
    first = dict[str | None, Element]()
    for element in model.elements.values():
        if element.event != "link":
            continue
        if element.type == "intermediateCatchEvent":
            if element.reference in first:
                yield REFUSED.at(
                    model, element, f"catches the link {element.reference!r}, as {_of(first, element)}"
                )
            first.setdefault(element.reference, element)
        if element.type == "intermediateThrowEvent":
            if element.incoming and element.id not in leading:
                yield REFUSED.at(
                    model, element, f"throws the link {element.reference!r}, which nothing catches"
                )
            if element.outgoing:
                yield REFUSED.at(model, element, "throws a link, and has an outgoing sequence flow, too")


def _of(first: dict[str | None, Element], element: Element) -> str:
    return f"{first[element.reference]} does"
