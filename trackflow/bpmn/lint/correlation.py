"""What no event can find: processes without a message start, messages without a name, calls without a key.

An event is told to the instance with its business key that awaits its name: without either there is nothing
to correlate it with.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackflow.bpmn.lint.finding import Finding, warning
from trackflow.bpmn.model import CATCHES, Element, Model

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
        if element.call is not None and element.call.business_key is None:
            words = "passes no business key on: no event finds what it calls"
            yield NO_BUSINESS_KEY.at(model, element, words)


def _awaits_nothing(element: Element) -> bool:
    is_about_one = element.event == "message" or element.type == "receiveTask"
    return element.type in CATCHES and is_about_one and element.message is None
