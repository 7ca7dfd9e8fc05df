"""Which events there are, who hears them, and what everything is called at the broker.

The choreography is one table of plain values. Publisher, workers, `deploy` and `check` all read it, so they
cannot disagree. It knows no tenant: the same table serves every tenant of a broker.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from trackflow.durations import seconds_of
from trackflow.errors import ChoreographyError
from trackflow.message import short_text

EVERY_EVENT: Final = ("*",)

_SUBSCRIPTION = re.compile(r"[A-Za-z0-9_-]{1,64}")

# Seconds until an event that failed for a passing reason is tried again. A flat ladder: three tries within
# about three minutes outlast a restart of the service behind; what fails longer needs a person.
LADDER: Final = (5, 30, 150)


@dataclass(frozen=True, slots=True)
class Subscription:
    """One consumer: a queue, and the task of the same name that hears its events.

    Attributes:
        name: of the task, and of the queue after the tenant's prefix: `showcase.payment`.
        hears: names of the events that the task is called for, or EVERY_EVENT.
        pool: the worker pool if the command line names none (`-P`). Threads, because a service mostly waits:
            for the broker's confirm, for the engine, for somebody's API. A service that computes takes
            "prefork".
        concurrency: how many events are handled at once if the command line does not say (`-c`).
        ladder: seconds before each further try of an event that failed for a passing reason.
    """

    name: str
    hears: Sequence[str]
    pool: str = "threads"
    concurrency: int = 4
    ladder: Sequence[int] = LADDER


@dataclass(frozen=True)
class Choreography:
    """The whole choreography.

    Attributes:
        events: event name → routing key, by convention the department that it comes from.
        subscriptions: who hears what.
        variables: names of the payload fields that the BPMN engine is given as process variables. None: those
            that an expression of the model uses; a process engine is no place for customer data.
        limits: event name → how long an order may wait for it before the board calls it stuck, as ISO 8601
            (`PT2H`). An element of the model that has a limit itself goes by that.
        ignored: names of the events that the models knowingly do not await: lint finds no fault in them.

    Raises:
        ChoreographyError: a name that AMQP cannot carry, a subscription to an unknown event, two
            subscriptions of one name, one with a wrong value, a limit that is none, or an unknown event that
            is ignored.
    """

    events: Mapping[str, str]
    subscriptions: Sequence[Subscription]
    variables: frozenset[str] | None = None
    limits: Mapping[str, str] = field(default_factory=dict)
    ignored: Sequence[str] = ()
    _heard: Mapping[str, frozenset[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for what, names in (
            ("event", self.events),
            ("routing key", self.events.values()),
            ("subscription", [subscription.name for subscription in self.subscriptions]),
        ):
            for name in names:
                _check_name(what, name)
        heard: dict[str, frozenset[str]] = {}
        for subscription in self.subscriptions:
            _check_subscription(subscription)
            if subscription.name in heard:
                raise ChoreographyError(f"two subscriptions are called {subscription.name!r}")
            heard[subscription.name] = self._resolve(subscription)
        object.__setattr__(self, "_heard", MappingProxyType(heard))
        for event in self.limits:
            self.limit_of(event)
        for event in self.ignored:
            if event not in self.events:
                raise ChoreographyError(f"ignored: event {event!r}, {self._unknown()}")

    def _resolve(self, subscription: Subscription) -> frozenset[str]:
        hears = self.events if tuple(subscription.hears) == EVERY_EVENT else subscription.hears
        if not hears:
            raise ChoreographyError(f"{subscription.name!r} hears no event")
        for event in hears:
            if event not in self.events:
                raise ChoreographyError(f"{subscription.name!r} hears {event!r}, {self._unknown()}")
        return frozenset(hears)

    def routing_key(self, event: str) -> str:
        """The routing key that an event is published with. Raises ChoreographyError for an unknown one."""
        try:
            return self.events[event]
        except KeyError:
            raise ChoreographyError(f"event {event!r}, {self._unknown()}") from None

    def limit_of(self, event: str) -> float | None:
        """How many seconds an order may wait for an event. Raises ChoreographyError."""
        text = self.limits.get(event)
        if text is None:
            return None
        if event not in self.events:
            raise ChoreographyError(f"limits: event {event!r}, {self._unknown()}")
        try:
            return seconds_of(text)
        except ValueError as exc:
            raise ChoreographyError(f"limits: {event!r}: {text!r} {exc}") from None

    def heard_by(self, subscription: str) -> frozenset[str]:
        """The events that the subscription of this name hears."""
        return self._heard[subscription]

    def listeners(self, event: str) -> list[Subscription]:
        """Who hears an event, in the order of the table."""
        return [each for each in self.subscriptions if event in self._heard[each.name]]

    def binding_keys(self, subscription: Subscription) -> list[str]:
        """The routing keys that a subscription's queue is bound with, in the order of the table."""
        heard = self._heard[subscription.name]
        return list(dict.fromkeys(key for event, key in self.events.items() if event in heard))

    def _unknown(self) -> str:
        return f"which is not in the choreography (it knows {', '.join(self.events)})"


def queue_name(tenant: str, subscription: str) -> str:
    """The work queue of a subscription; the tenant's prefix lets tenants share a broker."""
    return f"{tenant}.{subscription}"


def retry_queue_name(queue: str, seconds: int) -> str:
    """Where a failed event waits. The delay is in the name: RabbitMQ cannot change a queue's TTL in place."""
    return f"{queue}.retry.{seconds}s"


def dead_queue_name(queue: str) -> str:
    """Where an event is kept that a person must look at."""
    return f"{queue}.dead"


def migration_queue_name(queue: str) -> str:
    """Where the messages of any queue are kept while it is replaced."""
    return f"{queue}.migration"


def _check_subscription(subscription: Subscription) -> None:
    name = subscription.name
    # With a dot, or called "dead", its queue could be the one behind another subscription.
    if not _SUBSCRIPTION.fullmatch(name) or name == "dead":
        raise ChoreographyError(
            f"subscription {name!r}: should be letters, digits, '_' or '-', at most 64, and not 'dead'"
        )
    if subscription.concurrency < 1:
        raise ChoreographyError(
            f"subscription {name!r}: concurrency {subscription.concurrency} should be at least 1"
        )
    if any(seconds < 1 for seconds in subscription.ladder):
        raise ChoreographyError(
            f"subscription {name!r}: ladder {tuple(subscription.ladder)} should hold whole seconds from 1"
        )


def _check_name(what: str, name: str) -> None:
    try:
        short_text(name)
    except ValueError as exc:
        raise ChoreographyError(f"{what} {name!r}: {exc}") from None
