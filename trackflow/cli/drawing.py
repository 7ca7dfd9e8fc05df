"""One order's story: its events as stations on a line, a table of them, and what people did about them.

●─── 12 ms ────●─── 8 ms ─────○
Order_Placed   Payment_Done   Goods_Fetched
                              awaited
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from trackflow.cli.console import table
from trackflow.tracking.audit import ON_INSTANCES, Act
from trackflow.tracking.orders import Event, Order
from trackflow.words import joined, span

# Of an event that moved the order, one that it waits for, and the end.
_PASSED, _AWAITED, _ENDED = "●", "○", "◉"
_ENDS = {"completed": "bold green", "terminated": "bold red"}
_GAP = 2  # columns between two labels
_OUTCOME_STYLES = {
    "correlated": "green",
    "received": "yellow",
    "waiting": "yellow",
    "duplicate": "dim",
    "unmatched": "red",
    "refused": "red",
}
_POSITIONS = {
    "waiting": "Its events wait: no process has started with any of them.",
    "refused": "No process has started: the engine refused its events.",
    "unknown": "Where it is is unknown: the engine has forgotten it.",
}


class Station(NamedTuple):
    """One point of the line."""

    sign: str
    label: str
    note: str  # below the label
    style: str
    later: str  # how long after the station before


def story(order: Order, width: int, acts: Sequence[Act] = ()) -> RenderableType:
    """The whole story, for a person."""
    parts: list[RenderableType] = [*_title(order), Text()]
    stations = list(_stations(order))
    if stations:
        parts += [*_line(stations, width), Text()]
    parts.append(_events(order.events or ()))
    if acts:
        parts += [Text(), _acts(acts, order.events or ())]
    return Group(*parts)


def position(order: Order) -> str:
    """Where the order is and what it waits for, in words."""
    if order.engine_error:
        return f"Where it is is unknown: {order.engine_error}"
    timer = order.next_timer
    waits = [f"for {joined(order.awaiting)}"] if order.awaiting else []
    waits += [f"until {_moment(timer.due)} ({timer.element})"] if timer else []
    if waits:
        return f"It waits {', or '.join(waits)}."
    return _POSITIONS.get(order.state, f"It is {order.state}.")


def _title(order: Order) -> Iterator[Text]:
    yield Text.assemble((order.business_key, "bold"), (f" ({order.tenant})", "dim"))
    yield Text(position(order))
    for timer in order.timers:
        if timer.trouble is not None:
            due = f"due {_moment(timer.due)}"
            yield Text(f"Its timer {timer.element}, {due}, cannot fire: {timer.trouble}", "red")
    if order.instance_id:
        yield Text(f"Instance {order.instance_id}", "dim")
    for each in order.instances:
        if each.caller is not None:
            waits = f", waits for {joined(each.awaiting)}" if each.awaiting else ""
            yield Text(f"It called {each.process}: {each.state}{waits}", "dim")


def _moment(time: datetime) -> str:
    return f"{time.astimezone():%Y-%m-%d %H:%M:%S}"


def _stations(order: Order) -> Iterator[Station]:
    before: datetime | None = None
    for event in _in_order(order.events or ()):
        at = _time(event)
        yield Station(_PASSED, event.event, "", "green", _later(before, at))
        before = at
    for name in order.awaiting:
        yield Station(_AWAITED, name, "awaited", "yellow", "")
    if order.state in _ENDS:
        yield Station(_ENDED, order.state, "", _ENDS[order.state], "")


def _in_order(events: Sequence[Event]) -> list[Event]:
    """The events that moved the order, as they did."""
    moved = [event for event in events if event.outcome == "correlated" and event.correlated_at]
    return sorted(moved, key=lambda event: event.correlated_at or event.received_at)


def _time(event: Event) -> datetime:
    """When it happened: its publisher's word, if there is one."""
    return event.published_at or event.received_at


def _later(before: datetime | None, at: datetime) -> str:
    return "" if before is None else span(max(0.0, (at - before).total_seconds()))


def _line(stations: Sequence[Station], width: int) -> Iterator[Text]:
    """The stations on as many lines as the width asks for: signs, labels, and notes if there are any."""
    for row in _rows(stations, width):
        signs, labels, notes = Text(no_wrap=True), Text(no_wrap=True), Text(no_wrap=True)
        for station, following, size in row:
            signs.append(station.sign, station.style)
            signs.append(_track(following, size - 1), "dim")
            labels.append(_padded(station.label, size), station.style)
            notes.append(_padded(station.note, size), "dim")
        for text in (signs, labels, notes):
            text.rstrip()
            if text:
                yield text


def _rows(stations: Sequence[Station], width: int) -> Iterator[list[tuple[Station, Station | None, int]]]:
    """Each station with the one after it and its columns, split where a terminal line is full."""
    row: list[tuple[Station, Station | None, int]] = []
    used = 0
    for station, following in zip(stations, [*stations[1:], None], strict=True):
        size = _columns(station, following)
        if row and used + size > width:
            yield row
            row, used = [], 0
        row.append((station, following, size))
        used += size
    yield row


def _columns(station: Station, following: Station | None) -> int:
    texts = max(cell_len(station.label), cell_len(station.note)) + _GAP
    return max(texts, cell_len(following.later) + 7) if following else texts


def _track(following: Station | None, size: int) -> str:
    """The line to the next station, with the time that it took in its middle."""
    if following is None:
        return ""
    words = f" {following.later} " if following.later else ""
    left = (size - cell_len(words)) // 2
    line = "╌" if following.sign == _AWAITED else "─"
    return line * left + words + line * (size - left - cell_len(words))


def _padded(text: str, size: int) -> str:
    return text + " " * (size - cell_len(text))


def _events(events: Sequence[Event]) -> Table:
    with_reasons = any(event.reason for event in events)
    rows = table("event", "outcome", "when", "after", *(["reason"] if with_reasons else []), wraps="reason")
    before: datetime | None = None
    for event in events:
        at = _time(event)
        when = _moment(at)
        outcome = Text(event.outcome, _OUTCOME_STYLES.get(event.outcome, ""))
        if event.deliveries > 1:
            outcome.append(f" ×{event.deliveries}", "dim")
        reason = [event.reason or ""] if with_reasons else []
        rows.add_row(event.event, outcome, when, _later(before, at), *reason)
        before = at
    return rows


def _acts(acts: Sequence[Act], events: Sequence[Event]) -> Table:
    names = {event.id: event.event for event in events}
    rows = table("done", "to", "in", "when", "by", "why", wraps="why")
    for act in acts:
        identity, queue = act.entry.event_id, act.entry.queue
        name = names.get(identity, identity)  # an event that became a dead letter may not be in the ledger
        place = queue or "ledger"
        if act.action in ON_INSTANCES:
            name, place = act.entry.reason or identity, "engine"
        rows.add_row(act.action, name, place, _moment(act.at), act.who, act.why or "")
    return rows
