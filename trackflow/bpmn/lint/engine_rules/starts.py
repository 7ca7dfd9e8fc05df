"""Where a process or a subprocess begins (`parseStartEvents`, `selectInitial`, `parseScopeStartEvent`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trackflow.bpmn.graph import inside
from trackflow.bpmn.lint.finding import Finding, error
from trackflow.bpmn.model import Element, Model
from trackflow.bpmn.tokens import holds_expression

REFUSED = error("refused-start")

# A process has one start that is none of these.
_MANY = frozenset({"message", "signal", "conditional"})
_TRIGGERS = frozenset({"error", "message", "timer", "signal", "compensate", "escalation", "conditional"})


def refused(model: Model) -> Iterator[Finding]:
    """Starts that are missing, too many, or of the wrong kind."""
    by_scope = inside(model)
    yield from _of_process(model, _starts(by_scope[None]))
    for element in model.elements.values():
        if element.type in ("subProcess", "transaction"):
            yield from _of_subprocess(model, element, _starts(by_scope.get(element.id, [])))


def _starts(elements: Sequence[Element]) -> list[Element]:
    return [each for each in elements if each.type == "startEvent"]


def _of_process(model: Model, starts: Sequence[Element]) -> Iterator[Finding]:
    if not starts:
        yield REFUSED.of(model, f"process {model.process!r} has no start event")
    for second in [each for each in starts if each.event not in _MANY][1:]:
        yield REFUSED.at(model, second, "is a second start without a message, signal or condition")
    for each in starts:
        if each.event == "message" and holds_expression(each.message):
            yield REFUSED.at(
                model, each, f"starts with {each.message!r}: a start's message has no expression"
            )


def _of_subprocess(model: Model, scope: Element, starts: Sequence[Element]) -> Iterator[Finding]:
    if not starts and scope.type == "subProcess":
        yield REFUSED.at(model, scope, "has no start event")
    for second in starts[1:]:
        yield REFUSED.at(model, second, f"is a second start event in {scope}")
    for start in starts:
        if scope.triggered:
            yield from _of_trigger(model, scope, start)
        elif start.event in _TRIGGERS:
            words = f"is about {_kind(start)}: a subprocess that is no event subprocess starts with nothing"
            yield REFUSED.at(model, start, words)


def _of_trigger(model: Model, scope: Element, start: Element) -> Iterator[Finding]:
    if start.event not in _TRIGGERS:
        yield REFUSED.at(model, start, f"begins the event subprocess {scope.id!r} with {_kind(start)}")
    if start.event == "error" and not start.interrupting:
        yield REFUSED.at(model, start, "starts with an error, and so must interrupt")
    if start.event == "compensate" and scope.scope is None:
        yield REFUSED.at(model, start, "is for the compensation of a whole process")


def _kind(start: Element) -> str:
    return f"the event {start.event!r}" if start.event else "no event"
