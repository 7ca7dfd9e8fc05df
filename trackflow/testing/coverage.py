"""Which elements and sequence flows of which models ran, over a whole test session."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from trackflow.bpmn import Element, Flow, Model, parse
from trackflow.projection.flows import flows_taken
from trackflow.testing.bench import Bench


@dataclass
class Covered:
    """One model, and how often each of its parts ran.

    Attributes:
        file: where the model came from.
        source: its bytes.
        counts: by id of an element or flow; what never ran is not in it.
    """

    file: str
    source: bytes
    counts: Counter[str] = field(default_factory=Counter)

    @cached_property
    def model(self) -> Model:
        """Parsed once more: what came from another process is only bytes."""
        return parse(self.source, self.file, deployed=True)

    @property
    def elements(self) -> Share:
        """Of its elements."""
        return self._share(self.model.elements)

    @property
    def flows(self) -> Share:
        """Of its sequence flows."""
        return self._share(self.model.flows)

    def _share(self, parts: Mapping[str, Element] | Mapping[str, Flow]) -> Share:
        return Share(sum(1 for each in parts if self.counts[each]), len(parts))

    def never(self, parts: Mapping[str, Element] | Mapping[str, Flow]) -> list[Element | Flow]:
        """Those that never ran, in the order of the file."""
        return [part for part in parts.values() if not self.counts[part.id]]


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    done: int
    total: int

    def __add__(self, other: Share) -> Share:
        return Share(self.done + other.done, self.total + other.total)

    @property
    def percent(self) -> float:
        """From 0 to 100; of nothing all is done."""
        return 100 * self.done / self.total if self.total else 100.0

    def __str__(self) -> str:
        # Rounded down: 100 % says that nothing is missing.
        return f"{int(self.percent)} %"


class Coverage:
    """Of a session, or of one worker of it."""

    def __init__(self) -> None:
        self._covered: dict[str, Covered] = {}  # by the digest of the source

    def __bool__(self) -> bool:
        return bool(self._covered)

    def __iter__(self) -> Iterator[Covered]:
        """The models, by their files' names."""
        return iter(sorted(self._covered.values(), key=lambda each: each.file))

    @property
    def total(self) -> Share:
        """Of all elements and flows of all models; nothing is 0 % of it."""
        total = Share(0, 0)
        for each in self:
            total += each.elements + each.flows
        return total if total.total else Share(0, 1)

    def add(self, bench: Bench) -> None:
        """Count what ran on a bench. Its models count even if nothing did."""
        for model in bench.models:
            self._of(model.file, model.source)
        for model, instance in bench.instances():
            counts = self._of(model.file, model.source).counts
            counts.update(step.element for step in instance.path if step.element in model.elements)
            for flow in flows_taken(instance.path, model):
                counts.update([flow.id, *_links(flow, model)])

    def as_data(self) -> list[dict[str, Any]]:
        """For another process: strings, bytes and numbers."""
        return [
            {"file": each.file, "source": each.source, "counts": dict(each.counts)}
            for each in self._covered.values()
        ]

    def merge(self, data: list[dict[str, Any]]) -> None:
        """Add what another process has counted."""
        for each in data:
            self._of(each["file"], each["source"]).counts.update(each["counts"])

    def _of(self, file: str, source: bytes) -> Covered:
        digest = hashlib.sha256(source).hexdigest()
        return self._covered.setdefault(digest, Covered(file, source))


def _links(flow: Flow, model: Model) -> Iterator[str]:
    """The link events at the ends of a flow: they leave no step of their own in a path."""
    if model.elements[flow.source].event == "link":
        yield flow.source
    if model.elements[flow.target].event == "link":
        yield flow.target
