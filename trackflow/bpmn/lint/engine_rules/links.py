"""Link events (`parseIntermediateLinkEventCatchBehavior`, `parseSequenceFlow`)."""

from __future__ import annotations

from collections.abc import Iterator

from trackflow.bpmn.graph import links_of
from trackflow.bpmn.lint.finding import Finding, error
from trackflow.bpmn.model import Element, Model

REFUSED = error("refused-link")


def refused(model: Model) -> Iterator[Finding]:
    """Links that lead nowhere, or to several places."""
    leading = links_of(model)
    first = dict[str | None, Element]()
    for element in model.elements.values():
        if element.event != "link":
            continue
        if element.type == "intermediateCatchEvent":
            other = first.setdefault(element.reference, element)
            if other is not element:
                words = f"catches the link {element.reference!r}, as {other} does"
                yield REFUSED.at(model, element, words)
        if element.type == "intermediateThrowEvent":
            if element.incoming and element.id not in leading:
                yield REFUSED.at(
                    model, element, f"throws the link {element.reference!r}, which nothing catches"
                )
            if element.outgoing:
                yield REFUSED.at(model, element, "throws a link, and has an outgoing sequence flow, too")
