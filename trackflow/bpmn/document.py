"""A BPMN file as XML: read with no DTD, no entities and no network, and the words to ask it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from trackflow.bpmn.model import SUBPROCESSES
from trackflow.errors import ModelError

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_DIAGRAM = "{http://www.omg.org/spec/BPMN/20100524/DI}"
# The engines' own attributes: each fork reads a namespace of its own beside Camunda's.
_ENGINES = tuple(f"{{http://{name}.org/schema/1.0/bpmn}}" for name in ("camunda", "operaton", "cibseven"))

# Children of a process or subprocess that no token can be at. Anything else is an element, known to us or
# not, so that an engine can refuse what it does not know.
_NO_ELEMENTS = frozenset({
    "association", "artifact", "auditing", "completionCondition", "correlationSubscription",
    "dataObject", "dataObjectReference", "dataStoreReference", "documentation", "extensionElements",
    "group", "humanPerformer", "incoming", "ioBinding", "ioSpecification", "laneSet", "monitoring",
    "multiInstanceLoopCharacteristics", "outgoing", "performer", "potentialOwner", "property",
    "resourceRole", "sequenceFlow", "standardLoopCharacteristics", "supports", "textAnnotation",
})  # fmt: skip
# A drawing of thousands of elements has about a megabyte.
MOST_BYTES = 10 * 1024 * 1024


def definitions(source: bytes, file: str) -> etree._Element:
    """The root element; libxml2 bounds its depth. Raises ModelError: too big, no XML, a DTD, no BPMN."""
    if len(source) > MOST_BYTES:
        raise ModelError(f"{file}: the file has more than {MOST_BYTES:,} bytes")
    if not source.strip():
        raise ModelError(f"{file}: the file is empty")
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(source, parser)
    except etree.XMLSyntaxError as exc:
        raise ModelError(f"{file}: no XML: {' '.join(exc.msg.split())}", exc.lineno) from exc
    if root.getroottree().docinfo.internalDTD is not None:
        raise ModelError(f"{file}: a DTD is not allowed")
    if root.tag != f"{BPMN}definitions":
        raise ModelError(f"{file}: no BPMN 2.0: its root element is {root.tag!r}")
    return root


def local(node: etree._Element) -> str:
    """A BPMN node's name without its namespace; empty for nodes of other namespaces."""
    return node.tag.removeprefix(BPMN) if node.tag.startswith(BPMN) else ""


def line(node: etree._Element) -> int:
    """Where a node begins in its file, counted from 1; libxml2 counts no further than 65535 in some files."""
    counted: Any = node.sourceline  # lxml-stubs leave its type open
    return int(counted or 0)


def text_of(node: etree._Element, child: str) -> str | None:
    """The text of a child; None if there is none, or nothing in it."""
    found = node.find(f"{BPMN}{child}")
    return None if found is None or not (found.text or "").strip() else (found.text or "").strip()


def drawn(root: etree._Element) -> Iterator[str]:
    """The ids of what the diagrams of the file show (BPMN 12, diagram interchange)."""
    for node in root.iter(f"{_DIAGRAM}BPMNShape", f"{_DIAGRAM}BPMNEdge"):
        if element := node.get("bpmnElement"):
            yield element.rpartition(":")[2]


def is_id(text: str) -> bool:
    """Whether an XML file may have it as an id (XML Schema's NCName); the engine family refuses others."""
    try:
        return "{" not in text and etree.QName(text).localname == text
    except ValueError:
        return False


def is_true(value: str | None) -> bool:
    """An XML Boolean."""
    return value in ("true", "1")


def engine_attribute(node: etree._Element, name: str) -> str | None:
    """An attribute in the namespace of Camunda 7 or one of its forks."""
    return next(filter(None, (node.get(f"{namespace}{name}") for namespace in _ENGINES)), None)


def engine_children(node: etree._Element, name: str) -> Iterator[etree._Element]:
    """The extension elements of a name that Camunda 7 or one of its forks reads, in the order of the file."""
    for extension in node.iterfind(f"{BPMN}extensionElements/*"):
        if extension.tag in (f"{namespace}{name}" for namespace in _ENGINES):
            yield extension


def elements(parent: etree._Element, scope: str | None = None) -> Iterator[tuple[etree._Element, str | None]]:
    """The elements of a process, those of its subprocesses included, each with the id of its subprocess."""
    for node in parent:
        kind = local(node)
        if kind and kind not in _NO_ELEMENTS:
            yield node, scope
            if kind in SUBPROCESSES:
                yield from elements(node, node.get("id"))


def texts(parent: etree._Element) -> Iterator[str]:
    """Every text and attribute below a node: wherever an expression can stand."""
    for node in parent.iter(etree.Element):
        yield from map(str, node.values())
        if node.text:
            yield node.text


def features(node: etree._Element) -> Iterator[str]:
    """What changes how an element runs, beside its type and its first event definition."""
    kinds = [local(child) for child in node]
    yield from (kind for kind in kinds if kind in ("standardLoopCharacteristics", "eventDefinitionRef"))
    yield from [kind for kind in kinds if kind.endswith("EventDefinition")][1:]
    for definition in node.iterfind(f"{BPMN}conditionalEventDefinition"):
        yield from (name for name in ("variableName", "variableEvents") if engine_attribute(definition, name))
    for extension in node.iterfind(f"{BPMN}extensionElements/*"):
        name = etree.QName(extension).localname
        if name in ("executionListener", "inputOutput", "connector"):
            yield name
    yield from (name for name in ("instantiate", "isForCompensation") if is_true(node.get(name)))
    if node.get("eventGatewayType") == "Parallel":
        yield "eventGatewayType"


def extension_property(node: etree._Element, name: str) -> str | None:
    """The value of an element's property as Camunda Modeler writes them (Extension properties)."""
    for properties in node.iterfind(f"{BPMN}extensionElements/{{*}}properties"):
        for each in properties.iterfind("{*}property"):
            if each.get("name") == name:
                return each.get("value", "")
    return None
