"""Orders as a month of business leaves them: when each event came, and what became of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from bench.system import EVENTS
from trackflow.tracking.open_event import HAD_ENDED, NOT_YET
from trackflow.tracking.tables import Outcome

DAYS = 30
_SEED = 6
_NAMES = tuple(EVENTS)
# Seconds from one event to the next: the median, and how far the slow ones are from it (log-normal).
_STEPS = ((20, 0.6), (90, 0.8), (600, 0.7), (60, 0.5))
_IN_QUEUE, _IN_TRACKER = 0.02, 0.008  # seconds, the median


class Kind(NamedTuple):
    """What becomes of some of the orders."""

    share: float
    told: int  # so many events of the choreography take effect, one after the other; then it is silent
    others: tuple[tuple[str, Outcome, str], ...] = ()  # what comes besides


_REFUSED = "the engine refused it: '${amount > 100}', character 3: there is no variable 'amount'"
KINDS = (
    Kind(0.9800, 4),
    Kind(0.0040, 4, (("Order_Placed", Outcome.DUPLICATE, "a second Order_Placed; the first was {first}"),)),
    Kind(0.0030, 4, (("Goods_Shipped", Outcome.UNMATCHED, HAD_ENDED),)),
    Kind(0.0030, 1),
    Kind(0.0040, 2),
    Kind(0.0030, 3),
    Kind(0.0010, 1, (("Goods_Fetched", Outcome.WAITING, NOT_YET),)),
    Kind(0.0005, 0, (("Payment_Done", Outcome.WAITING, NOT_YET),)),
    Kind(0.0005, 0, (("Order_Placed", Outcome.REFUSED, _REFUSED),)),
    Kind(0.0010, 2, (("Goods_Shipped", Outcome.REFUSED, _REFUSED),)),
)


class Event(NamedTuple):
    """One event. Times are epoch seconds."""

    id: str
    name: str
    cause: str | None
    outcome: Outcome
    reason: str | None
    published: float
    taken: float | None  # the service that emitted it took up its cause
    received: float
    correlated: float | None


class Order(NamedTuple):
    """One order, with its events in the order of arrival."""

    key: str
    events: list[Event]
    payload: dict[str, object]


def orders(count: int, now: float) -> Iterator[Order]:
    """So many orders, placed evenly over the days until now; always the same but for the time."""
    chance = random.Random(_SEED)
    shares = list(accumulate(kind.share for kind in KINDS))
    between = DAYS * 86_400 / count
    for number in range(count):
        placed = now - (count - number - chance.random()) * between
        kind = chance.choices(KINDS, cum_weights=shares)[0]
        if events := list(_events(kind, placed, now, chance)):
            yield Order(f"A-{number:07d}", events, _payload(number, chance))


def _events(kind: Kind, placed: float, now: float, chance: random.Random) -> Iterator[Event]:
    cause, at, taken, first = None, placed, None, ""
    for name, (median, spread) in zip(_NAMES[: kind.told], _STEPS, strict=False):
        event = _event(name, Outcome.CORRELATED, None, cause, taken, at, chance)
        if event.correlated is None or event.correlated > now:
            return  # that is still to come
        yield event
        cause, taken, first = event.id, event.received, first or event.id
        at += median * chance.lognormvariate(0, spread)
    for name, outcome, reason in kind.others:
        why = reason.replace("{first}", first)
        known = (cause, taken) if name != _NAMES[0] else (None, None)
        yield _event(name, outcome, why, *known, min(at, now - 1), chance)


def _event(
    name: str,
    outcome: Outcome,
    reason: str | None,
    cause: str | None,
    taken: float | None,
    published: float,
    chance: random.Random,
) -> Event:
    received = published + _IN_QUEUE * chance.lognormvariate(0, 0.5)
    correlated = received + _IN_TRACKER if outcome is Outcome.CORRELATED else None
    event_id = f"{chance.getrandbits(128):032x}"
    return Event(event_id, name, cause, outcome, reason, published, taken, received, correlated)


def _payload(number: int, chance: random.Random) -> dict[str, object]:
    return {
        "customer": f"C{chance.randrange(200_000):06d}",
        "amount": chance.randrange(500, 50_000) / 100,
        "country": chance.choice(("CH", "DE", "AT", "FR", "IT")),
        "items": 1 + number % 5,
        "card": f"4111{chance.randrange(10**12):012d}",
    }
