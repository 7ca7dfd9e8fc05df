"""A plain AMQP client, as anybody could write one: it knows the wire contract and nothing of Trackflow."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pika

ROUTING_KEYS = {
    "Order_Placed": "order",
    "Payment_Done": "payment",
    "Goods_Fetched": "inventory",
    "Goods_Shipped": "shipment",
}


@dataclass
class Seen:
    """One delivery."""

    body: bytes
    properties: pika.BasicProperties
    routing_key: str
    headers: dict[str, Any] = field(default_factory=dict)

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)


class Wire:
    """A connection, the tenant's exchange, and a queue of our own that hears everything."""

    def __init__(self, amqp_url: str, tenant: str) -> None:
        self.tenant = tenant
        self.seen: list[Seen] = []
        self._witness = f"{tenant}.witness"
        self.connect(amqp_url)
        self.channel.exchange_declare(tenant, "direct", durable=True)
        self.channel.queue_declare(self._witness, durable=True)
        for key in ROUTING_KEYS.values():
            self.channel.queue_bind(self._witness, tenant, key)

    def connect(self, amqp_url: str) -> None:
        """Once more after the broker was away."""
        # Pika reads the "//" that names the virtual host "/" elsewhere as an empty name.
        self._connection = pika.BlockingConnection(pika.URLParameters(amqp_url.rstrip("/") + "/"))
        self.channel = self._connection.channel()

    def confirm(self) -> None:
        """From now on publish only returns when the broker has the message for good."""
        self.channel.confirm_delivery()

    def publish(
        self, body: bytes, key: str = "order", properties: pika.BasicProperties | None = None
    ) -> None:
        self.channel.basic_publish(self.tenant, key, body, properties)

    def place_order(self, business_key: str) -> None:
        """The notebook's message: five fields, no properties."""
        fields = {"businessKey": business_key, "tenant": self.tenant, "event": "Order_Placed"}
        self.publish(json.dumps({**fields, "command": None, "payload": None}).encode())

    def hear(self) -> list[Seen]:
        """All that was published on the exchange since this client came."""
        self.seen += self.take(self._witness)
        return self.seen

    def keys_of(self, event: str) -> set[str]:
        """The business keys for which an event was published."""
        key = ROUTING_KEYS[event]
        return {seen.event["businessKey"] for seen in self.hear() if seen.routing_key == key}

    def take(self, queue: str) -> list[Seen]:
        """Take all messages out of a queue."""
        taken = []
        while True:
            method, properties, body = self.channel.basic_get(queue, auto_ack=True)
            if method is None:
                return taken
            taken.append(Seen(body, properties, method.routing_key, properties.headers or {}))

    def count(self, queue: str) -> int:
        """How many messages are ready in a queue."""
        return self.channel.queue_declare(queue, passive=True).method.message_count

    def close(self, queues: list[str]) -> None:
        """Delete the tenant's exchange and queues."""
        for queue in [*queues, self._witness]:
            self.channel.queue_delete(queue)
        self.channel.exchange_delete(self.tenant)
        self._connection.close()
