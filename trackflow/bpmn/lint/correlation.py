"""What no event can find: processes without a message start, messages without a name, calls without a key.

An event is told to the instance with its business key that awaits its name: without either there is nothing
to correlate it with.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from trackflow.bpmn.document import BPMN
from trackflow.bpmn.lint.finding import Finding, warning
from trackflow.bpmn.lint.source import nodes_of
from trackflow.bpmn.model import Element, Model

NO_MESSAGE_START = warning("no-message-start")
NO_MESSAGE = warning("no-message")
NO_BUSINESS_KEY = warning("no-business-key")


def uncorrelated(model: Model) -> Iterator[Finding]:
    """Everything of the three kinds."""
    if not model.starts:
        words = f"process {model.process!r} starts with no message: no event makes an instance of it"
        yield NO_MESSAGE_START.of(model, words)
    for element in model.elements.values():
        if _awaits_nothing(element):
            yield NO_MESSAGE.at(model, element, "has no message: no event can be correlated with it")
        if element.type == "callActivity" and not _passes_key(nodes_of(model)[element.id]):
            words = "passes no business key on: no event finds what it calls"
            yield NO_BUSINESS_KEY.at(model, element, words)


def _awaits_nothing(element: Element) -> bool:
    return element.message is None and (element.type == "receiveTask" or _catches_message(element))


def _catches_message(element: Element) -> bool:
    return element.event == "message" and element.type not in (
        "intermediateThrowEvent",
        "endEvent",
        "sendTask",
    )


def _passes_key(node: etree._Element) -> bool:
    passed = node.iterfind(f"{BPMN}extensionElements/{{*}}in")
    return any(each.get("businessKey") for each in passed)
