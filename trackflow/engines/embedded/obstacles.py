"""Why a model cannot run here: by element, never skipped and never half run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from trackflow.bpmn import Element, Model, times
from trackflow.bpmn.lint import refused_by_the_family
from trackflow.engines.embedded.process import Behaviour
from trackflow.errors import ModelError

# By element type and event. Only what is listed can run.
BEHAVIOURS: Mapping[tuple[str, str | None], Behaviour] = {
    ("startEvent", None): Behaviour.PASS,
    ("startEvent", "message"): Behaviour.PASS,
    ("startEvent", "timer"): Behaviour.PASS,
    ("startEvent", "error"): Behaviour.PASS,
    ("startEvent", "escalation"): Behaviour.PASS,
    ("startEvent", "conditional"): Behaviour.PASS,
    ("startEvent", "signal"): Behaviour.PASS,
    ("boundaryEvent", "message"): Behaviour.PASS,
    ("boundaryEvent", "timer"): Behaviour.PASS,
    ("boundaryEvent", "error"): Behaviour.PASS,
    ("boundaryEvent", "escalation"): Behaviour.PASS,
    ("boundaryEvent", "cancel"): Behaviour.PASS,
    ("boundaryEvent", "compensate"): Behaviour.PASS,
    ("boundaryEvent", "conditional"): Behaviour.PASS,
    ("boundaryEvent", "signal"): Behaviour.PASS,
    ("task", None): Behaviour.PASS,
    ("manualTask", None): Behaviour.PASS,
    ("receiveTask", None): Behaviour.WAIT,
    ("receiveTask", "message"): Behaviour.WAIT,
    ("userTask", None): Behaviour.WAIT,
    ("serviceTask", None): Behaviour.WAIT,
    ("sendTask", None): Behaviour.WAIT,
    ("businessRuleTask", None): Behaviour.WAIT,
    ("intermediateThrowEvent", None): Behaviour.PASS,
    ("intermediateThrowEvent", "link"): Behaviour.LINK,
    ("intermediateThrowEvent", "message"): Behaviour.PASS,
    ("intermediateThrowEvent", "escalation"): Behaviour.ESCALATE,
    ("intermediateThrowEvent", "compensate"): Behaviour.COMPENSATE,
    ("intermediateThrowEvent", "signal"): Behaviour.SIGNAL,
    ("intermediateCatchEvent", "message"): Behaviour.WAIT,
    ("intermediateCatchEvent", "timer"): Behaviour.WAIT,
    ("intermediateCatchEvent", "conditional"): Behaviour.WAIT,
    ("intermediateCatchEvent", "signal"): Behaviour.WAIT,
    ("intermediateCatchEvent", "link"): Behaviour.LINK,
    ("eventBasedGateway", None): Behaviour.RACE,
    ("exclusiveGateway", None): Behaviour.CHOOSE,
    ("parallelGateway", None): Behaviour.JOIN,
    ("inclusiveGateway", None): Behaviour.MERGE,
    ("subProcess", None): Behaviour.NEST,
    ("transaction", None): Behaviour.NEST,
    ("callActivity", None): Behaviour.CALL,
    ("endEvent", None): Behaviour.END,
    ("endEvent", "terminate"): Behaviour.TERMINATE,
    ("endEvent", "error"): Behaviour.FAIL,
    ("endEvent", "escalation"): Behaviour.ESCALATE,
    ("endEvent", "cancel"): Behaviour.CANCEL,
    ("endEvent", "message"): Behaviour.END,
    ("endEvent", "compensate"): Behaviour.COMPENSATE,
    ("endEvent", "signal"): Behaviour.SIGNAL,
}
# What reaches an instance from outside of what it does, so that it has to be listened for.
LISTENS = frozenset({"message", "timer", "conditional", "signal"})
COMPENSATES = "isForCompensation"
THROWS = ("endEvent", "intermediateThrowEvent")
# A worker of the engine fetches it; here nobody does, so it waits as a task of a person does.
_FETCHED = ("serviceTask", "sendTask", "businessRuleTask")

_PASSES_KEY_ON = re.compile(
    r"[$#]\{\s*execution\.(processBusinessKey|businessKey|get(Process)?BusinessKey\(\s*\))\s*\}"
)


def check(model: Model) -> None:
    """Raise ModelError if the model cannot run here, or if the engine family would not take it either."""
    for obstacle in obstacles(model):
        raise ModelError(f"{model.file}: {obstacle}")
    for finding in refused_by_the_family(model):
        raise ModelError(f"{model.file}: {finding.text}", finding.line)


def obstacles(model: Model) -> Iterator[str]:
    """Why the model cannot run: each names the element, in words."""
    for element in model.elements.values():
        for reason in _of_element(model, element):
            yield f"{element}{reason} is not supported by the embedded engine"
    yield from _starts(model)


def _of_element(model: Model, element: Element) -> Iterator[str]:
    """As the end of the element's description."""
    if (element.type, element.event) not in BEHAVIOURS:
        yield f" with the event {element.event!r}" if element.event else ""
        return
    yield from (f" with {feature!r}" for feature in element.features if feature != COMPENSATES)
    yield from _of_event(element)
    yield from _of_link(model, element)
    yield from _of_cancellation(model, element)
    yield from _of_compensation(model, element)
    yield from _of_start(model, element)
    yield from _of_code(element)
    yield from _of_call(element)
    if element.repetition is not None and element.repetition.cardinality is None:
        # A payload's list comes to every engine as text, which none of them can count through.
        yield " with several instances but no loopCardinality"
    for flow in (model.flows[id_] for id_ in element.outgoing):
        target = model.elements[flow.target]
        # Also in Camunda 7 only catch events can stand behind it.
        if element.type == "eventBasedGateway" and target.type != "intermediateCatchEvent":
            yield f" with {target} behind it"
        if flow.language is not None:
            yield f" with {flow}, whose condition is a script in {flow.language!r},"
        elif flow.condition is not None and not flow.condition.startswith(("${", "#{")):
            yield f" with {flow}, whose condition {flow.condition!r} is no ${{…}} expression,"


def _of_event(element: Element) -> Iterator[str]:
    if element.event == "message" and element.message is None:
        yield " without a message"
    if element.event == "timer":
        if element.timer is None:
            yield " without a time"
        elif not ("${" in element.timer.text or "#{" in element.timer.text):
            yield from _of_time(element.timer.kind, element.timer.text)
    if element.event == "conditional" and element.condition is None:
        yield " without a condition"
    if element.event == "signal" and "{" in (element.reference or ""):
        yield " with an expression as its signal's name"
    if element.event in ("signal", "link") and not element.reference:
        yield f" without the name of its {element.event}"
    if element.event in ("error", "escalation") and element.type in THROWS and not element.reference:
        yield f" without the code of its {element.event}"


def _of_link(model: Model, element: Element) -> Iterator[str]:
    """A link leads to the one catch event of its name beside it (BPMN 10.5.5)."""
    if element.event != "link" or element.reference is None:
        return
    key = ("intermediateCatchEvent", "link", element.reference, element.scope)
    targets = [
        each for each in model.elements.values() if (each.type, each.event, each.reference, each.scope) == key
    ]
    if len(targets) != 1:
        yield f" whose link {element.reference!r} has {len(targets) or 'no'} targets"


def _of_cancellation(model: Model, element: Element) -> Iterator[str]:
    """Only a transaction is canceled, and its boundary event says what then (BPMN 13.3.6)."""
    if element.event != "cancel":
        return
    transaction = element.attached_to if element.type == "boundaryEvent" else element.scope
    found = model.elements.get(transaction or "")
    if found is None or found.type != "transaction":
        yield " outside of a transaction"


def _of_compensation(model: Model, element: Element) -> Iterator[str]:
    """What undoes something is passed at once: in the engine family no message reaches what waits there."""
    if element.type == "boundaryEvent" and element.event == "compensate":
        handler = model.elements.get(element.reference or "")
        if handler is None or COMPENSATES not in handler.features:
            yield " without an association to what compensates"
    if COMPENSATES in element.features and BEHAVIOURS[element.type, element.event] is not Behaviour.PASS:
        yield f" with {COMPENSATES!r}"


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
    elif "{" in element.reference:
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


def _of_start(model: Model, element: Element) -> Iterator[str]:
    """What begins a subprocess: one event of its own, or one that triggers it (BPMN 10.3.5, 13.3.4)."""
    if element.type == "startEvent":
        parent = model.elements.get(element.scope or "")
        if parent is None and element.event not in (None, "message"):
            yield f" with the event {element.event!r}, which gives an instance no business key,"
        elif parent is not None and not parent.triggered and element.event is not None:
            yield f" with the event {element.event!r} in a subprocess"
        elif parent is not None and parent.triggered and element.event is None:
            yield " without an event in an event subprocess"
        if parent is None and "{" in (element.message or ""):
            yield " with an expression as its message's name"
    if element.type in ("subProcess", "transaction"):
        begins = [
            each for each in model.elements.values() if each.scope == element.id and each.type == "startEvent"
        ]
        if len(begins) != 1:
            yield f" with {len(begins) or 'no'} start events"


def _starts(model: Model) -> Iterator[str]:
    """A message starts an instance in one way."""
    starts = [each for each in model.elements.values() if each.type == "startEvent" and not each.scope]
    seen = set[str]()
    for element in starts:
        if element.message and element.message in seen:
            yield f"{element}: another start event has {element.message!r}, too"
        seen.add(element.message or "")
