"""Why a model cannot run here: by element, never skipped and never half run.

What the engine family refuses is refused here, too (`trackflow.bpmn.lint.engine_rules`). This is the rest:
what it runs and the embedded engine does not, or what it ignores although the model says it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from trackflow.bpmn import Element, Model, times
from trackflow.bpmn.lint import refused_by_the_family
from trackflow.bpmn.tokens import holds_expression
from trackflow.engines.embedded.models.behaviours import BEHAVIOURS
from trackflow.engines.embedded.models.process import Behaviour
from trackflow.errors import ModelError

_COMPENSATES = "isForCompensation"
# A worker of the engine fetches it; here nobody does, so it waits as a task of a person does.
_FETCHED = ("serviceTask", "sendTask", "businessRuleTask")
_PASSES_KEY_ON = re.compile(
    r"[$#]\{\s*execution\.(processBusinessKey|businessKey|get(Process)?BusinessKey\(\s*\))\s*\}"
)


class Obstacle(NamedTuple):
    """Why an element cannot run: in words that follow its description."""

    element: Element
    words: str


def check(model: Model) -> None:
    """Raise ModelError if the engine family would not take the model, or if it cannot run here."""
    for finding in refused_by_the_family(model):
        raise ModelError(f"{model.file}: {finding.text}", finding.line)
    for element, words in obstacles(model):
        raise ModelError(f"{model.file}: {element} {words}", element.line)


def obstacles(model: Model) -> Iterator[Obstacle]:
    """Why the model cannot run, if the engine family would take it."""
    for element in model.elements.values():
        for reason in _of_element(model, element):
            yield Obstacle(element, f"{reason} is not supported by the embedded engine".lstrip())


def _of_element(model: Model, element: Element) -> Iterator[str]:
    """As the end of the element's description."""
    if (element.type, element.event) not in BEHAVIOURS:
        yield f" with the event {element.event!r}" if element.event else ""
        return
    yield from (f" with {feature!r}" for feature in element.features if feature != _COMPENSATES)
    yield from _of_event(element)
    yield from _of_boundary(model, element)
    yield from _of_subprocess(model, element)
    yield from _of_compensation(model, element)
    yield from _of_code(element)
    yield from _of_call(element)
    if element.repetition is not None and element.repetition.cardinality is None:
        # A payload's list comes to every engine as text, which none of them can count through.
        yield " with several instances but no loopCardinality"
    for flow in (model.flows[id_] for id_ in element.outgoing):
        if flow.condition is not None and not flow.condition.startswith(("${", "#{")):
            yield f" with {flow}, whose condition {flow.condition!r} is no ${{…}} expression,"


def _of_event(element: Element) -> Iterator[str]:
    timer = element.timer
    if timer is not None and not holds_expression(timer.text):
        yield from _of_time(timer.kind, timer.text)
    if element.event == "signal" and holds_expression(element.reference):
        yield " with an expression as its signal's name"
    if element.type == "startEvent" and not element.scope and element.event not in (None, "message"):
        yield f" with the event {element.event!r}, which gives an instance no business key,"


def _of_boundary(model: Model, element: Element) -> Iterator[str]:
    """The family keeps its counters in variables, and looks at the condition whenever one of them changes."""
    host = model.elements.get(element.attached_to or "")
    if element.event == "conditional" and host is not None and host.repetition is not None:
        yield f" with the event 'conditional' at {host}, which has several instances,"


def _of_subprocess(model: Model, element: Element) -> Iterator[str]:
    """The family deploys a transaction that cannot begin, and then refuses each event that comes to it."""
    starts = (each for each in model.elements.values() if each.type == "startEvent")
    if BEHAVIOURS[element.type, element.event] is Behaviour.NEST and not any(
        each.scope == element.id for each in starts
    ):
        yield " without a start event"


def _of_compensation(model: Model, element: Element) -> Iterator[str]:
    """What undoes something is passed at once: in the engine family no message reaches what waits there."""
    if element.type == "boundaryEvent" and element.event == "compensate":
        handler = model.elements.get(element.reference or "")
        if handler is None or _COMPENSATES not in handler.features:
            yield " without an association to what compensates"
    if _COMPENSATES in element.features and BEHAVIOURS[element.type, element.event] is not Behaviour.PASS:
        yield f" with {_COMPENSATES!r}"


def _of_code(element: Element) -> Iterator[str]:
    """The engine that lives in the ledger's database runs no code. What a worker fetches, waits for it."""
    if element.type in _FETCHED and element.implementation != "external":
        yield f" that runs code ({element.implementation or 'none is given'})"
    elif element.type not in _FETCHED and element.implementation is not None:
        yield f" that runs code ({element.implementation})"


def _of_call(element: Element) -> Iterator[str]:
    """What is called has to be known, and has to have its caller's business key."""
    if element.call is None:
        return
    if not element.reference:
        yield " that names no process to call"
    elif holds_expression(element.reference):
        yield " with an expression as the process that it calls"
    if not _PASSES_KEY_ON.fullmatch(element.call.business_key or ""):
        passing = '<camunda:in businessKey="#{execution.processBusinessKey}"/>'
        yield f" that does not pass the business key on ({passing}), so that no event reaches what it calls,"
    # The counters around it would come back with the rest, as old as they were when the call began.
    if element.repetition is not None and any(each.target is None for each in element.call.back):
        yield " with several instances that give back all variables"


def _of_time(kind: str, text: str) -> Iterator[str]:
    """A time that is not to be evaluated is read when the model is deployed, not when it is too late."""
    try:
        if kind == "cycle":
            times.cycle(text)
        else:
            (times.duration if kind == "duration" else times.date)(text, 0.0)
    except (ValueError, OverflowError) as exc:
        yield f" whose {kind} {text!r} {exc}"
