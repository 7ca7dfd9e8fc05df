"""A tenant's dead-letter queues on a broker, and who puts letters into them: our recovery, or anybody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kombu import Connection
from pika import BasicProperties

from config.topology import choreography
from tests.integration.wire import Wire
from trackflow.messaging.event_queue import event_queue

WHY = {
    "trackflow-reason": "permanent",
    "trackflow-error": "ValueError",
    "trackflow-message": "no such customer",
    "trackflow-attempts": 1,
    "trackflow-at": "2026-01-31T12:00:00+00:00",
}


class Graveyard:
    """The choreography's queues, declared, and nobody who consumes them."""

    def __init__(self, amqp_url: str, tenant: str) -> None:
        self.url = amqp_url
        self.tenant = tenant
        self.wire = Wire(amqp_url, tenant)
        self.wire.confirm()
        self._queues = [event_queue(choreography, each, tenant) for each in choreography.subscriptions]
        with Connection(amqp_url) as connection:
            for queue in self._queues:
                queue(connection.channel()).declare()  # type: ignore[operator]

    @property
    def queues(self) -> list[str]:
        """The names of the work queues."""
        return [queue.name for queue in self._queues]

    def event(self, key: str, **changes: Any) -> bytes:
        """The body of an order."""
        fields = {"businessKey": key, "tenant": self.tenant, "event": "Order_Placed"}
        return json.dumps({**fields, **changes}).encode()

    def bury(
        self,
        identity: str | None = None,
        queue: str = "payment",
        body: bytes | None = None,
        headers: dict[Any, Any] | None = None,
        **properties: Any,
    ) -> None:
        """One more dead letter, as our recovery leaves it unless `headers` says otherwise."""
        headers = WHY if headers is None else headers
        name = f"{self.tenant}.{queue}.dead"
        made = BasicProperties(message_id=identity, headers=headers, delivery_mode=2, **properties)
        body = self.event(identity or "4711") if body is None else body
        self.wire.channel.basic_publish("", name, body, made)

    def count(self, queue: str) -> int:
        """How many messages are ready in a queue, `payment.dead` say."""
        return self.wire.count(f"{self.tenant}.{queue}")

    def ids(self, queue: str) -> list[str | None]:
        """Take all messages out of a queue: their ids."""
        return [seen.properties.message_id for seen in self.wire.take(f"{self.tenant}.{queue}")]

    def close(self) -> None:
        """Delete everything of the tenant."""
        self.wire.close([queue.name for each in self._queues for queue in (each, *each.behind)])


@contextmanager
def graveyard(amqp_url: str, tenant: str) -> Iterator[Graveyard]:
    """One that is gone afterwards."""
    made = Graveyard(amqp_url, tenant)
    try:
        yield made
    finally:
        made.close()
