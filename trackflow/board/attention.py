"""What needs somebody, and whether orders flow: said in words, out of what is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlencode

from trackflow.board.health import QueueHealth, Report
from trackflow.projection.overview import Overview, ProcessNow
from trackflow.upkeep.groups import Group
from trackflow.words import counted

Level = Literal["stuck", "failed", "late", "flows", "quiet", "empty", "unknown"]

_PATIENCE = 60  # seconds that an event may wait for the one that starts its order, before anybody should look
_MOST_GROUPS = 3  # of dead letters, told one by one
_EFFECTS = {
    "broker": "No event is delivered until it is back; none is lost.",
    "engine": "Events are kept in the ledger, and told to it when it is back.",
    "ledger": "Events wait in their queues until it is back.",
}


@dataclass(frozen=True, slots=True)
class Need:
    """Something that somebody should look at.

    Attributes:
        level: "stuck": orders do not go on until somebody acts; "failed": some failed; "late": some wait.
        words: what is wrong, one sentence.
        advice: what follows, or what to do; None if the link says it all.
        command: that mends it, to be typed.
        href: where on the board it is seen, and mended.
        since: when it began, where that is known (UTC).
    """

    level: Literal["stuck", "failed", "late"]
    words: str
    advice: str | None = None
    command: str | None = None
    href: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The first line of the overview: `level` in words, then the figures, if they are known."""

    level: Level
    words: str
    figures: str | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """How the parts of a project are called.

    Attributes:
        app: as `celery -A` takes it.
        processes: names of the models' processes, by id.
        elements: names of the models' elements, by process and id.
    """

    app: str
    processes: Mapping[str, str]
    elements: Mapping[tuple[str, str], str]

    def process(self, identity: str) -> str:
        """Of a process; its id if it has no name."""
        return self.processes.get(identity, identity)

    def element(self, process: str, identity: str) -> str:
        """Of an element; its id if it has no name."""
        return self.elements.get((process, identity), identity)


def needs(overview: Overview | None, report: Report, groups: Sequence[Group], names: Names) -> list[Need]:
    """What needs somebody, the worst first. `overview` is None while the ledger was never reached."""
    found = [*_parts(report), *_queues(report, names), *_letters(report, groups)]
    if overview is not None:
        for process in overview.processes:
            found += _refused(process, names)
            found += _late(process, names)
        found += _unstarted(overview)
    return sorted(found, key=lambda need: ("stuck", "failed", "late").index(need.level))


def verdict(overview: Overview | None, found: Sequence[Need]) -> Verdict:
    """Whether orders flow, given what needs somebody."""
    worst = found[0] if found else None
    figures = None if overview is None or not overview.orders else _figures(overview)
    if worst is not None and worst.level == "stuck":
        return Verdict("stuck", f"Something is stuck: {_lowered(worst.words)}", figures)
    if overview is None:
        return Verdict("unknown", "Nothing is known yet: the ledger has not answered.")
    if not overview.orders and worst is None:
        return Verdict("empty", "No order has come yet.")
    if worst is not None:
        return Verdict(worst.level, f"Orders flow, but {_lowered(worst.words)}", figures)
    if not overview.running:
        return Verdict("quiet", "All is done: no order runs now.", figures)
    return Verdict("flows", "Orders flow.", figures)


def _figures(overview: Overview) -> str:
    *_, before, now = overview.ended
    return f"{overview.running:,} running, {now:,} finished this hour, {before:,} in the hour before."


def _parts(report: Report) -> Iterator[Need]:
    # The ledger first: an embedded engine is away because it is.
    for part in sorted(report.away, key=lambda part: part.name != "ledger"):
        effect = _EFFECTS.get(part.name)
        advice = f"{effect} It says: {part.words}" if effect else part.words
        yield Need("stuck", f"The {part.name} is away.", advice, since=part.since)
    if report.projection.state == "behind":
        yield Need("late", "The figures lag behind.", report.projection.words, since=report.projection.since)


def _queues(report: Report, names: Names) -> Iterator[Need]:
    for queue in report.troubled_queues:
        if queue.consumers == 0:
            yield _unattended(queue, names)
        else:
            yield Need("stuck", queue.problem or "", since=queue.since)


def _unattended(queue: QueueHealth, names: Names) -> Need:
    waiting = f": {counted(queue.messages, 'event')} wait in it" if queue.messages else ""
    return Need(
        "stuck" if queue.messages else "late",
        f"The queue {queue.name} has no consumer{waiting}.",
        "Start it a worker:",
        command=f"celery -A {names.app} worker -Q {queue.task}",
        since=queue.since,
    )


def _letters(report: Report, groups: Sequence[Group]) -> Iterator[Need]:
    if not groups:  # their reasons are not read yet, or there is no broker that could be asked for them
        for queue in report.queues:
            if queue.dead:
                yield Need(
                    "failed", f"{counted(queue.dead, 'event')} failed in {queue.name}.", href="/failures"
                )
    for group in groups[:_MOST_GROUPS]:
        why = ": ".join(word for word in (group.error, group.message) if word) or None
        words = f"{counted(group.count, 'event')} failed in {group.queue}."
        yield Need("failed", words, why, href="/failures", since=group.oldest)
    if rest := sum(group.count for group in groups[_MOST_GROUPS:]):
        yield Need("failed", f"{counted(rest, 'event')} failed of other causes.", href="/failures")


def _refused(process: ProcessNow, names: Names) -> Iterator[Need]:
    if process.refused:
        noun = "has an event" if process.refused == 1 else "have events"
        yield Need(
            "failed",
            f"{counted(process.refused, 'order')} of {names.process(process.process)} {noun} "
            "that the engine refused.",
            href=orders(process=process.process, outcome="refused"),
        )


def _late(process: ProcessNow, names: Names) -> Iterator[Need]:
    for element, number in sorted(process.late_places.items(), key=lambda place: -place[1]):
        waits = "waits" if number == 1 else "wait"
        yield Need(
            "late",
            f"{counted(number, 'order')} of {names.process(process.process)} {waits} too long "
            f"at “{names.element(process.process, element)}”.",
            href=orders(process=process.process, element=element, late="true"),
        )


def _unstarted(overview: Overview) -> Iterator[Need]:
    without = overview.without_process
    if without.refused:
        noun = "order has" if without.refused == 1 else "orders have"
        words = f"{without.refused:,} {noun} not begun: the engine refused their first event."
        yield Need("failed", words, href=orders(state="refused"))
    oldest = without.oldest
    if oldest is not None and overview.taken_at - oldest.started_at > _PATIENCE:
        number = without.states["waiting"]
        noun = "order waits" if number == 1 else "orders wait"
        yield Need(
            "late",
            f"{number:,} {noun} for an event that starts a process.",
            href=orders(state="waiting"),
            since=datetime.fromtimestamp(oldest.started_at, UTC),
        )


def orders(**filters: str) -> str:
    """Where the orders that a filter chooses are listed."""
    return f"/orders?{urlencode(filters)}"


def _lowered(sentence: str) -> str:
    """As it stands after a colon."""
    return sentence[:1].lower() + sentence[1:]
