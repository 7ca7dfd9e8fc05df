"""What the board cannot show: elements and flows that the file's diagram leaves out (BPMN 12)."""

from __future__ import annotations

from collections.abc import Iterator

from trackflow.bpmn.lint.finding import Finding, warning
from trackflow.bpmn.model import Element, Flow, Model

NO_DIAGRAM = warning("no-diagram")
NOT_DRAWN = warning("not-drawn")


def undrawn(model: Model) -> Iterator[Finding]:
    """One finding if there is no diagram at all, else one for each element and flow that is not in it."""
    if not model.drawn:
        words = f"process {model.process!r} has no diagram: no order can be shown on it"
        yield NO_DIAGRAM.of(model, words)
        return
    shown: list[Element | Flow] = [*model.elements.values(), *model.flows.values()]
    for each in shown:
        if each.id not in model.drawn:
            yield NOT_DRAWN.at(model, each, "is not in the diagram")
