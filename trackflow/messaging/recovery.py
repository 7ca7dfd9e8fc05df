"""What becomes of an event that fails: it is tried again later, or kept as a dead letter with its reason.

Both are copies to another queue, published with a confirm *before* the delivery is acked. If the broker does
not confirm, nothing was settled, and the delivery goes back to where it came from.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any, Literal

from trackflow.messaging.choreography import dead_queue_name, retry_queue_name
from trackflow.messaging.delivery import ATTEMPT, Delivery, attempts_before
from trackflow.messaging.publisher import Publisher

logger = logging.getLogger(__name__)

Reason = Literal["unreadable", "permanent", "exhausted"]

_LONGEST = 500  # characters of an error's text that a header keeps


class Recovery:
    """Copies failed events to the queues behind their work queue."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    def retry(self, delivery: Delivery, seconds: int, error: BaseException) -> None:
        """Have the event delivered again, to this queue only, after some seconds.

        The in-memory transport cannot wait: there it is delivered again at once.
        """
        queue = delivery["queue"]
        attempt = attempts_before(delivery["headers"]) + 1
        waiting_room = retry_queue_name(queue, seconds) if self._publisher.is_amqp else queue
        logger.warning("%s: try %d failed, again in %d s: %s", queue, attempt, seconds, _in_words(error))
        self._copy(delivery, waiting_room, {ATTEMPT: attempt, "trackflow-error": type(error).__name__})

    def bury(self, delivery: Delivery, reason: Reason, error: BaseException) -> None:
        """Keep the event as a dead letter: body, properties and headers as they came, and why."""
        queue = delivery["queue"]
        attempts = attempts_before(delivery["headers"]) + (reason != "unreadable")
        self._copy(
            delivery,
            dead_queue_name(queue),
            {
                "trackflow-reason": reason,
                "trackflow-error": type(error).__name__,
                "trackflow-message": str(error)[:_LONGEST],
                "trackflow-attempts": attempts,
                "trackflow-at": datetime.now(UTC).isoformat(),
            },
        )
        logger.error("%s: dead letter (%s), %s: %s", queue, reason, _name_of(delivery), _in_words(error))

    def _copy(self, delivery: Delivery, queue: str, notes: dict[str, Any]) -> None:
        headers = {name: value for name, value in delivery["headers"].items() if not is_brokers(name)}
        self._publisher.send(queue, delivery["body"], headers={**headers, **notes}, **delivery["properties"])


def is_brokers(header: str | bytes) -> bool:
    """Whether a header tells the broker what to do with one message: a copy must not have it.

    With x-death kept, RabbitMQ takes a second round for a cycle and drops the event. It also routes a message
    to each queue that CC or BCC names (https://www.rabbitmq.com/docs/sender-selected): a dead letter would go
    back to the queue where it died, for ever. A name that is no UTF-8 comes as bytes.
    """
    return str(header)[:2] == "x-" or header in ("CC", "BCC")


def _name_of(delivery: Delivery) -> str:
    """The event in a log: its order and id, or the id that an unreadable one claims to have."""
    event = delivery["event"]
    if event is not None:
        return f"{event}, id {event.id!r}"
    identity = delivery["properties"].get("message_id")
    return f"id {identity!r:.300}" if identity else "no id"


def _in_words(error: BaseException) -> str:
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0][:_LONGEST]}" if lines else type(error).__name__
