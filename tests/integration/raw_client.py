"""A py-amqp client that sends any bytes as properties, and reads what no other client can decode."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import amqp
from kombu import Connection

from trackflow.messaging.frames import UNDECODABLE, tolerate_undecodable


class Raw(amqp.Message):
    """A message whose properties are these bytes: flags first, AMQP 0-9-1, section 4.2.6.1."""

    def __init__(self, body: bytes, properties: bytes) -> None:
        super().__init__(body)
        self._raw = properties

    def _serialize_properties(self) -> bytes:
        return self._raw


@dataclass
class Letter:
    """One message of a queue; its properties and headers are empty if they cannot be decoded."""

    body: bytes
    properties: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, Any] = field(default_factory=dict)
    undecodable: str | None = None

    @property
    def reason(self) -> str | None:
        """Ours, or None: the broker has put it here."""
        return self.headers.get("trackflow-reason")

    @property
    def words(self) -> str:
        """Why it is here: our words, or the broker's."""
        if self.undecodable:
            return "rejected"
        return self.headers["trackflow-message"] if self.reason else self.headers["x-death"][0]["reason"]


def send(amqp_url: str, queue: str, messages: list[Raw]) -> None:
    """Straight to a queue."""
    with Connection(amqp_url, transport_options={"confirm_publish": True}) as connection:
        for message in messages:
            connection.default_channel.basic_publish(message, "", queue)


def take(amqp_url: str, queue: str) -> list[Letter]:
    """All messages of a queue, out of it."""
    letters = []
    with Connection(amqp_url) as connection:
        connection.connect()
        tolerate_undecodable(connection)
        channel = connection.default_channel
        channel.auto_decode = False
        while (message := channel.basic_get(queue, no_ack=True)) is not None:
            headers = message.properties.pop("application_headers", {})
            body = message.body or b""  # py-amqp has text for an empty one
            letters.append(Letter(body, message.properties, headers, headers.get(UNDECODABLE)))
    return letters
