"""What an element says of itself beyond its place in the flow: its event, its repetition, who works on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from trackflow.bpmn.calls import Fail, call
from trackflow.bpmn.document import BPMN, engine_attribute, is_true, local, text_of
from trackflow.bpmn.model import Repetition, Timer

# By event: the reference to what it is about, and the kind of node and attribute that the reference leads to.
# BPMN 8.4.1, 8.4.2, 10.5.5.
_REFERENCES = {
    "message": ("messageRef", "message", "name"),
    "signal": ("signalRef", "signal", "name"),
    "error": ("errorRef", "error", "errorCode"),
    "escalation": ("escalationRef", "escalation", "escalationCode"),
}
_TIMERS = {"timeDuration": "duration", "timeDate": "date", "timeCycle": "cycle"}
# What makes the engine family run a task, in the order in which it looks (`BpmnParse.parseServiceTaskLike`).
_CODE = ("class", "delegateExpression", "expression", "decisionRef", "resource")


class Details:
    """Of the elements of one file. `fail` raises ModelError for a node, with what is wrong."""

    def __init__(self, root: etree._Element, fail: Fail) -> None:
        self._fail = fail
        self._handlers = {
            node.get("sourceRef"): node.get("targetRef") for node in root.iter(f"{BPMN}association")
        }
        self._named = {kind: dict(self._names(root, kind, name)) for _, kind, name in _REFERENCES.values()}

    def of(self, node: etree._Element) -> dict[str, Any]:
        """The fields of `Element` that this module knows. Raises ModelError."""
        about = next((child for child in node if local(child).endswith("EventDefinition")), None)
        event = local(about).removesuffix("EventDefinition") if about is not None else None
        if about is None and node.get("messageRef"):  # a receive task, or one that sends
            about, event = node, "message"
        named = self._reference(node, about, event)
        return {
            "event": event,
            "message": named if event == "message" else None,
            "reference": named if event != "message" else None,
            "timer": self._timer(node, about) if event == "timer" and about is not None else None,
            "condition": text_of(about, "condition")
            if event == "conditional" and about is not None
            else None,
            "interrupting": node.get("cancelActivity") != "false" and node.get("isInterrupting") != "false",
            "triggered": is_true(node.get("triggeredByEvent")),
            "repetition": self._repetition(node),
            "implementation": _implementation(node if about is None else about),
            "call": call(node, self._fail),
        }

    def _names(
        self, root: etree._Element, kind: str, attribute: str
    ) -> Iterator[tuple[str | None, str | None]]:
        for node in root.iter(f"{BPMN}{kind}"):
            name = (node.get(attribute) or "").strip() or None
            if name is None and attribute == "name":
                self._fail(node, f"a {kind} needs a name")
            yield node.get("id"), name

    def _reference(self, node: etree._Element, about: etree._Element | None, event: str | None) -> str | None:
        if event in _REFERENCES and about is not None:
            return self._resolved(node, about.get(_REFERENCES[event][0]), event)
        match event:
            case "link":
                return about.get("name") if about is not None else None
            case "compensate" if local(node) == "boundaryEvent":
                return self._handlers.get(node.get("id"))
            case "compensate":
                return about.get("activityRef") if about is not None else None
        return node.get("calledElement")

    def _resolved(self, node: etree._Element, reference: str | None, event: str) -> str | None:
        attribute, kind, _ = _REFERENCES[event]
        if reference is None:
            return None
        known, id_ = self._named[kind], reference.rpartition(":")[2]  # a QName: its prefix says nothing here
        return known[id_] if id_ in known else self._fail(node, f"its {attribute} {reference!r} is no {kind}")

    def _timer(self, node: etree._Element, about: etree._Element) -> Timer | None:
        found = [Timer(kind, text) for child, kind in _TIMERS.items() if (text := text_of(about, child))]
        if len(found) > 1:
            self._fail(node, f"it has {len(found)} times to fire at")
        return found[0] if found else None

    def _repetition(self, node: etree._Element) -> Repetition | None:
        found = node.find(f"{BPMN}multiInstanceLoopCharacteristics")
        if found is None:
            return None
        return Repetition(
            sequential=is_true(found.get("isSequential")),
            cardinality=text_of(found, "loopCardinality"),
            until=text_of(found, "completionCondition"),
            collection=engine_attribute(found, "collection") or text_of(found, "loopDataInputRef"),
        )


def _implementation(node: etree._Element) -> str | None:
    if kind := engine_attribute(node, "type"):
        return kind
    for name in _CODE:
        if engine_attribute(node, name):
            return name
    return "script" if node.find(f"{BPMN}script") is not None else None
