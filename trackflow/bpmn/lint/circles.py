"""The circles of a graph: its strongly connected components that have an edge (Tarjan, without recursion)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence


def circles(following: Mapping[str, Sequence[str]]) -> list[set[str]]:
    """Sets of nodes from each of which every other can be reached, in no order.

    A node that has no entry leads nowhere.
    """
    found = _Components(following).all()
    return [each for each in found if any(not each.isdisjoint(following.get(node, ())) for node in each)]


class _Components:
    def __init__(self, following: Mapping[str, Sequence[str]]) -> None:
        self._following = following
        self._number = dict[str, int]()  # in the order in which nodes were reached
        self._low = dict[str, int]()  # the lowest number that is reached from it, of those on the path
        self._path = list[str]()
        self._on_path = set[str]()
        self._found = list[set[str]]()

    def all(self) -> list[set[str]]:
        """Every component."""
        for node in self._following:
            if node not in self._number:
                self._walk(node)
        return self._found

    def _walk(self, start: str) -> None:
        to_do: list[tuple[str, Iterator[str]]] = [self._enter(start)]
        while to_do:
            node, rest = to_do[-1]
            for each in rest:
                if each not in self._number:
                    to_do.append(self._enter(each))
                    break
                if each in self._on_path:
                    self._low[node] = min(self._low[node], self._number[each])
            else:
                to_do.pop()
                self._leave(node)
                if to_do:
                    before = to_do[-1][0]
                    self._low[before] = min(self._low[before], self._low[node])

    def _enter(self, node: str) -> tuple[str, Iterator[str]]:
        self._number[node] = self._low[node] = len(self._number)
        self._path.append(node)
        self._on_path.add(node)
        return node, iter(self._following.get(node, ()))

    def _leave(self, node: str) -> None:
        if self._low[node] < self._number[node]:
            return
        component = set[str]()
        while node not in component:
            component.add(self._path.pop())
        self._on_path -= component
        self._found.append(component)
