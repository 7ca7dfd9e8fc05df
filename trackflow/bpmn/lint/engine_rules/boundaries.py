"""Boundary events: what can be attached to what (`parseBoundaryEvents`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from trackflow.bpmn.lint.engine_rules.scopes import Scope, event_scope
from trackflow.bpmn.lint.finding import Finding, error
from trackflow.bpmn.model import Element, Model

REFUSED = error("refused-boundary")

_CAUGHT = frozenset(
    {"timer", "error", "signal", "cancel", "compensate", "message", "escalation", "conditional"}
)
_ESCALATE = frozenset({"subProcess", "transaction", "callActivity", "userTask"})


def refused(model: Model) -> Iterator[Finding]:
    """What is attached wrongly, and what of one host catches the same escalation."""
    alike = defaultdict[tuple[Scope, str, str], list[Element]](list)  # by where and what they catch
    for element in model.elements.values():
        if element.type == "boundaryEvent":
            for words in _faults(model.elements[element.attached_to or ""], element):
                yield REFUSED.at(model, element, words)
        if element.event in ("escalation", "cancel") and element.type in ("boundaryEvent", "startEvent"):
            alike[event_scope(model, element), element.type, element.event].append(element)
    for (_, _, event), elements in alike.items():
        yield from _twins(model, elements, event == "cancel")


def _faults(host: Element, element: Element) -> Iterator[str]:
    if element.event not in _CAUGHT:
        yield f"catches the event {element.event!r}" if element.event else "catches no event"
    if element.event == "escalation" and host.type not in _ESCALATE:
        yield f"catches an escalation of {host}: only of subprocesses, call activities and user tasks it can"
    if element.event == "cancel" and host.type != "transaction":
        yield f"catches the cancellation of {host}, which is no transaction"
    if "inputOutput" in element.features:
        yield "has an input or output mapping"


def _twins(model: Model, elements: Sequence[Element], cancel: bool) -> Iterator[Finding]:
    for position, element in enumerate(elements):
        for other in elements[:position]:
            if cancel or None in (element.reference, other.reference) or element.reference == other.reference:
                yield REFUSED.at(model, element, f"catches what {other} catches already")
                break
