"""A Kombu queue that delivers plain events to one Celery task.

Celery workers understand Celery's own messages only; everything else they drop (celery/celery#8812). So each
delivery is translated before Celery sees it, inside Kombu's queue, which is the one place that both the AMQP
and the in-memory transport pass. Whatever cannot be translated never reaches Celery: it could end the worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from kombu import Exchange, Queue, binding

from trackflow.messaging.choreography import (
    Choreography,
    Subscription,
    dead_queue_name,
    migration_queue_name,
    queue_name,
    retry_queue_name,
)

# RabbitMQ 4's own default, set here for older brokers: it ends crash loops. An innocent event that a dying
# worker had prefetched is counted too, so it must not be small.
DELIVERY_LIMIT = 20

# To read a dead letter and give it back counts as a delivery, and where no limit is set RabbitMQ 4 drops what
# was delivered 20 times: looking often would lose it. Not every version knows "no limit", but a huge one.
DEAD_DELIVERY_LIMIT = 2**31 - 1

# A dead-lettered message must not get lost on its way either, which RabbitMQ promises only together with
# `reject-publish` (https://www.rabbitmq.com/docs/quorum-queues#dead-lettering).
_SAFE = {
    "x-queue-type": "quorum",
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
    "x-dead-letter-exchange": "",
}

# Translates one delivery in place. True: Celery may have it. False: it is settled already.
Receiver = Callable[["EventQueue", Any], bool]


class EventQueue(Queue):
    """The work queue of one subscription, together with the queues behind it."""

    attrs = (
        *Queue.attrs,
        ("task", None),
        ("hears", None),
        ("ladder", None),
        ("behind", None),
        ("receiver", None),
    )

    def __init__(
        self,
        name: str = "",
        exchange: Exchange | None = None,
        routing_key: str = "",
        bindings: Iterable[Any] = (),
        *,
        task: str = "",
        hears: frozenset[str] = frozenset(),
        ladder: tuple[int, ...] = (),
        behind: tuple[Queue, ...] = (),
        receiver: Receiver | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, exchange, routing_key, **kwargs)
        # Set afterwards: given bindings, Kombu forgets the exchange, and Celery then puts in its own.
        self.bindings = set(bindings)  # type: ignore[assignment]
        self.task = task
        self.hears = hears
        self.ladder = ladder
        self.behind = behind
        self.receiver = receiver

    def as_dict(self, recurse: bool = False) -> dict[str, Any]:
        """As Kombu's, which copies by it. With `recurse` it is for JSON (`celery inspect active_queues`)."""
        fields: dict[str, Any] = super().as_dict(recurse)
        if recurse:
            del fields["receiver"]
            fields |= {"hears": sorted(self.hears), "behind": [queue.name for queue in self.behind]}
        return fields

    def declare(self, nowait: bool = False, channel: Any = None) -> Any:
        """Declare the queues behind first: nothing may be dead-lettered into the void."""
        for queue in self.behind:
            queue(channel or self.channel).declare(nowait=nowait)
        return super().declare(nowait=nowait, channel=channel)

    def consume(  # type: ignore[override]
        self, consumer_tag: str = "", callback: Any = None, **kwargs: Any
    ) -> Any:
        """As Kombu's, with every delivery translated first."""

        def deliver(delivery: Any) -> Any:
            if self.receiver is None or self.receiver(self, delivery):
                return callback(delivery)
            return None

        # py-amqp would decode a body as its property says, and a dead letter could not be what came.
        self.channel.auto_decode = False  # type: ignore[attr-defined]
        return super().consume(consumer_tag, deliver, **kwargs)  # type: ignore[arg-type]


def event_queue(
    choreography: Choreography, subscription: Subscription, tenant: str, receiver: Receiver | None = None
) -> EventQueue:
    """The queue of a subscription, bound to the tenant's exchange, and what is behind it."""
    exchange = Exchange(tenant, type="direct", durable=True)
    name = queue_name(tenant, subscription.name)
    first, *others = choreography.binding_keys(subscription)
    return EventQueue(
        name,
        exchange,
        first,
        bindings=[binding(exchange, key) for key in others],
        alias=subscription.name,
        queue_arguments={
            **_SAFE,
            "x-dead-letter-routing-key": dead_queue_name(name),
            "x-delivery-limit": DELIVERY_LIMIT,
        },
        task=subscription.name,
        hears=choreography.heard_by(subscription.name),
        ladder=tuple(subscription.ladder),
        behind=(
            *(_retry_queue(name, seconds) for seconds in subscription.ladder),
            _dead_queue(name),
        ),
        receiver=receiver,
    )


def migration_queue(queue: Queue, dead_queue: str) -> Queue:
    """Where the messages of a queue wait while it is replaced.

    A foreign publisher's event may have a time limit of its own: it ends here as it would there.
    """
    return Queue(
        migration_queue_name(queue.name),
        Exchange(""),
        queue_arguments={
            **_SAFE,
            "x-dead-letter-routing-key": dead_queue,
            "x-delivery-limit": DEAD_DELIVERY_LIMIT,
        },
    )


def _dead_queue(work_queue: str) -> Queue:
    """Letters stay here until a person replays or discards them."""
    return Queue(
        dead_queue_name(work_queue),
        Exchange(""),
        queue_arguments={"x-queue-type": "quorum", "x-delivery-limit": DEAD_DELIVERY_LIMIT},
    )


def _retry_queue(work_queue: str, seconds: int) -> Queue:
    """Messages wait here until their TTL ends, then the broker puts them back into the work queue."""
    name = retry_queue_name(work_queue, seconds)
    return Queue(
        name,
        Exchange(""),
        queue_arguments={
            **_SAFE,
            "x-message-ttl": seconds * 1000,
            "x-dead-letter-routing-key": work_queue,
        },
    )
