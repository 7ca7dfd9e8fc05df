"""Fills queues with messages, much faster than anybody consumes them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import amqp
import kombu

from bench.system import EVENTS
from trackflow.message import Message
from trackflow.messaging.envelope import properties_of

_AT_ONCE = 500  # messages between two looks at the broker's confirms


def orders(tenant: str, count: int) -> Iterator[Message]:
    """The events of so many new orders, each order's in a row."""
    prefix = uuid.uuid4().hex[:6]
    for number in range(count):
        event = Message(business_key=f"{prefix}-{number}", tenant=tenant, event="Order_Placed")
        for name in EVENTS:
            event = event if name == "Order_Placed" else event.followed_by(name)
            yield event


def fill(amqp_url: str, queue: str, events: Iterable[Message], notes: dict[str, Any] | None = None) -> None:
    """Publish the events to one queue, with more headers; returns when the broker has them all."""
    with kombu.Connection(amqp_url) as connection:
        channel = connection.channel()
        channel.confirm_select()
        confirmed = 0

        def on_ack(delivery_tag: int, multiple: bool) -> None:
            nonlocal confirmed
            confirmed = max(confirmed, delivery_tag) if multiple else confirmed + 1

        channel.events["basic_ack"].add(on_ack)
        published = 0
        for published, event in enumerate(events, start=1):
            properties = properties_of(event.published_now(), None)
            headers = {**properties.pop("headers"), **(notes or {})}
            message = amqp.Message(event.body(), application_headers=headers, **properties)
            channel._basic_publish(message, "", queue)
            while published - confirmed >= _AT_ONCE:
                connection.drain_events(timeout=30)
        while confirmed < published:
            connection.drain_events(timeout=30)


def ready(amqp_url: str, queue: str) -> int:
    """How many messages a queue holds that nobody has taken."""
    with kombu.Connection(amqp_url) as connection:
        return connection.default_channel.queue_declare(queue, passive=True).message_count


def purge(amqp_url: str, *queues: str) -> None:
    with kombu.Connection(amqp_url) as connection:
        for queue in queues:
            connection.default_channel.queue_purge(queue)
