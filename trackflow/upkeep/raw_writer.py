"""Copies raw messages to single queues, many at once, each confirmed."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

from amqp import Message
from amqp.exceptions import ChannelError, FrameSyntaxError
from kombu import Connection

from trackflow.errors import MessageError, PublishError
from trackflow.messaging.recovery import is_brokers
from trackflow.upkeep.raw import OnOwnConnection, RawMessage

CONFIRM = 10  # seconds; a broker under a memory alarm takes connections but confirms nothing
IN_FLIGHT = 1000  # published and not yet confirmed, at most: confirms that nobody reads would pile up

_SENDERS = ("user_id",)  # RabbitMQ takes it from that user only, and closes the channel of any other

# What py-amqp raises for headers that it could decode: a table nested too deep to write, say.
_NOT_ENCODABLE = (struct.error, ValueError, OverflowError, RecursionError, FrameSyntaxError)

_message: Any = Message  # the stubs lack what makes one


class RawWriter(OnOwnConnection):
    """Publishes to single queues, many messages at once. After an error any of them may have arrived."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, CONFIRM)
        self._published = 0  # the broker counts them too
        self._unconfirmed: set[int] = set()

    def __enter__(self) -> Self:
        super().__enter__()
        self._channel.confirm_select()
        self._channel.events["basic_ack"].add(self._on_ack)
        self._channel.events["basic_nack"].add(self._on_nack)
        self._channel.events["basic_return"].add(self._on_return)
        return self

    def publish(self, queue: str, message: RawMessage, headers: Mapping[Any, Any]) -> None:
        """Send a copy with these headers to this queue and no other. It is safe after `confirm`.

        Headers that are for the broker (see `is_brokers`) are left out. py-amqp writes numbers in the widest
        of AMQP's types; all else stays as it is.

        Raises:
            MessageError: it cannot be copied. Nothing was sent, and the writer goes on.
            PublishError: this or an earlier one was not taken.
            kombu.exceptions.OperationalError: the broker went away.
        """
        ours = {name: value for name, value in headers.items() if not is_brokers(name)}
        self._send("", queue, message, ours)

    def move(self, exchange: str, message: RawMessage) -> None:
        """Send a copy with all headers and its own routing key to a fanout exchange; else as `publish`."""
        self._send(exchange, message.routing_key, message, message.headers)

    def _send(self, exchange: str, routing_key: str, message: RawMessage, headers: Mapping[Any, Any]) -> None:
        copy = _copy(message, headers)
        with self._taken():
            self._wait_until_at_most(IN_FLIGHT)
            try:
                self._channel.basic_publish(copy, exchange, routing_key, mandatory=True)
            except _NOT_ENCODABLE as exc:
                raise MessageError(_not_encodable(exc)) from exc
        self._published += 1
        self._unconfirmed.add(self._published)

    def confirm(self) -> None:
        """Wait until the broker has every published message for good. Raises as `publish`."""
        with self._taken():
            self._wait_until_at_most(0)

    def _wait_until_at_most(self, unconfirmed: int) -> None:
        while len(self._unconfirmed) > unconfirmed:
            self._channel.connection.drain_events()

    def _on_ack(self, tag: int, multiple: bool) -> None:
        if multiple:
            self._unconfirmed = {each for each in self._unconfirmed if each > tag}
        else:
            self._unconfirmed.discard(tag)

    def _on_nack(self, tag: int, multiple: bool) -> None:
        raise PublishError("the broker refused a message: the queue takes no more")

    def _on_return(self, _error: Exception, exchange: str, routing_key: str, _message: Any) -> None:
        where = f"exchange {exchange!r}" if exchange else f"queue {routing_key!r}"
        raise PublishError(f"no {where} takes the message; `celery -A tasks track deploy` declares it")

    @contextmanager
    def _taken(self) -> Iterator[None]:
        """As `_translated`, where the broker may also refuse a message by closing the channel."""
        with self._translated():
            try:
                yield
            except ChannelError as exc:
                raise PublishError(f"the broker refused a message: {exc.reply_text}") from exc


def why_not_copied(message: RawMessage, headers: Mapping[Any, Any]) -> str | None:
    """Why `RawWriter.publish` would raise MessageError; None if it would not."""
    try:
        _copy(message, headers)._serialize_properties()
    except MessageError as exc:
        return str(exc)
    except _NOT_ENCODABLE as exc:
        return _not_encodable(exc)
    return None


def _copy(message: RawMessage, headers: Mapping[Any, Any]) -> Any:
    if message.undecodable is not None:
        raise MessageError(f"its properties cannot be decoded: {message.undecodable}")
    return _message(
        message.body,
        application_headers=dict(headers),
        **{name: value for name, value in message.properties.items() if name not in _SENDERS},
    )


def _not_encodable(error: Exception) -> str:
    return f"its headers cannot be encoded: {error!r}"
