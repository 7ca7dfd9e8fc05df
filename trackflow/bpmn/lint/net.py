"""One scope of a model as a Petri net, as far as it matters which tokens there can be at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from trackflow.bpmn.graph import CHOOSE_ONE, joins, links_of, reached
from trackflow.bpmn.model import Element, Flow, Model

# A timer that is no cycle comes once.
_ONCE = frozenset({"duration", "date"})


@dataclass(frozen=True, slots=True)
class Step:
    """Takes a token from each of some places, and gives one to each of others.

    `waits_for`: places whose tokens it waits for before it is taken.
    """

    takes: Sequence[int]
    gives: Sequence[int]
    waits_for: frozenset[int] = frozenset()


@dataclass(slots=True)
class Net:
    """Of one scope.

    Attributes:
        places: their names.
        steps: what moves tokens.
        of: by element the places where a token is at it.
        at_any_time: places of event subprocesses that interrupt nothing; whether they may come again.
        alone: places (a bit for each) of event subprocesses that end everything else in their scope.
        apart: places that tokens come to by other ways than steps.
    """

    places: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    of: dict[str, list[int]] = field(default_factory=dict)
    at_any_time: dict[int, bool] = field(default_factory=dict)
    alone: int = 0
    apart: set[int] = field(default_factory=set)

    def place(self, name: str) -> int:
        """A new place."""
        self.places.append(name)
        return len(self.places) - 1


def net_of(model: Model, inside: Mapping[str | None, Sequence[Element]], scope: str | None) -> Net:
    """The net of one scope; `inside` has the elements of each."""
    return fused(_Building(model, inside, scope).net())


def fused(net: Net) -> Net:
    """The same with fewer places: where one can only follow another, they are one.

    "Fusion of series places" (Murata, "Petri Nets: Properties, Analysis and Applications", 1989, section V).
    """
    takers, givers = Counter[int](), Counter[int]()
    for step in net.steps:
        takers.update(step.takes)
        givers.update(step.gives)
    into = list(range(len(net.places)))
    for step in net.steps:
        if len(step.takes) == len(step.gives) == 1:
            before, after = step.takes[0], step.gives[0]
            if takers[before] == givers[after] == 1 and after not in net.apart:
                into[after] = before
    return _renamed(net, [_end_of(place, into) for place in range(len(into))])


def _end_of(place: int, into: list[int]) -> int:
    """Where a place has gone; a circle goes to the place that was asked for first."""
    way = [place]
    while into[way[-1]] not in way:
        way.append(into[way[-1]])
    for each in way:
        into[each] = way[-1]
    return way[-1]


def _renamed(net: Net, names: list[int]) -> Net:
    steps = [
        Step(
            [names[each] for each in step.takes],
            [names[each] for each in step.gives],
            frozenset(names[each] for each in step.waits_for),
        )
        for step in net.steps
        if len(step.gives) != 1 or len(step.takes) != 1 or names[step.takes[0]] != names[step.gives[0]]
    ]
    of = {element: [names[each] for each in places] for element, places in net.of.items()}
    return Net(net.places, steps, of, net.at_any_time, net.alone, net.apart)


class _Building:
    def __init__(
        self, model: Model, inside: Mapping[str | None, Sequence[Element]], scope: str | None
    ) -> None:
        elements = inside[scope]
        self._model = model
        self._inside = inside
        self._elements = elements
        self._links = links_of(model)
        self._net = Net()
        self._boundary: dict[str, list[Element]] = {each.id: [] for each in elements}
        for each in elements:
            if each.attached_to in self._boundary:
                self._boundary[each.attached_to].append(each)
            # A host's places: before and after each of its events that come once and interrupt nothing.
            self._net.of[each.id] = [self._net.place(each.id)]
        self._arrivals = {
            flow: self._net.place(flow) for each in elements if joins(each) for flow in each.incoming
        }

    def net(self) -> Net:
        """Everything in it."""
        for element in self._elements:
            if joins(element):
                self._net.steps += self._join(element)
            if element.triggered:
                self._trigger(element)
            if element.triggered or element.type == "startEvent":
                self._net.apart.add(self._net.of[element.id][0])
            self._events_at(element)
        for element in self._elements:
            for place in self._net.of[element.id]:
                self._net.steps += [Step([place], gives) for gives in self._ways_out(element) if gives]
        return self._net

    def _into(self, flow: Flow) -> int:
        """The place that a flow leads to."""
        if flow.id in self._arrivals:
            return self._arrivals[flow.id]
        return self._net.of[self._target(flow)][0]

    def _target(self, flow: Flow) -> str:
        """The element that a flow leads to: of a link the one that catches it."""
        return self._links.get(flow.target, flow.target)

    def _ways_out(self, element: Element) -> Iterator[list[int]]:
        """The sets of places that get a token together when one leaves the element."""
        flows = [self._model.flows[flow] for flow in element.outgoing]
        if element.type in CHOOSE_ONE:
            yield from ([self._into(flow)] for flow in flows)
            return
        always = element.type == "parallelGateway"
        yield [self._into(flow) for flow in flows if always or flow.id != element.default]
        yield [self._into(flow) for flow in flows if not always and flow.id == element.default]

    def _join(self, element: Element) -> Iterator[Step]:
        arrivals, place = [self._arrivals[flow] for flow in element.incoming], self._net.of[element.id][0]
        if element.type == "parallelGateway":
            yield Step(arrivals, [place])
            return
        # An inclusive gateway goes on when nothing more can come to it.
        waits_for = self._before(element).union(arrivals)
        yield from (Step([each], [place], waits_for) for each in arrivals)

    def _before(self, element: Element) -> frozenset[int]:
        """The places of all that can come to an element, without its own."""
        coming = reached([element.id], self._previous) - {element.id}
        return frozenset(place for each in coming for place in self._net.of[each])

    @cached_property
    def _previous(self) -> Mapping[str, Sequence[str]]:
        """By element those that lead to it."""
        found: dict[str, list[str]] = {each.id: [] for each in self._elements}
        for each in self._elements:
            for flow in each.outgoing:
                found[self._target(self._model.flows[flow])].append(each.id)
            if each.attached_to in found:
                found[each.id].append(each.attached_to)
        return found

    def _trigger(self, element: Element) -> None:
        starts = [each for each in self._inside.get(element.id, ()) if each.type == "startEvent"]
        place = self._net.of[element.id][0]
        if all(each.interrupting for each in starts):
            self._net.alone |= 1 << place
        else:
            self._net.at_any_time[place] = not all(_comes_once(each) for each in starts)

    def _events_at(self, host: Element) -> None:
        """The boundary events of an element."""
        places = self._net.of[host.id]
        once = [each for each in self._boundary[host.id] if not each.interrupting and _comes_once(each)]
        for event in once:
            after = self._net.place(host.id)
            self._net.steps += [Step([place], [after, self._net.of[event.id][0]]) for place in places]
            places.append(after)
        for event in self._boundary[host.id]:
            if event not in once:
                for place in places:
                    stays = [] if event.interrupting else [place]
                    self._net.steps.append(Step([place], [*stays, self._net.of[event.id][0]]))


def _comes_once(event: Element) -> bool:
    """An escalation is mostly thrown once, too: better to miss a wait than to warn of one that is none."""
    return event.event == "escalation" or (event.timer is not None and event.timer.kind in _ONCE)
