"""Elements that an instance comes to and that no event and no time lets it leave.

Trackflow tells an engine events, and nothing else: nobody completes a task of a person, and no worker fetches
an external task. Such elements are fine as long as something else ends them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from trackflow.bpmn.graph import inside, reached, scopes_of
from trackflow.bpmn.lint.finding import Finding, warning
from trackflow.bpmn.lint.reachability import leads_to
from trackflow.bpmn.model import THROWS, Element, Model
from trackflow.bpmn.tokens import holds_expression

NO_WAY_OUT = warning("no-way-out")

# What comes from outside, or with a message: conditions are looked at again when a variable changes.
_COMES = frozenset({"message", "timer", "conditional"})
# What another part of the same model may throw.
_THROWN = frozenset({"signal", "error", "escalation", "cancel"})
_WORKED_ON = frozenset({"serviceTask", "sendTask", "businessRuleTask"})


def without_way_out(model: Model) -> Iterator[Finding]:
    """Each wait that nothing ends."""
    ways = _Ways(model)
    for element in model.elements.values():
        reason = ways.reason(element)
        if reason is not None and not ways.is_ended(element):
            yield NO_WAY_OUT.at(model, element, f"is never left: {reason}, and no event or timer ends it")


class _Ways:
    """Out of the elements of one model."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._inside = inside(model)
        self._thrown = {
            (each.event, each.reference)
            for each in model.elements.values()
            if each.type in THROWS and each.event
        }

    def reason(self, element: Element) -> str | None:
        """Why the element itself does not end; None if it does."""
        match element.type:
            case "userTask":
                return "it waits for a person"
            case "receiveTask" if element.message is None:
                return "it awaits no message"
            case "eventBasedGateway" if not element.outgoing:
                return "no event stands behind it"
            case "intermediateCatchEvent" if element.event == "signal" and not self._is_thrown(element):
                return f"nothing in the model throws the signal {element.reference!r}"
        if element.type in _WORKED_ON and element.implementation == "external":
            return "it waits for a worker"
        return None

    def is_ended(self, element: Element) -> bool:
        """Whether an event ends the element, or something that it lies in."""
        if any(self._ends(each) for each in self._boundary.get(element.id, ())):
            return True
        around = [self._model.elements[scope] for scope in scopes_of(self._model, element.id)]
        within = [element, *around]
        return any(
            self._is_left(scope, within) or self._is_terminated(element, scope)
            for scope in [*(each.id for each in around), None]
        )

    def _is_left(self, scope: str | None, within: list[Element]) -> bool:
        """By a boundary event of a subprocess, or an event subprocess in it that the element is not in."""
        begins = [
            start
            for each in self._inside[scope]
            if each.triggered and each not in within
            for start in self._inside.get(each.id, ())
            if start.type == "startEvent"
        ]
        boundary = self._boundary.get(scope, ()) if scope is not None else ()
        return any(self._ends(each) for each in [*begins, *boundary])

    def _is_terminated(self, element: Element, scope: str | None) -> bool:
        """By an end event beside it, that a token can come to without it."""
        ends = [
            each.id for each in self._inside[scope] if each.type == "endEvent" and each.event == "terminate"
        ]
        return bool(ends) and not self._without(element).isdisjoint(ends)

    def _without(self, element: Element) -> set[str]:
        starts = [each.id for each in self._model.elements.values() if each.type == "startEvent"]
        return reached(starts, self._following, lambda id_: id_ == element.id) - {element.id}

    def _ends(self, event: Element) -> bool:
        if not event.interrupting:
            return False
        return event.event in _COMES or (event.event in _THROWN and self._is_thrown(event))

    def _is_thrown(self, catching: Element) -> bool:
        """Of a signal its name must be the same; what has no code catches all of its kind."""
        if catching.reference is None or holds_expression(catching.reference):
            return any(event == catching.event for event, _ in self._thrown)
        return (catching.event, catching.reference) in self._thrown

    @cached_property
    def _boundary(self) -> dict[str, list[Element]]:
        found: dict[str, list[Element]] = {}
        for each in self._model.elements.values():
            if each.attached_to is not None:
                found.setdefault(each.attached_to, []).append(each)
        return found

    @cached_property
    def _following(self) -> dict[str, list[str]]:
        return leads_to(self._model)
