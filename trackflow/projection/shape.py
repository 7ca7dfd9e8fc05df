"""What a model's flows allow: which elements must come before others, and which may come again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from trackflow.bpmn import Element, Model
from trackflow.bpmn.graph import CHOOSE_ONE, joins, reached, successors


@lru_cache(maxsize=64)
def shape_of(model: Model) -> Shape:
    """A model's shape, worked out once."""
    return Shape(model)


class Shape:
    """Of one model."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._next = successors(model)
        # Sets of elements are numbers, a bit for each: a set of sets of a large model would fill the memory.
        self._bits = {id_: 1 << place for place, id_ in enumerate(model.elements)}
        # No engine keeps links in its history: what leads to one leads on to where it leads.
        self._unseen = sum(bit for id_, bit in self._bits.items() if model.elements[id_].event == "link")
        self._above = self._dominators()
        # What a token may come to more than once although the model is followed: in a loop, repeated, or
        # behind what fires several times or splits without a join.
        self._repeatable = self._find_repeatable()

    def left_out(self, visited: Iterable[str]) -> list[str]:
        """The elements that every way to some visited one leads through, but that were not visited."""
        seen = must = 0
        for element in visited:
            seen |= self._bits.get(element, 0)
            must |= self._above.get(element, 0)
        missing = must & ~seen & ~self._unseen
        return [id_ for id_, bit in self._bits.items() if missing & bit] if missing else []

    def most_visits(self, element: str) -> int | None:
        """How often an instance that follows the model enters an element at most; None: any number."""
        if element in self._repeatable or element not in self._model.elements:
            return None
        found = self._model.elements[element]
        return max(1, len(found.incoming)) if joins(found) else 1

    def _dominators(self) -> Mapping[str, int]:
        """By element those that every way to it leads through, itself included.

        The textbook's iteration (Aho, Sethi, Ullman), within each subprocess.
        """
        previous = defaultdict[str, list[str]](list)
        for element, following in self._next.items():
            for each in following:
                previous[each].append(element)
        begins = [id_ for id_ in self._bits if not previous[id_]]
        later = reached(begins, self._next) - set(begins)
        every = (1 << len(self._bits)) - 1
        above = {id_: every if id_ in later else bit for id_, bit in self._bits.items()}
        while self._narrow(above, [id_ for id_ in self._bits if id_ in later], previous):
            pass
        return {id_: self._with_subprocesses(id_, above) for id_ in above}

    def _narrow(
        self, above: dict[str, int], elements: Iterable[str], previous: Mapping[str, Sequence[str]]
    ) -> bool:
        changed = False
        for id_ in elements:
            common = above[id_]
            for each in previous[id_]:
                common &= above[each]
            changed |= (common | self._bits[id_]) != above[id_]
            above[id_] = common | self._bits[id_]
        return changed

    def _with_subprocesses(self, element: str, above: Mapping[str, int]) -> int:
        """Within a subprocess also what comes before that."""
        found, scope = above[element], self._model.elements[element].scope
        while scope is not None:
            found, scope = found | above[scope], self._model.elements[scope].scope
        return found

    def _find_repeatable(self) -> frozenset[str]:
        model = self._model
        several = {each.id for each in model.elements.values() if _fires_again(each)}
        several |= set(self._doubled())
        # One token goes round a loop, and leaves it once.
        loops = {id_ for id_ in model.elements if id_ in reached(self._next[id_], self._next)}
        return frozenset(self._inside(reached(several, self._next) | loops))

    def _doubled(self) -> Iterable[str]:
        """What two tokens of a split can come to with no join before."""
        for element in self._model.elements.values():
            if element.type in CHOOSE_ONE or len(element.outgoing) < 2:
                continue
            targets = [self._model.flows[flow].target for flow in element.outgoing]
            ways = [reached([target], self._next, self._stops) for target in targets]
            seen = set[str]()
            for way in ways:
                yield from (id_ for id_ in way & seen if not self._stops(id_))
                seen |= way

    def _stops(self, element: str) -> bool:
        return joins(self._model.elements[element])

    def _inside(self, elements: set[str]) -> set[str]:
        """These, and what lies in those that are subprocesses."""
        found = set(elements)
        for each in self._model.elements.values():  # a subprocess stands before what lies in it
            if each.scope in found:
                found.add(each.id)
        return found


def _fires_again(element: Element) -> bool:
    """Several instances, a loop, a boundary event or event subprocess (which may interrupt nothing)."""
    repeats = element.repetition is not None or "standardLoopCharacteristics" in element.features
    return repeats or element.attached_to is not None or element.triggered
