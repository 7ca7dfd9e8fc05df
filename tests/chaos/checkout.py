"""The publisher: a plain AMQP client that knows the wire contract, and never gives up on an event."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from urllib.parse import urlsplit

import amqp

from trackflow.message import Message
from trackflow.messaging import envelope

ROUTING_KEYS = {
    "Order_Placed": "order",
    "Payment_Done": "payment",
    "Goods_Fetched": "inventory",
    "Goods_Shipped": "shipment",
}
_CONFIRM = 10.0  # seconds; a broker under a memory alarm confirms nothing
_PAUSE = 0.5
_PATIENCE = 400.0
# What py-amqp raises when the broker is away: AttributeError too, in the middle of a connection's end.
AWAY = (OSError, amqp.AMQPError, AttributeError)


def connected(amqp_url: str, *, confirm: bool = False) -> amqp.Connection:
    """A connection of py-amqp. Raises OSError or amqp.AMQPError."""
    parts = urlsplit(amqp_url)
    connection = amqp.Connection(
        f"{parts.hostname}:{parts.port}",
        parts.username or "guest",
        parts.password or "guest",
        confirm_publish=confirm,
        connect_timeout=5,
        read_timeout=_CONFIRM,
        write_timeout=_CONFIRM,
    )
    connection.connect()
    return connection


class Checkout:
    """Publishes events until the broker has confirmed each, under the same id however often that takes."""

    def __init__(self, amqp_url: str, stop: threading.Event) -> None:
        self._url = amqp_url
        self._stop = stop
        self._connection: amqp.Connection | None = None
        self.counts: Counter[str] = Counter()

    def publish(self, event: Message) -> bool:
        """Whether it was confirmed: False if the run is stopped, or the broker takes nothing for minutes."""
        deadline = time.monotonic() + _PATIENCE
        while not self._stop.is_set() and time.monotonic() < deadline:
            try:
                self._try(event)
                self.counts["confirmed"] += 1
                return True
            except AWAY:
                self.counts["published again"] += 1
                self.close()
                self._stop.wait(_PAUSE)
        return False

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(*AWAY):
                self._connection.collect()
            self._connection = None

    def _try(self, event: Message) -> None:
        if self._connection is None:
            self._connection = connected(self._url, confirm=True)
        properties = envelope.properties_of(event.published_now(), "checkout")
        headers = properties.pop("headers")
        self._connection.channel(1).basic_publish(
            amqp.Message(event.body().encode(), application_headers=headers, **properties),
            exchange=event.tenant,
            routing_key=ROUTING_KEYS[event.event],
            mandatory=True,
        )
