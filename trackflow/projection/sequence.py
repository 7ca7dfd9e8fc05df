"""An order's sequence diagram, drawn from the causes: who published what, who heard it, who went on with it.

A lifeline stands for the world outside, for each service that takes part, and for the tracker. An event is
one line from whoever published it, with a head at everybody who heard it: that is what publishing means. Only
geometry and words: the board draws it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from trackflow.projection.services import Services
from trackflow.projection.timeline import Row
from trackflow.words import joined, span

OUTSIDE, TRACKER = "outside", "tracker"
AWAITED = "awaited"  # in place of an outcome
LEFT = 88  # pixels before the first lifeline, for the times
APART = 124  # pixels between two lifelines
HEAD = 56  # pixels above the first event
STEP = 46  # pixels between two events
HALF = 60  # pixels of half a lifeline's head, and a little


@dataclass(frozen=True, slots=True)
class Lifeline:
    """One participant."""

    name: str
    kind: str  # "outside", "service", "tracker"
    x: int


@dataclass(frozen=True, slots=True)
class Arrow:
    """One event: from whoever published it to everybody who heard it.

    Attributes:
        name: of the event.
        outcome: what the tracker did with it, or AWAITED.
        y: of its line.
        start: x of whoever published it.
        heads: x of everybody who heard it.
        later: how long after the event before, in words; empty for the first.
    """

    name: str
    outcome: str
    y: int
    start: int
    heads: tuple[int, ...]
    later: str

    @property
    def left(self) -> int:
        """Where its line begins."""
        return min(self.start, *self.heads) if self.heads else self.start

    @property
    def right(self) -> int:
        """Where its line ends."""
        return max(self.start, *self.heads) if self.heads else self.start


@dataclass(frozen=True, slots=True)
class Activity:
    """A service at work: from the event that it heard to the one that it published."""

    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class SequenceDiagram:
    """The drawing. `words` say the same, one sentence an event."""

    lifelines: tuple[Lifeline, ...]
    arrows: tuple[Arrow, ...]
    activities: tuple[Activity, ...]
    words: tuple[str, ...]
    width: int
    height: int


def sequence(rows: Sequence[Row], services: Services, awaited: Sequence[str] = ()) -> SequenceDiagram:
    """The drawing of some events in their order, and below them of those that are awaited."""
    coming = [(event, services.emitter(event, rows[-1].event.event if rows else None)) for event in awaited]
    lifelines = _lifelines(rows, services, [service for _, service in coming])
    x = {each.name: each.x for each in lifelines}
    arrows = (*_arrows(rows, services, x), *_awaited(coming, len(rows), x))
    return SequenceDiagram(
        lifelines=lifelines,
        arrows=arrows,
        activities=tuple(_activities(rows, arrows)),
        words=(*_words(rows, services), *(f"{event} is awaited." for event in awaited)),
        width=LEFT + APART * (len(lifelines) - 1) + 2 * HALF,
        height=HEAD + STEP * len(arrows) + 8,
    )


def _lifelines(rows: Sequence[Row], services: Services, coming: Sequence[str | None]) -> tuple[Lifeline, ...]:
    taking_part = {row.service for row in rows} | set(coming)
    for row in rows:
        taking_part.update(services.listeners(row.event.event))
    named = [each.name for each in services.choreography.subscriptions if each.name in taking_part]
    named += sorted(name for name in taking_part if name and name not in named)
    participants = [
        *([(OUTSIDE, OUTSIDE)] if None in taking_part else []),
        *((each, "service") for each in named),
    ]
    participants.append((TRACKER, TRACKER))
    return tuple(
        Lifeline(name, kind, LEFT + HALF + APART * place) for place, (name, kind) in enumerate(participants)
    )


def _arrows(rows: Sequence[Row], services: Services, x: dict[str, int]) -> Iterator[Arrow]:
    before: datetime | None = None
    for place, row in enumerate(rows):
        heads = (x[name] for name in [*services.listeners(row.event.event), TRACKER])
        yield Arrow(
            name=row.event.event,
            outcome=row.event.outcome,
            y=HEAD + STEP * place + STEP // 2,
            start=x[row.service or OUTSIDE],
            heads=tuple(heads),
            later="" if before is None else f"+{span(max(0.0, (row.at - before).total_seconds()))}",
        )
        before = row.at


def _awaited(coming: Sequence[tuple[str, str | None]], first: int, x: dict[str, int]) -> Iterator[Arrow]:
    for number, (event, service) in enumerate(coming, start=first):
        y = HEAD + STEP * number + STEP // 2
        yield Arrow(event, AWAITED, y, x[service or OUTSIDE], (x[TRACKER],), "")


def _activities(rows: Sequence[Row], arrows: Sequence[Arrow]) -> Iterator[Activity]:
    drawn = list(zip(rows, arrows, strict=False))  # behind them come those that are awaited
    y_of = {row.event.id: arrow.y for row, arrow in drawn}
    for row, arrow in drawn:
        begun = y_of.get(row.event.cause or "")
        if row.service is not None and begun is not None and begun < arrow.y:
            yield Activity(arrow.start, begun, arrow.y - begun)


def _words(rows: Sequence[Row], services: Services) -> Iterator[str]:
    before: datetime | None = None
    for row in rows:
        who = row.service or "Somebody outside"
        later = "" if before is None else f" {span(max(0.0, (row.at - before).total_seconds()))} later"
        heard = joined([*services.listeners(row.event.event), "the tracker"])
        yield f"{who} published {row.event.event}{later}, heard by {heard}: {row.event.outcome}."
        before = row.at
