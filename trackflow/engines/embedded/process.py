"""A model made ready to run: every element has a behaviour, every condition is compiled.

What has no behaviour here is refused by type, name and id, never skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType

from trackflow.bpmn import Element, Flow, Model, expressions
from trackflow.bpmn.expressions import Expression
from trackflow.errors import ExpressionError, ModelError


class Behaviour(Enum):
    """What a token does that comes to an element."""

    PASS = auto()  # goes on at once
    WAIT = auto()  # waits for the element's message
    RACE = auto()  # waits for the first message of the events behind
    CHOOSE = auto()  # takes the first flow whose condition is true
    JOIN = auto()  # waits until a token has come for every incoming flow, then takes all flows
    END = auto()  # is gone
    TERMINATE = auto()  # is gone, and every other token of its scope with it


# By element type and event. Only what is listed can run.
_BEHAVIOURS: Mapping[tuple[str, str | None], Behaviour] = {
    ("startEvent", None): Behaviour.PASS,
    ("startEvent", "message"): Behaviour.PASS,
    ("task", None): Behaviour.PASS,
    ("manualTask", None): Behaviour.PASS,
    ("intermediateThrowEvent", None): Behaviour.PASS,
    ("intermediateCatchEvent", "message"): Behaviour.WAIT,
    ("receiveTask", "message"): Behaviour.WAIT,
    ("eventBasedGateway", None): Behaviour.RACE,
    ("exclusiveGateway", None): Behaviour.CHOOSE,
    ("parallelGateway", None): Behaviour.JOIN,
    ("endEvent", None): Behaviour.END,
    ("endEvent", "terminate"): Behaviour.TERMINATE,
}


@dataclass(frozen=True, slots=True)
class Exit:
    """A sequence flow as seen from the element that it leaves."""

    target: str
    condition: Expression | None


@dataclass(frozen=True, slots=True)
class Node:
    """An element, ready to run.

    Attributes:
        id: of the element.
        name: its label.
        behaviour: what a token does here.
        incoming: how many flows lead here.
        exits: the flows that leave, in the order of the file, without the default flow.
        default: the flow that is taken if none of `exits` is.
        message: what it awaits, or starts with.
        message_expression: the same, if it is to be evaluated when the wait begins.
        catches: ids of the elements whose messages a token that waits here can take.
    """

    id: str
    name: str | None
    behaviour: Behaviour
    incoming: int
    exits: tuple[Exit, ...]
    default: Exit | None
    message: str | None
    message_expression: Expression | None
    catches: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Process:
    """A model, ready to run.

    Attributes:
        id: of the BPMN process.
        nodes: by element id.
        starts: message name → id of the start event.
        variables: names that an expression uses.
    """

    id: str
    nodes: Mapping[str, Node]
    starts: Mapping[str, str]
    variables: frozenset[str]


def prepare(model: Model) -> Process:
    """The model, ready to run. Raises ModelError: something in it is not supported, or cannot be read."""
    for element in model.elements.values():
        for reason in _obstacles(model, element):
            raise ModelError(f"{model.file}: {element}{reason} is not supported by the embedded engine")
    nodes = {element.id: _node(model, element) for element in model.elements.values()}
    return Process(
        id=model.process,
        nodes=MappingProxyType(nodes),
        starts=MappingProxyType(_starts(model)),
        variables=model.variables,
    )


def _obstacles(model: Model, element: Element) -> Iterator[str]:
    """Why the element cannot run, as the end of its description."""
    if (element.type, element.event) not in _BEHAVIOURS:
        yield f" with the event {element.event!r}" if element.event else ""
    yield from (f" with {feature!r}" for feature in element.features)
    yield from [" with several instances"] if element.repetition else []
    if element.event == "message" and element.message is None:
        yield " without a message"
    if element.type == "startEvent" and "{" in (element.message or ""):
        yield " with an expression as its message's name"
    for flow in (model.flows[id_] for id_ in element.outgoing):
        target = model.elements[flow.target]
        # Also in Camunda 7 only catch events can stand behind it.
        if element.type == "eventBasedGateway" and target.type != "intermediateCatchEvent":
            yield f" with {target} behind it"
        if flow.language is not None:
            yield f" with {flow}, whose condition is a script in {flow.language!r},"


def _starts(model: Model) -> dict[str, str]:
    starts: dict[str, str] = {}
    for element in model.elements.values():
        if element.type == "startEvent" and element.message:
            if element.message in starts:
                raise ModelError(f"{model.file}: {element}: another start event has {element.message!r}, too")
            starts[element.message] = element.id
    return starts


def _node(model: Model, element: Element) -> Node:
    behaviour = _BEHAVIOURS[element.type, element.event]
    flows = [model.flows[id_] for id_ in element.outgoing]
    exits = {flow.id: Exit(flow.target, _condition(model, flow)) for flow in flows}
    default = exits.pop(element.default) if element.default else None
    catches: tuple[str, ...] = ()
    if behaviour is Behaviour.WAIT:
        catches = (element.id,)
    elif behaviour is Behaviour.RACE:
        catches = tuple(flow.target for flow in flows)
    return Node(
        id=element.id,
        name=element.name,
        behaviour=behaviour,
        incoming=len(element.incoming),
        exits=tuple(exits.values()),
        default=default,
        message=element.message,
        message_expression=_message_expression(model, element),
        catches=catches,
    )


def _condition(model: Model, flow: Flow) -> Expression | None:
    if flow.condition is None:
        return None
    if not flow.condition.startswith(("${", "#{")):
        raise ModelError(f"{model.file}: {flow}: its condition {flow.condition!r} is no ${{…}} expression")
    return _compiled(model, flow, flow.condition)


def _message_expression(model: Model, element: Element) -> Expression | None:
    if element.message is None or not ("${" in element.message or "#{" in element.message):
        return None
    return _compiled(model, element, element.message)


def _compiled(model: Model, where: Flow | Element, text: str) -> Expression:
    try:
        return expressions.compile(text)
    except ExpressionError as exc:
        raise ModelError(f"{model.file}: {where}: {exc}") from exc
