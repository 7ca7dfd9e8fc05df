"""The situations of an order other than that it waits: failed, refused, untold, ended, and what led nowhere.

Each function tells one of them, and yields nothing where it does not hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from trackflow.projection.advice import Advice, Step
from trackflow.projection.conformance import Kind
from trackflow.projection.facts import Facts
from trackflow.projection.waiting import failed, letters_of_waiting, replay
from trackflow.tracking.orders import Event
from trackflow.tracking.tables import Outcome
from trackflow.words import counted, joined, span

_REFUSED_BEFORE = "the engine refused it: "  # the ledger's words before the engine's
_SEVERAL = "several executions wait for it"


def dead_letters(facts: Facts) -> Iterator[Advice]:
    """Services failed at events of it, though it does not wait for what they would emit."""
    told = {letter.content for letter in letters_of_waiting(facts)}
    for letter in facts.letters:
        if letter.content not in told:
            service = letter.queue.removeprefix(f"{facts.order.tenant}.")
            title = f"A dead letter of it lies in {letter.queue}.dead."
            yield Advice("bad", title, (failed(letter, service),), (replay(letter),))


def refused(facts: Facts) -> Iterator[Advice]:
    """The engine said no."""
    for event in facts.of(Outcome.REFUSED):
        said = (event.reason or "").removeprefix(_REFUSED_BEFORE)
        title = (
            f"The engine refused {event.event}: {said.rstrip('.')}."
            if said
            else f"The engine refused {event.event}."
        )
        helps = (
            "End all but one of them in the engine, then retry it."
            if said.startswith(_SEVERAL)
            else "Mend the cause in the model or the engine, then retry it: the engine is told it again."
        )
        retry = Step("retry", f"Retry {event.event}", event_ids=(event.id,))
        yield Advice("bad", title, (helps, *_retried(facts, event)), (retry,))


def silent(facts: Facts) -> Iterator[Advice]:
    """The engine does not answer."""
    if facts.order.engine_error is None:
        return
    since = f" since {facts.ago(facts.engine.since)}" if facts.engine else ""
    asked = facts.last_known.asked_at if facts.last_known else None
    seen = (
        f"What is shown of its place is what the engine said {facts.ago(asked)} ago."
        if asked
        else "Where the order is was not seen yet."
    )
    words = (seen, "Events are recorded meanwhile, and told to it when it is back.")
    is_over = facts.state in ("completed", "terminated")
    yield Advice("info" if is_over else "late", f"The engine is away{since}.", words)


def untold(facts: Facts) -> Iterator[Advice]:
    """Events are recorded, and the engine does not know them."""
    events = facts.of(Outcome.RECEIVED)
    if not events or facts.order.engine_error is not None:
        return
    title = f"{_named(events)} is recorded, and the engine is not told yet."
    since = facts.ago(min(event.received_at for event in events))
    words = [f"It came {since} ago.", *(f"The last try: {event.reason}." for event in events if event.reason)]
    tracker = next(iter(sorted(facts.services.trackers)), None)
    queue = facts.queues.get(tracker or "")
    if tracker and queue is not None and queue.consumers == 0:
        words.append(f"The queue {facts.queue_of(tracker)} has no consumer, so no tracker runs.")
        start = Step("command", "Start a tracker", command=f"celery -A {facts.app} worker -Q {tracker}")
        yield Advice("bad", title, tuple(words), (start,))
        return
    yield Advice(
        "late", title, (*words, "A tracker tells it as soon as the engine answers; nothing is to be done.")
    )


def unstarted(facts: Facts) -> Iterator[Advice]:
    """Events wait for a process that none of them starts."""
    events = facts.of(Outcome.WAITING)
    if facts.state != "waiting" or not events:
        return
    starts = " or ".join(sorted(facts.starts)) or "another event"
    words = [
        f"{_named(events)} came {facts.ago(events[0].received_at)} ago and waits: "
        f"only {starts} starts a process."
    ]
    words += _failures(events)
    came = {event.event for event in facts.events}
    if facts.starts and not came & set(facts.starts):
        words.append(f"As soon as {starts} comes, the order goes on by itself.")
    yield Advice("late", "No process has started.", tuple(words), (_retry(events),))


def twins(facts: Facts) -> Iterator[Advice]:
    """Several instances of it run at once that did not call each other."""
    roots = [each for each in facts.order.instances if each.caller is None]
    running = [each for each in roots if each.state == "running"]
    if len(running) > 1:
        words = "The engine may refuse its next events as ambiguous: end all but one of them in the engine."
        yield Advice(
            "bad",
            f"{len(running)} instances of this order run at once.",
            (words,),
            (Step("cockpit", "Open Cockpit"),),
        )


def ended(facts: Facts) -> Iterator[Advice]:
    """It is over."""
    instance, ended_at = facts.instance, facts.ended_at
    if facts.state == "completed":
        took = f" after {span((ended_at - facts.order.started_at).total_seconds())}" if ended_at else ""
        ago = (f"It ended {facts.ago(ended_at)} ago.",) if ended_at else ()
        yield Advice("good", f"Completed{took}.", ago)
    elif facts.state == "terminated":
        where = instance.path[-1].element if instance and instance.path else None
        at = f" at “{facts.label(where)}”" if where else ""
        when = f" {facts.ago(ended_at)} ago" if ended_at else ""
        words = (
            "Somebody ended it in the engine. Events that come now change nothing.",
            "If that was a mistake, it takes a new order.",
        )
        yield Advice("late", f"Ended from outside{when}{at}.", words, (Step("cockpit", "Open Cockpit"),))


def forgotten(facts: Facts) -> Iterator[Advice]:
    """Its events took effect, and the engine has nothing of it."""
    if facts.state == "unknown" and facts.order.engine_error is None:
        words = (
            "Engines keep ended orders for a while only: the model's time to live.",
            "The events below are what is left.",
        )
        yield Advice("info", "The engine has forgotten this order.", words)


def early(facts: Facts) -> Iterator[Advice]:
    """Events wait until the order gets to them."""
    events = facts.of(Outcome.WAITING)
    if not events or facts.state == "waiting":
        return
    failures = _failures(events)
    words = (
        "It is told again each time the order moves on; nothing is to be done."
        if not failures
        else "It is told again after a while."
    )
    title = f"{_named(events)} came early and waits until the order gets there."
    yield Advice("late" if failures else "info", title, (*failures, words), (_retry(events),))


def left_out(facts: Facts) -> Iterator[Advice]:
    """Somebody moved it about in the engine."""
    words = "The model has no such way: somebody moved the order in the engine."
    for kind, verb in ((Kind.SKIPPED, "Left out"), (Kind.REPEATED, "Done again")):
        elements = [facts.label(each.name) for each in facts.deviations if each.kind is kind]
        if elements:
            yield Advice("info", f"{verb}: {joined(elements)}.", (words,))


def without_effect(facts: Facts) -> Iterator[Advice]:
    """Events that changed nothing, for good."""
    for name, number in Counter(event.event for event in facts.of(Outcome.DUPLICATE)).items():
        again = f"A second {name}" if number == 1 else f"{number} more {name}"
        yield Advice("info", f"{again} came and was left out: the first one counts.")
    for name, number in Counter(event.event for event in facts.of(Outcome.UNMATCHED)).items():
        times = "" if number == 1 else f" {number} times"
        yield Advice("info", f"{name} came{times} after the end and changed nothing.")


SITUATIONS: Sequence[Callable[[Facts], Iterator[Advice]]] = (
    dead_letters,
    refused,
    untold,
    unstarted,
    twins,
    ended,
    silent,
    forgotten,
    early,
    left_out,
    without_effect,
)


def _named(events: Sequence[Event]) -> str:
    names = list(dict.fromkeys(event.event for event in events))
    return names[0] if len(names) == 1 else counted(len(events), "event")


def _retry(events: Sequence[Event]) -> Step:
    return Step("retry", f"Tell {_named(events)} again now", event_ids=tuple(event.id for event in events))


def _failures(events: Sequence[Event]) -> list[str]:
    return [
        f"The engine failed at {event.event} {counted(event.failures, 'time')}: "
        f"{(event.reason or '').rstrip('.')}."
        for event in events
        if event.failures
    ]


def _retried(facts: Facts, event: Event) -> Iterator[str]:
    """Who tried that already."""
    acts = [act for act in facts.acts if act.action == "retry" and act.entry.event_id == event.id]
    if acts:
        yield f"{acts[-1].who} retried it {facts.ago(acts[-1].at)} ago."
