"""The three places that name events against each other: choreography, models, services."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trackflow.bpmn.lint.finding import Finding, error, warning
from trackflow.bpmn.lint.surroundings import Surroundings
from trackflow.bpmn.model import CATCHES, Element, Model
from trackflow.bpmn.tokens import holds_expression

UNKNOWN = error("event-not-in-choreography")
STARTS_TWO = error("start-in-two-models")
NOT_EMITTED = warning("event-not-emitted")
NOT_AWAITED = warning("event-not-in-model")


def unknown(model: Model, around: Surroundings) -> Iterator[Finding]:
    """What the model awaits, and the choreography does not know."""
    for element in _awaiting(model):
        # A name with an expression is known only when an instance waits for it.
        if element.message not in around.events and not holds_expression(element.message):
            words = f"awaits {element.message!r}, which the choreography does not know"
            yield UNKNOWN.at(model, element, words, element.message)


def unemitted(model: Model, around: Surroundings) -> Iterator[Finding]:
    """What the model awaits, and no service emits. The first event of an order comes from outside."""
    said = set(around.emitted | model.starts)
    for element in _awaiting(model):
        if element.message and element.message in around.events and element.message not in said:
            said.add(element.message)
            words = f"awaits {element.message!r}, which no service emits"
            yield NOT_EMITTED.at(model, element, words, element.message)


def starts_of_two(models: Sequence[Model]) -> Iterator[Finding]:
    """Messages that start two processes; the engine family keeps one subscription of a name."""
    first = dict[str, Model]()
    for model in models:
        for element in _awaiting(model):
            if element.type != "startEvent" or element.scope is not None or element.message is None:
                continue
            other = first.setdefault(element.message, model)
            if other.process != model.process:
                words = f"starts with {element.message!r}, as process {other.process!r} does ({other.file})"
                yield STARTS_TWO.at(model, element, words, element.message)


def unawaited(models: Sequence[Model], around: Surroundings) -> Iterator[Finding]:
    """What the choreography knows, and no model awaits."""
    awaited = frozenset[str]().union(*(model.messages for model in models), around.ignored)
    if any(holds_expression(name) for name in awaited):
        return
    for event in around.events:
        if event not in awaited:
            yield Finding(NOT_AWAITED.id, NOT_AWAITED.severity, f"{event}: no model awaits it", event=event)


def undeclared(around: Surroundings) -> Iterator[Finding]:
    """What a service emits, and the choreography does not know."""
    for service, emitted in around.emits.items():
        missing = [event for event in emitted if event not in around.events]
        if missing:
            words = f"{service} emits {', '.join(missing)}, which the choreography does not know"
            yield Finding(UNKNOWN.id, UNKNOWN.severity, words, service=service)


def _awaiting(model: Model) -> Iterator[Element]:
    return (each for each in model.elements.values() if each.message and each.type in CATCHES)
