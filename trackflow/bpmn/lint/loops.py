"""Circles in which nothing waits: who comes into one goes round until the engine gives up.

Variables change only by events, so a condition that did not let a token out lets it out no later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trackflow.bpmn.graph import CHOOSE_ONE, inside, joins, links_of
from trackflow.bpmn.lint.circles import circles
from trackflow.bpmn.lint.finding import Finding, error, warning
from trackflow.bpmn.model import Element, Flow, Model

ENDLESS = error("endless-loop")
UNWAITING = warning("loop-without-wait")

# What a token goes through without any event, person or code (code may change what a condition asks for).
_PASSED = frozenset(
    {
        "task", "manualTask", "exclusiveGateway", "parallelGateway", "inclusiveGateway",
        "intermediateThrowEvent", "startEvent",
    }
)  # fmt: skip
_SUBPROCESSES = frozenset({"subProcess", "transaction"})
_EXIT = " "  # no id has a space: the end of a subprocess is its id and this


def without_wait(model: Model) -> Iterator[Finding]:
    """The first element of each such circle."""
    steps = _Steps(model)
    sure = circles(steps.certain)
    for circle in circles(steps.possible):
        if any(circle & each for each in sure) or _never_left(circle, steps):
            words = f"begins an endless loop: nothing waits in {_all(circle)}"
            yield ENDLESS.at(model, _first(model, circle), words)
        else:
            words = f"may begin an endless loop: nothing waits in {_all(circle)}"
            yield UNWAITING.at(model, _first(model, circle), words)


def _never_left(circle: set[str], steps: _Steps) -> bool:
    return all(circle.issuperset(steps.possible[place]) for place in circle)


def _first(model: Model, circle: set[str]) -> Element:
    return next(each for id_, each in model.elements.items() if id_ in circle)


def _all(circle: set[str]) -> str:
    names = sorted(each for each in circle if not each.endswith(_EXIT))
    return ", ".join(map(repr, names[:5])) + (", …" if len(names) > 5 else "")


class _Steps:
    """Where a token goes at once: by element, and by the ends of subprocesses.

    Attributes:
        possible: by some value of the variables.
        certain: whatever their values.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._links = links_of(model)
        self._inside = inside(model)
        self.possible: dict[str, list[str]] = {}
        self.certain: dict[str, list[str]] = {}
        for element in model.elements.values():
            self._add(element)

    def _add(self, element: Element) -> None:
        if element.type in _SUBPROCESSES and not element.triggered and element.repetition is None:
            begins = [each.id for each in self._inside.get(element.id, ()) if each.type == "startEvent"]
            self._note(element.id, begins, begins)
            self._leave(element, element.id + _EXIT)
        elif _passes(element):
            self._leave(element, element.id)
        elif element.type == "endEvent" and element.event != "error":
            self._end(element, element.id)

    def _leave(self, element: Element, place: str) -> None:
        flows = [self._model.flows[flow] for flow in element.outgoing]
        if not flows:
            self._end(element, place)
        targets = {flow.id: self._links.get(flow.target, flow.target) for flow in flows}
        if linked := self._links.get(element.id):
            targets[""] = linked
        certain = [targets[flow.id] for flow in flows if _is_certain(element, flow, flows)]
        self._note(place, list(targets.values()), [*certain, *([linked] if linked else [])])

    def _end(self, element: Element, place: str) -> None:
        """The subprocess that the element lies in may be done now; surely only if nothing in it can wait."""
        if element.scope is None:
            return
        around = self._inside[element.scope]
        sure = all(_passes(each) or each.type == "endEvent" for each in around)
        self._note(place, [element.scope + _EXIT], [element.scope + _EXIT] if sure else [])

    def _note(self, place: str, possible: Sequence[str], certain: Sequence[str]) -> None:
        self.possible.setdefault(place, []).extend(possible)
        self.certain.setdefault(place, []).extend(certain)


def _passes(element: Element) -> bool:
    if element.type == "intermediateCatchEvent":
        return element.event == "link"
    return element.type in _PASSED and element.repetition is None and not _waits_for_others(element)


def _waits_for_others(element: Element) -> bool:
    return joins(element) and element.type == "parallelGateway"


def _is_certain(element: Element, flow: Flow, flows: Sequence[Flow]) -> bool:
    """Whether a token that leaves the element takes this flow, whatever the conditions say."""
    if element.type == "parallelGateway":
        return True
    if joins(element):  # an inclusive gateway, which may wait for others
        return False
    if element.type in CHOOSE_ONE:
        return len(flows) == 1 and not flow.condition
    return flow.condition is None and (flow.id != element.default or len(flows) == 1)
