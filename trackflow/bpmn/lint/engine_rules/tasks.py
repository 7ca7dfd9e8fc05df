"""Tasks that an engine would have nothing to do for (`parseServiceTaskLike`, `parseScriptTask`, …)."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from trackflow.bpmn.document import engine_attribute
from trackflow.bpmn.lint.finding import Finding, error
from trackflow.bpmn.lint.source import nodes_of
from trackflow.bpmn.model import Element, Model

REFUSED = error("refused-task")

_CODE = frozenset({"class", "delegateExpression", "expression"})
_TYPES = frozenset({"external", "mail", "shell"})
_DONE_BY = {
    "serviceTask": _CODE | _TYPES,
    "sendTask": _CODE | _TYPES,
    "businessRuleTask": _CODE | _TYPES | {"decisionRef"},
    "scriptTask": frozenset({"script", "resource"}),
}


def refused(model: Model) -> Iterator[Finding]:
    """Tasks without anybody who does them, and calls of nothing."""
    for element in model.elements.values():
        for words in _faults(element, nodes_of(model)[element.id]):
            yield REFUSED.at(model, element, words)


def _faults(element: Element, node: etree._Element) -> Iterator[str]:
    if element.type in _DONE_BY and not _is_done(element):
        by = element.implementation
        yield f"is run by {by!r}" if by else "does not say how it is run"
    if (element.implementation or "").lower() == "external" and engine_attribute(node, "topic") is None:
        yield "is for external workers, but has no topic"
    if element.type == "callActivity":
        called = [each for each in (element.reference, engine_attribute(node, "caseRef")) if each is not None]
        if len(called) != 1:
            yield "calls nothing" if not called else "calls a process and a case"
    if element.triggered and "inputOutput" in element.features:
        yield "has an input or output mapping, which an event subprocess cannot have"


def _is_done(element: Element) -> bool:
    done_by = _DONE_BY[element.type]
    if "connector" in element.features:  # engines with the plug-in for connectors run it
        return True
    implementation = element.implementation or ""
    return implementation in done_by or implementation.lower() in done_by & _TYPES
