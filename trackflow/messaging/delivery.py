"""One delivery as the broker made it: what recovery must be able to give back unchanged.

A delivery reaches us in two shapes: py-amqp's raw message, whose headers are the property
`application_headers`, and Kombu's message of a virtual transport (memory). `Incoming` hides the difference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypedDict, cast

from trackflow.message import Message

ATTEMPT = "trackflow-attempt"
_MOST_ATTEMPTS = 2**31  # a try every 150 s reaches it in 10,000 years

# AMQP properties that belong to the message. The others belong to one delivery or to one connection.
_KEPT = (
    "content_type",
    "content_encoding",
    "message_id",
    "correlation_id",
    "reply_to",
    "type",
    "app_id",
    "timestamp",
    "priority",
)


class Delivery(TypedDict):
    """What travels with the task's request, into another process too if the pool forks."""

    queue: str
    event: Message | None  # None if it is not readable
    body: str | bytes
    properties: dict[str, Any]
    headers: dict[str, Any]
    ladder: tuple[int, ...]


def attempts_before(headers: Mapping[str, Any]) -> int:
    """How often the event failed for a passing reason already. A value that is not ours counts as none."""
    value = headers.get(ATTEMPT)
    # `True` is an `int` too; and a header cannot carry the successor of the largest one.
    return value if type(value) is int and 0 <= value < _MOST_ATTEMPTS else 0


class Incoming:
    """A delivery that Celery has not seen yet."""

    def __init__(self, message: Any) -> None:
        self._message = message
        self._virtual = not hasattr(message, "frame_method")
        if self._virtual:
            self.headers: dict[str, Any] = dict(message.headers or {})
            known = {**message.properties, **_encoding_of(message)}
        else:
            self.headers = dict(message.properties.get("application_headers") or {})
            known = message.properties
        self.routing_key = str((message.delivery_info or {}).get("routing_key", ""))
        self.properties = {name: known[name] for name in _KEPT if known.get(name) is not None}
        self.body = cast("str | bytes", message.body)

    def replace(self, body: str, headers: dict[str, Any], queue: str) -> None:
        """Make it a Celery message.

        Its delivery info names the queue itself: whatever republishes it (a retry, a lost worker) reaches
        this queue, and not every queue that is bound to the exchange.
        """
        message = self._message
        if self._virtual:  # its broker keeps this very object, and must get back what came if it is requeued
            came = message.serializable()
            message.serializable = lambda: came
        message.body = body
        message.delivery_info = {**message.delivery_info, "exchange": "", "routing_key": queue}
        if self._virtual:
            message.headers = headers
            message.content_type, message.content_encoding = "application/json", "utf-8"
            message.errors = []
            message._decoded_cache = json.loads(body)  # Kombu would decode it in a more laborious way
        else:
            message.properties.update(
                application_headers=headers, content_type="application/json", content_encoding="utf-8"
            )

    def ack(self) -> None:
        """Settle it: the broker may forget it."""
        self._message.channel.basic_ack(self._message.delivery_tag)

    def reject(self) -> None:
        """Give it to the broker's own dead-lettering; in memory there is none, so back into the queue."""
        self._message.channel.basic_reject(self._message.delivery_tag, requeue=self._virtual)


def _encoding_of(message: Any) -> dict[str, Any]:
    return {"content_type": message.content_type, "content_encoding": message.content_encoding}
