"""Events that subscribe twice to the same name in one scope (`addEventSubscriptionDeclaration`)."""

from __future__ import annotations

from collections.abc import Iterator

from trackflow.bpmn.lint.engine_rules.scopes import event_scope
from trackflow.bpmn.lint.finding import Finding, error
from trackflow.bpmn.model import CATCHES, Element, Model

REFUSED = error("refused-twin")


def twins(model: Model) -> Iterator[Finding]:
    """The second of each two."""
    first = dict[object, Element]()
    for element in model.elements.values():
        name = _subscribed(element)
        if name is None or element.type not in CATCHES:
            continue
        key = (event_scope(model, element), _is_start(element), element.event, name)
        if key in first:
            words = f"subscribes to the {element.event} {name!r}, as {first[key]} does in the same scope"
            yield REFUSED.at(model, element, words)
        first.setdefault(key, element)


def _subscribed(element: Element) -> str | None:
    match element.event:
        case "message":
            return element.message
        case "signal":
            return element.reference
        case "conditional" if _is_start(element):
            return element.condition
    return None


def _is_start(element: Element) -> bool:
    return element.type == "startEvent" and element.scope is None
