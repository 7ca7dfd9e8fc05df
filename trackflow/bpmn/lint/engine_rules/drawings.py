"""Diagrams that show what is not there (`parseBPMNShape`, `parseBPMNEdge`)."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from trackflow.bpmn.lint.finding import Finding, error
from trackflow.bpmn.lint.source import root_of
from trackflow.bpmn.model import Model

REFUSED = error("refused-diagram")


def dangling(model: Model) -> Iterator[Finding]:
    """What is drawn, and has no element in the file."""
    there = {node.get("id") for node in root_of(model).iter(etree.Element)}
    for id_ in sorted(model.drawn - there):
        yield REFUSED.of(model, f"the diagram shows {id_!r}, which is not in the file")
