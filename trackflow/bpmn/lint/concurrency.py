"""Which elements of a model may be active at the same time.

The relation is that of Kovalyov and Esparza ("A polynomial algorithm to compute the concurrency relation of
free-choice signal transition graphs", 1996), on the model read as a Petri net: an element is a place, a join
has a place for each of its flows. Two places are concurrent if one step makes tokens on both, or if one of
them gets its token by a step while the other has one. For models without deadlocks it is exact; for others it
may name too many, never too few, except that a join counts each flow once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property

from trackflow.bpmn.graph import inside, scopes_of
from trackflow.bpmn.lint.net import Net, net_of
from trackflow.bpmn.model import Model


class Concurrency:
    """Of one model."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._inside = inside(model)
        self._by_scope = dict[str | None, Relation]()

    def together(self, one: str, other: str) -> bool:
        """Whether two different elements, neither inside the other, may be active at once."""
        ways = [[*reversed(scopes_of(self._model, id_)), id_] for id_ in (one, other)]
        common = 0
        while common < min(map(len, ways)) and ways[0][common] == ways[1][common]:
            common += 1
        if any(self.several(scope) for scope in ways[0][:common]):
            return True
        if common == min(map(len, ways)):
            return False
        left, right = (way[common] for way in ways)
        return right in self.beside(left)

    def beside(self, element: str) -> frozenset[str]:
        """The elements of the same scope that may be active when this one is; itself if it may be twice."""
        return self._relation(self._model.elements[element].scope).beside(element)

    def several(self, element: str) -> bool:
        """Whether an element may be active more than once at a time within its scope."""
        found = self._model.elements[element]
        if found.repetition is not None and not found.repetition.sequential:
            return True
        return self.doubled(element)

    def doubled(self, element: str) -> bool:
        """The same, where all repetitions of a multi-instance element count as one."""
        return element in self.beside(element)

    def _relation(self, scope: str | None) -> Relation:
        if scope not in self._by_scope:
            self._by_scope[scope] = Relation(net_of(self._model, self._inside, scope))
        return self._by_scope[scope]


class Relation:
    """Which places of a net may have tokens at once. Sets of places are numbers, a bit for each."""

    def __init__(self, net: Net) -> None:
        self._net = net
        self._with = [0] * len(net.places)
        self._waiting = set(range(len(net.steps)))
        self._besides = dict[int, frozenset[str]]()
        self._begin()
        while self._waiting:
            self._follow(self._waiting.pop())

    def beside(self, element: str) -> frozenset[str]:
        """The elements that may have a token when this one has; itself if it may have two."""
        places = 0
        for place in self._net.of[element]:
            places |= self._with[place]
        if places not in self._besides:
            found = (other for place in _bits(places) for other in self._elements[place])
            self._besides[places] = frozenset(found)
        return self._besides[places]

    @cached_property
    def _elements(self) -> dict[int, list[str]]:
        """By place the elements whose tokens it has."""
        found = defaultdict[int, list[str]](list)
        for element, places in self._net.of.items():
            for place in places:
                found[place].append(element)
        return found

    @cached_property
    def _users(self) -> dict[int, list[int]]:
        """By place the steps that take a token from it."""
        found = defaultdict[int, list[int]](list)
        for number, step in enumerate(self._net.steps):
            for place in step.takes:
                found[place].append(number)
        return found

    def _begin(self) -> None:
        """One step makes tokens on all its places; what comes at any time is there beside everything."""
        for step in self._net.steps:
            given = Counter(step.gives)
            together = _mask(given)
            for place, times in given.items():
                self._with[place] |= together if times > 1 else together & ~(1 << place)
        everything = (1 << len(self._net.places)) - 1
        for place, again in self._net.at_any_time.items():
            self._add(place, everything & ~self._net.alone & ~(0 if again else 1 << place))

    def _follow(self, number: int) -> None:
        """Whatever has a token beside all that a step takes has it beside all that the step gives."""
        step = self._net.steps[number]
        beside = -1
        for place in step.takes:
            beside &= self._with[place]
        if step.waits_for:
            beside &= ~_mask(step.waits_for)
        for place in step.gives:
            self._add(place, beside)

    def _add(self, place: int, others: int) -> None:
        new = others & ~self._with[place]
        if not new:
            return
        self._with[place] |= new
        self._waiting.update(self._users.get(place, ()))
        for other in _bits(new):
            self._with[other] |= 1 << place
            self._waiting.update(self._users.get(other, ()))


def _mask(places: Iterable[int]) -> int:
    mask = 0
    for place in places:
        mask |= 1 << place
    return mask


def _bits(number: int) -> Iterator[int]:
    while number:
        low = number & -number
        yield low.bit_length() - 1
        number ^= low
