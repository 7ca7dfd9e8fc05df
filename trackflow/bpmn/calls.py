"""What a call activity says of its call: `camunda:in`, `camunda:out` and the attributes of the engine family.

https://docs.operaton.org/docs/documentation/reference/bpmn20/subprocesses/call-activity/, and
`BpmnParse.parseCallActivity`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NoReturn

from lxml import etree

from trackflow.bpmn.document import BPMN, engine_attribute, engine_children
from trackflow.bpmn.model import Call, Passing

# What else changes which process is called, and with what.
_ATTRIBUTES = (
    "caseRef",
    "variableMappingClass",
    "variableMappingDelegateExpression",
    "calledElementTenantId",
)

Fail = Callable[[etree._Element, str], NoReturn]


def call(node: etree._Element, fail: Fail) -> Call | None:
    """Of a call activity; `fail` raises ModelError for a node, with what is wrong."""
    if node.tag != f"{BPMN}callActivity":
        return None
    keys = [key for each in engine_children(node, "in") if (key := each.get("businessKey"))]
    into = [each for each in engine_children(node, "in") if not each.get("businessKey")]
    return Call(
        business_key=keys[-1] if keys else None,
        into=tuple(_passing(node, each, fail) for each in into),
        back=tuple(_passing(node, each, fail) for each in engine_children(node, "out")),
    )


def names(passings: tuple[Passing, ...]) -> Iterator[str]:
    """The variables that are handed over by their names."""
    return (each.source for each in passings if each.source is not None)


def features(node: etree._Element) -> Iterator[str]:
    """What changes a call beside what `Call` says, or what a signal hands over, by the file's own words."""
    for definition in node.iterfind(f"{BPMN}signalEventDefinition"):
        yield from ("in" for _ in engine_children(definition, "in"))
        if engine_attribute(definition, "async") == "true":
            yield "async"
    if node.tag != f"{BPMN}callActivity":
        return
    yield from (name for name in _ATTRIBUTES if engine_attribute(node, name))
    if engine_attribute(node, "calledElementBinding") not in (None, "latest"):
        yield "calledElementBinding"
    for kind in ("in", "out"):
        if any(each.get("local") == "true" for each in engine_children(node, kind)):
            yield f"local {kind}"


def _passing(node: etree._Element, passing: etree._Element, fail: Fail) -> Passing:
    if passing.get("variables") == "all":
        return Passing(None, None, None)
    source, expression, target = (passing.get(each) for each in ("source", "sourceExpression", "target"))
    kind = etree.QName(passing).localname
    if not (source or (source is None and expression)):
        fail(node, f"an {kind!r} of it names no source")
    if not target:
        fail(node, f"an {kind!r} of it names no target")
    return Passing(source, None if source else expression, target)
