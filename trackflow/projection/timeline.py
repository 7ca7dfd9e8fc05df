"""When what happened to an order: for each event its time in the queue, in work, and until the engine knew.

    cause published ──queue──► its service took it up ──work──► event published ──engine──► the engine knew

Each time is by the clock of whoever wrote it down: what seems to end before it began took no time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from trackflow.projection.services import Services
from trackflow.tracking.orders import Event

WIDTH = 1000.0  # of the whole scale
_LONG = 1.5  # a pause in which nothing happens is cut if it is longer than so many times all that happened
_CUT = 0.12  # and is shown as so much of that
_LEAST = 0.001  # seconds that everything together takes at least


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one moment to another."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """How long it took."""
        return max(0.0, (self.end - self.start).total_seconds())


@dataclass(frozen=True, slots=True)
class Row:
    """One event.

    Attributes:
        event: the event.
        service: that emitted it; None: somebody outside.
        queue: its cause waited for that service. None: that is not known, or it has no cause.
        work: the service worked on the cause.
        engine: from its publishing until it took effect in the engine.
        at: when it came into the world: published or, if its publisher did not say, recorded.
    """

    event: Event
    service: str | None
    queue: Stretch | None
    work: Stretch | None
    engine: Stretch | None
    at: datetime

    @property
    def stretches(self) -> list[tuple[str, Stretch]]:
        """Those that are known, with their names."""
        named = (("queue", self.queue), ("work", self.work), ("engine", self.engine))
        return [(name, stretch) for name, stretch in named if stretch is not None]


def rows(events: Sequence[Event], services: Services) -> tuple[Row, ...]:
    """A row for each event, in their order."""
    by_id = {event.id: event for event in events}
    return tuple(_row(event, by_id.get(event.cause or ""), services) for event in events)


def _row(event: Event, cause: Event | None, services: Services) -> Row:
    at = event.published_at or event.received_at
    waited_from = None if cause is None else cause.published_at or cause.received_at
    service = services.emitter(event.event, None if cause is None else cause.event)
    return Row(
        event=event,
        service=None if event.cause is None else service,
        queue=_stretch(waited_from, event.taken_at),
        work=_stretch(event.taken_at, event.published_at),
        engine=_stretch(at, event.correlated_at),
        at=at,
    )


def _stretch(start: datetime | None, end: datetime | None) -> Stretch | None:
    return Stretch(start, max(start, end)) if start is not None and end is not None else None


@dataclass(frozen=True, slots=True)
class Cut:
    """A pause that is not drawn at its length: where, and how long it was."""

    x: float
    seconds: float


class Scale:
    """From moments to places between 0 and WIDTH; long pauses are cut, or nobody would see what happened."""

    def __init__(self, shown: Iterable[Row]) -> None:
        busy = _merged(shown)
        happened = max(_LEAST, sum(end - start for start, end in busy))
        self._points: list[tuple[float, float]] = []  # moment, place before it is stretched to WIDTH
        cuts: list[Cut] = []
        place, before = 0.0, busy[0][0] if busy else 0.0
        for start, end in busy:
            pause = start - before
            is_long = pause > _LONG * happened
            length = _CUT * happened if is_long else pause
            if is_long:
                cuts.append(Cut(place + length / 2, pause))
            self._points += [(start, place + length), (end, place + length + end - start)]
            place, before = place + length + end - start, end
        self._unit = WIDTH / max(place, _LEAST)
        self.cuts = tuple(Cut(cut.x * self._unit, cut.seconds) for cut in cuts)

    def at(self, moment: datetime) -> float:
        """The place of a moment."""
        seconds = moment.timestamp()
        before = (0.0, 0.0)
        for point in self._points:
            if seconds <= point[0]:
                share = (seconds - before[0]) / (point[0] - before[0]) if point[0] > before[0] else 1.0
                return (before[1] + share * (point[1] - before[1])) * self._unit
            before = point
        return before[1] * self._unit


def _merged(shown: Iterable[Row]) -> list[tuple[float, float]]:
    """The stretches of time in which something happened, in order, without overlaps."""
    busy: list[tuple[float, float]] = []
    shown = tuple(shown)
    found = [(row.at.timestamp(), row.at.timestamp()) for row in shown]
    found += [(each.start.timestamp(), each.end.timestamp()) for row in shown for _, each in row.stretches]
    for start, end in sorted(found):
        if busy and start <= busy[-1][1]:
            busy[-1] = (busy[-1][0], max(busy[-1][1], end))
        else:
            busy.append((start, end))
    return busy
