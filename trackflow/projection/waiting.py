"""An order that waits: for what, since when, whether that is usual, and why it goes on no further."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trackflow.projection.advice import Advice, Step, Tone
from trackflow.projection.facts import Facts
from trackflow.projection.last_known import Place
from trackflow.upkeep.letter import Letter
from trackflow.words import counted, span


def waiting(facts: Facts) -> Iterator[Advice]:
    """What to know of a running order that waits."""
    if facts.state != "running":
        return
    place = next(iter(facts.places), None)
    if not facts.awaiting:
        yield from (_elsewhere(facts, place) for place in facts.places)
        return
    title = f"Waiting for {_listed(facts.awaiting, facts)}"
    is_long, usual = _compared(facts, place)
    blamed = list(_blamed(facts, is_long=is_long))
    tones: list[Tone] = [tone for tone, _, _ in blamed]
    tone: Tone = "bad" if "bad" in tones else "late" if is_long or "late" in tones else "info"
    yield Advice(
        tone,
        f"{title} since {facts.ago(place.since)}." if place else f"{title}.",
        (*usual, *(sentence for _, sentence, _ in blamed)),
        tuple(step for _, _, steps in blamed for step in steps),
    )


def letters_of_waiting(facts: Facts) -> list[Letter]:
    """The dead letters for want of which the order waits: `waiting` tells of them."""
    if facts.state != "running":
        return []
    blamed = {name for event in facts.awaiting if (name := _emitter(facts, event))}
    return [letter for letter in facts.letters if letter.queue in map(facts.queue_of, blamed)]


def replay(letter: Letter) -> Step:
    """To put a dead letter back into its queue."""
    return Step("replay", f"Replay {letter.event or 'it'}", letter=letter)


def _elsewhere(facts: Facts, place: Place) -> Advice:
    """At an element that waits for no event."""
    is_long, usual = _compared(facts, place)
    title = f"At “{facts.label(place.element)}” since {facts.ago(place.since)}."
    return Advice(
        "late" if is_long else "info",
        title,
        (*usual, "It waits for no event: a timer or a person moves it on."),
    )


def _listed(events: Sequence[str], facts: Facts) -> str:
    """Several at one place exclude each other; at several places all of them are awaited."""
    word = "or" if len(facts.places) == 1 else "and"
    return events[0] if len(events) == 1 else f"{', '.join(events[:-1])} {word} {events[-1]}"


def _compared(facts: Facts, place: Place | None) -> tuple[bool, list[str]]:
    """Whether the order is longer at a place than it should, and what others do there."""
    if place is None:
        return False, []
    waits = (facts.now - place.since).total_seconds()
    usual = facts.usual.get(place.element)
    words = [] if usual is None else [f"95 % of orders wait less than {span(usual)}."]
    if place.late and place.limit is not None:
        words.append(f"Its limit of {span(place.limit)} has passed.")
    return place.late or (usual is not None and waits > usual), words


def _emitter(facts: Facts, event: str) -> str | None:
    last = facts.events[-1].event if facts.events else None
    return facts.services.emitter(event, last)


def _blamed(facts: Facts, *, is_long: bool) -> Iterator[tuple[Tone, str, Sequence[Step]]]:
    """Why each awaited event has not come: how bad that is, a sentence, and what to do."""
    if facts.broker is not None:
        away = facts.ago(facts.broker.since)
        yield (
            "late",
            f"The broker is away since {away}: no event is delivered until it is back; none is lost.",
            (),
        )
    for event in facts.awaiting:
        service = _emitter(facts, event)
        if service is not None:
            yield from _of_service(facts, service, is_long=is_long)
        elif is_long:
            yield "late", f"No service of this project emits {event}: it comes from outside.", ()


def _of_service(facts: Facts, service: str, *, is_long: bool) -> Iterator[tuple[Tone, str, Sequence[Step]]]:
    name, queue = facts.queue_of(service), facts.queues.get(service)
    letters = [letter for letter in facts.letters if letter.queue == name]
    for letter in letters:
        yield "bad", failed(letter, service), [replay(letter)]
    if queue is not None and queue.consumers == 0:
        start = Step("command", f"Start {service}", command=f"celery -A {facts.app} worker -Q {service}")
        yield "bad", f"The queue {name} has no consumer.", [start]
    elif queue is not None and queue.messages and is_long:
        yield "late", f"{counted(queue.messages, 'event')} in the queue {name} wait to be taken up.", ()
    elif is_long and not letters:
        yield "late", _at_work(facts, service), ()


def _at_work(facts: Facts, service: str) -> str:
    *steps, last = map(str, facts.services.ladder(service) or ("",))
    ladder = f"{', '.join(steps)} or {last}" if steps else last
    again = f"waits to try it again (after {ladder} s)" if ladder else "gets it again"
    return f"{service} works on it, {again}, or went on without emitting anything: its log says which."


def failed(letter: Letter, service: str) -> str:
    """What happened to a dead letter."""
    said = ": ".join(each for each in (letter.error, letter.message) if each) or letter.reason
    tries = f" {letter.attempts} times" if (letter.attempts or 0) > 1 else ""
    event = letter.event or "an event"
    return f"{service} failed{tries} at {event}: {said.rstrip('.')}. It lies in {letter.queue}.dead."
