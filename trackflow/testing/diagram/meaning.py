"""What the things in a diagram are: everything about them that changes how they look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from lxml import etree

from trackflow.bpmn.document import BPMN, is_true, local
from trackflow.bpmn.model import SUBPROCESSES, THROWS


class Meaning(NamedTuple):
    """One thing of a BPMN file.

    Attributes:
        type: BPMN's own word, as in the file: `receiveTask`, `participant`, `sequenceFlow`, …
        name: its label.
        event: what an event is about: `message`, `timer`, …; `multiple` if several; None if nothing.
        throws: whether an event throws: its sign is filled.
        dashed: whether an event does not interrupt what it stands at.
        markers: what stands at an activity's lower edge: `parallel`, `sequential`, `loop`, `compensate`,
            `adHoc`.
        event_subprocess: whether it is one.
        conditional: of a flow, whether it has a condition and leaves an activity.
        is_default: of a flow, whether it is its source's default.
        empty: of a pool, whether no process is in it.
    """

    type: str
    name: str
    event: str | None = None
    throws: bool = False
    dashed: bool = False
    markers: tuple[str, ...] = ()
    event_subprocess: bool = False
    conditional: bool = False
    is_default: bool = False
    empty: bool = False

    @property
    def is_subprocess(self) -> bool:
        """Whether others may lie in it."""
        return self.type in SUBPROCESSES


NOTHING = Meaning("", "")


def meanings(definitions: etree._Element) -> Mapping[str, Meaning]:
    """By id, what each thing of a file is."""
    nodes = {node.get("id", ""): node for node in definitions.iter(f"{BPMN}*") if node.get("id")}
    return {identity: _meaning(node, nodes) for identity, node in nodes.items()}


def _meaning(node: etree._Element, nodes: Mapping[str, etree._Element]) -> Meaning:
    kind = local(node)
    return Meaning(
        type=kind,
        name=_name(node),
        event=_event(node),
        throws=kind in THROWS,
        dashed=not is_true(node.get("cancelActivity", node.get("isInterrupting", "true"))),
        markers=tuple(_markers(node)),
        event_subprocess=is_true(node.get("triggeredByEvent")),
        conditional=kind == "sequenceFlow" and _conditional(node, nodes),
        is_default=kind == "sequenceFlow" and _is_default(node, nodes),
        empty=kind == "participant" and not node.get("processRef"),
    )


def _name(node: etree._Element) -> str:
    text = node.get("name") or node.findtext(f"{BPMN}text") or ""
    return " ".join(text.split())


def _event(node: etree._Element) -> str | None:
    kinds = [local(child) for child in node if local(child).endswith("EventDefinition")]
    if len(kinds) > 1:
        return "parallelMultiple" if is_true(node.get("parallelMultiple")) else "multiple"
    return kinds[0].removesuffix("EventDefinition") if kinds else None


def _markers(node: etree._Element) -> list[str]:
    found = []
    repeated = node.find(f"{BPMN}multiInstanceLoopCharacteristics")
    if repeated is not None:
        found.append("sequential" if is_true(repeated.get("isSequential")) else "parallel")
    if node.find(f"{BPMN}standardLoopCharacteristics") is not None:
        found.append("loop")
    if is_true(node.get("isForCompensation")):
        found.append("compensate")
    if local(node) == "adHocSubProcess":
        found.append("adHoc")
    return found


def _source(node: etree._Element, nodes: Mapping[str, etree._Element]) -> etree._Element | None:
    return nodes.get(node.get("sourceRef", ""))


def _conditional(node: etree._Element, nodes: Mapping[str, etree._Element]) -> bool:
    source = _source(node, nodes)
    has_condition = node.find(f"{BPMN}conditionExpression") is not None
    return has_condition and source is not None and not local(source).endswith("Gateway")


def _is_default(node: etree._Element, nodes: Mapping[str, etree._Element]) -> bool:
    source = _source(node, nodes)
    return source is not None and source.get("default") == node.get("id")
