"""Multi-instance elements (`parseMultiInstanceLoopCharacteristics`)."""

from __future__ import annotations

from collections.abc import Iterator

from trackflow.bpmn.document import BPMN, engine_attribute
from trackflow.bpmn.lint.finding import Finding, error
from trackflow.bpmn.lint.source import nodes_of
from trackflow.bpmn.model import Element, Model

REFUSED = error("refused-repetition")


def refused(model: Model) -> Iterator[Finding]:
    """Elements that do not say how often they run."""
    for element in model.elements.values():
        repetition = element.repetition
        if repetition is None:
            continue
        if repetition.cardinality is None and repetition.collection is None:
            yield REFUSED.at(
                model, element, "has several instances, but neither loopCardinality nor collection"
            )
        elif repetition.collection is None and _has_variable(model, element):
            yield REFUSED.at(model, element, "has a variable for each of a collection, but no collection")


def _has_variable(model: Model, element: Element) -> bool:
    node = nodes_of(model)[element.id].find(f"{BPMN}multiInstanceLoopCharacteristics")
    if node is None:
        return False
    return (
        engine_attribute(node, "elementVariable") is not None or node.find(f"{BPMN}inputDataItem") is not None
    )
