"""Whether an order followed its model, and how it did not. Pure: it asks nobody.

An order deviates by its events (they came too early, twice, after the end, or were refused) and by its path
(an element that was entered again though the model has no way back to it, an element that was left out though
every way leads through it, an end from outside). The latter two are what people do in an engine's Cockpit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from trackflow.bpmn import Model
from trackflow.engines.answers import Instance
from trackflow.projection.shape import shape_of
from trackflow.tracking.statements import NEVER
from trackflow.tracking.tables import Outcome

ModelOf = Callable[[str, int], Model | None]


class Kind(StrEnum):
    """How an order deviates."""

    EARLY = "early"  # an event came before it was awaited
    DUPLICATE = "duplicate"  # a second start event
    UNMATCHED = "unmatched"  # an event came after the end
    REFUSED = "refused"  # the engine did not take an event
    REPEATED = "repeated"  # an element was entered more often than the model allows
    SKIPPED = "skipped"  # an element was left out that every way leads through
    TERMINATED = "terminated"  # somebody ended the instance


class Told(Protocol):
    """What must be known of an event: a row of the ledger has it."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def outcome(self) -> str:
        """What became of it."""

    @property
    def seen_version(self) -> int:
        """Of its case, when nothing waited for the event; -1 if it never had to wait."""

    @property
    def failures(self) -> int:
        """Of the engine, at this event."""


@dataclass(frozen=True, slots=True, order=True)
class Deviation:
    """One way in which an order did not follow its model.

    Attributes:
        kind: how.
        name: of the event, or the id of the element; of an ended instance the element where it was.
        instance: id of the instance whose path it is; empty if it is an event.
    """

    kind: Kind
    name: str
    instance: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


def deviations(
    events: Iterable[Told], instances: Sequence[Instance], model_of: ModelOf
) -> tuple[Deviation, ...]:
    """All deviations of an order, each once, sorted.

    `instances` have their paths. `model_of` gives the model of a process and version, or None: then nothing
    is said about the paths on it.
    """
    is_over = bool(instances) and all(each.state != "running" for each in instances)
    found = set(_of_events(events, is_over=is_over))
    for instance in instances:
        found |= set(_of_path(instance, model_of(instance.process, instance.version)))
    return tuple(sorted(found))


def _of_events(events: Iterable[Told], *, is_over: bool) -> Iterator[Deviation]:
    for event in events:
        kind = _FINAL.get(event.outcome)
        if kind is None and _came_early(event):
            # What still waits when its order has ended will be given up, once a tracker has noticed.
            given_up = is_over and event.outcome == Outcome.WAITING.value
            kind = Kind.UNMATCHED if given_up else Kind.EARLY
        if kind is not None:
            yield Deviation(kind, event.name)


_FINAL = {
    Outcome.DUPLICATE.value: Kind.DUPLICATE,
    Outcome.UNMATCHED.value: Kind.UNMATCHED,
    Outcome.REFUSED.value: Kind.REFUSED,
}


def _came_early(event: Told) -> bool:
    """It was told and nothing waited for it. (One that the engine failed at waits too.)"""
    if event.outcome == Outcome.WAITING.value and not event.failures:
        return True
    return 0 <= event.seen_version < NEVER


def _of_path(instance: Instance, model: Model | None) -> Iterator[Deviation]:
    path = [step.element for step in instance.path]
    if instance.state == "terminated" and instance.caller is None:  # a caller may end what it called
        yield Deviation(Kind.TERMINATED, path[-1] if path else instance.process, instance.id)
    if model is None or not path:
        return
    shape = shape_of(model)
    for element, visits in Counter(path).items():
        most = shape.most_visits(element)
        if most is not None and visits > most:
            yield Deviation(Kind.REPEATED, element, instance.id)
    for element in shape.left_out(path):
        yield Deviation(Kind.SKIPPED, element, instance.id)
