"""One order's story: what to do next, what happened when, who caused what, and where it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from trackflow.projection.advice import TONES, Advice
from trackflow.projection.facts import Facts
from trackflow.projection.path_marks import path_marks
from trackflow.projection.sequence import SequenceDiagram, sequence
from trackflow.projection.situations import SITUATIONS
from trackflow.projection.timeline import Row, Scale, rows
from trackflow.projection.waiting import waiting

_DRAWN = 60  # events that a sequence diagram shows at most: it is to be looked at


@dataclass(frozen=True, slots=True)
class Story:
    """Told of the facts.

    Attributes:
        advice: the worst first; never empty.
        rows: when what happened, of the events of one page.
        scale: of their bars.
        sequence: of the same events, of many only the first.
        marks: of the diagram.
    """

    facts: Facts
    advice: tuple[Advice, ...]
    rows: tuple[Row, ...]
    scale: Scale
    sequence: SequenceDiagram
    marks: Mapping[str, Any]


def story(facts: Facts, start: int = 0, most: int | None = None) -> Story:
    """The story; of its events `most` from the place `start` on, or all."""
    every = rows(facts.events, facts.services)
    shown = every[start : None if most is None else start + most]
    is_last = len(shown) <= _DRAWN and start + len(shown) == len(every)
    return Story(
        facts=facts,
        advice=advice(facts),
        rows=shown,
        scale=Scale(shown),
        sequence=sequence(shown[:_DRAWN], facts.services, facts.awaiting if is_last else ()),
        marks=_marks(facts),
    )


def advice(facts: Facts) -> tuple[Advice, ...]:
    """All that is to be said of an order, the worst first."""
    found = [*waiting(facts), *(each for situation in SITUATIONS for each in situation(facts))]
    return tuple(sorted(found, key=lambda each: TONES.index(each.tone))) or (
        Advice("info", f"It is {facts.state}."),
    )


def _marks(facts: Facts) -> dict[str, Any]:
    at: Collection[str] = [place.element for place in facts.places]
    late = [place.element for place in facts.places if place.late]
    return path_marks(facts.model, facts.instance, facts.events, facts.deviations, at, late)
