"""What lies in the dead-letter queues, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import amqp

from tests.chaos.watch import DEAD

# The broker gives up on an event after 20 deliveries, also on an innocent one that dying workers had taken
# with others; a service does after four tries within three minutes. Both are for a person to replay.
INNOCENT = ("delivery_limit", "exhausted")


@dataclass(frozen=True)
class DeadLetter:
    """One message."""

    queue: str
    id: str
    business_key: str
    reason: str

    def __str__(self) -> str:
        return f"{self.business_key}: dead letter {self.id} in {self.queue}: {self.reason}"


def dead_letters(connection: amqp.Connection) -> list[DeadLetter]:
    """All of them; they stay where they are."""
    channel = connection.channel()
    try:
        return [_read(queue, message) for queue in DEAD for message in _messages(channel, queue)]
    finally:
        channel.close()  # what was not acked goes back


def _messages(channel: Any, queue: str) -> list[Any]:
    found = []
    while (message := channel.basic_get(queue)) is not None:
        found.append(message)
    return found


def _read(queue: str, message: Any) -> DeadLetter:
    headers = message.properties.get("application_headers") or {}
    deaths = headers.get("x-death") or [{}]
    reason = headers.get("trackflow-reason") or deaths[0].get("reason") or "no reason"
    words = headers.get("trackflow-message")
    return DeadLetter(
        queue,
        str(message.properties.get("message_id")),
        str(message.properties.get("correlation_id")),
        str(reason) if reason in INNOCENT or not words else f"{reason}: {words}",
    )
