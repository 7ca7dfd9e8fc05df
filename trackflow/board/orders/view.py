"""What the page of orders shows: rows, and what its filters can be set to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from trackflow.board.context import Board
from trackflow.board.process.processes import known_processes, model_of, modelled
from trackflow.board.process.words import Elements
from trackflow.errors import LedgerError
from trackflow.projection.filters import Filter
from trackflow.projection.listed import Listed
from trackflow.projection.parameters import OUTCOMES, STATES

# Of an order's events, in words and by how much they ask of somebody.
_MARKS = {
    "refused": ("{} refused", "bad"),
    "waiting": ("{} early", "late"),
    "received": ("{} to be told", "accent"),
    "duplicate": ("{} duplicate", "neutral"),
    "unmatched": ("{} after the end", "late"),
}
_WORDS = {
    "refused": "refused by the engine",
    "waiting": "early: nothing awaits it yet",
    "received": "not told to the engine yet",
    "duplicate": "a second start",
    "unmatched": "after the order's end",
}

Option = tuple[str, str]  # value and words


@dataclass(frozen=True, slots=True)
class At:
    """An element that an order is at, by its name."""

    name: str
    since: float
    late: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One order; `marks` are words with the tone of their chip."""

    order: Listed
    places: Sequence[At]
    marks: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Choices:
    """What a filter can be set to, as this project has it."""

    states: Sequence[str]
    outcomes: Sequence[Option]
    events: Sequence[Option]
    elements: Sequence[Option]
    processes: Sequence[Option]


def rows(board: Board, orders: Iterable[Listed]) -> list[Row]:
    """The rows of a page."""
    return [_row(board, order) for order in orders]


def choices(board: Board, wanted: Filter) -> Choices:
    """All that there are, and what is wanted already even if nobody knows it."""
    models = modelled(board)
    events = dict.fromkeys((*board.trackflow.choreography.events, *_messages(board)))
    elements = [
        (element.id, Elements(model).element(element.id))
        for model in models.values()
        for element in model.elements.values()
        if Elements(model).is_waiting(element.id)
    ]
    return Choices(
        states=STATES,
        outcomes=[(outcome, _WORDS[outcome]) for outcome in OUTCOMES],
        events=_and([(event, event) for event in events], wanted.last_event, wanted.awaits),
        elements=_and(elements, wanted.element),
        processes=_and(_processes(board), wanted.process),
    )


def _row(board: Board, order: Listed) -> Row:
    elements = Elements(model_of(board, order.process, order.version) if order.process else None)
    return Row(
        order=order,
        places=[At(elements.element(each.element), each.since, each.late) for each in order.places],
        marks=list(_marks(order)),
    )


def _marks(order: Listed) -> Iterator[tuple[str, str]]:
    for outcome, (words, tone) in _MARKS.items():
        if number := order.counts[outcome]:
            yield words.format(f"{number:,}"), tone
    if order.deviates:
        yield "deviates", "neutral"


def _messages(board: Board) -> list[str]:
    return sorted(frozenset[str]().union(*(model.messages for model in modelled(board).values())))


def _processes(board: Board) -> list[Option]:
    try:
        return [(each.id, each.name) for each in known_processes(board)]
    except LedgerError:
        return [(model.process, model.name or model.process) for model in modelled(board).values()]


def _and(options: Sequence[Option], *values: str | None) -> list[Option]:
    known = {option for option, _ in options}
    return [*options, *((value, value) for value in dict.fromkeys(values) if value and value not in known)]
