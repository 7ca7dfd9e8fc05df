"""Messages are read and copied as they are, many at once, and nothing is lost on the way."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from amqp.exceptions import AMQPError
from kombu import Connection
from kombu.exceptions import OperationalError
from pika import BasicProperties

from tests.integration.raw_client import Raw, send
from tests.integration.wire import Wire
from tests.servers.rabbitmq import RabbitMQ
from tests.waiting import until
from trackflow.errors import MessageError, PublishError
from trackflow.upkeep import raw as raw_module
from trackflow.upkeep.raw import RawMessage, RawReader
from trackflow.upkeep.raw_writer import RawWriter, why_not_copied

pytestmark = pytest.mark.broker


def publish(wire: Wire, queue: str, *bodies: bytes, **properties: object) -> None:
    for body in bodies:
        wire.channel.basic_publish("", queue, body, BasicProperties(**properties))


def read(connection: Connection, queue: str, most: int | None = None) -> list[RawMessage]:
    with RawReader(connection) as reader:
        return list(reader.read(queue, most or reader.count(queue) or 0))


def copy(connection: Connection, queue: str, headers: dict[str, object] | None = None) -> None:
    """Move everything from `queue` to `queue`.new."""
    with RawReader(connection) as reader, RawWriter(connection) as writer:
        messages = list(reader.read(queue, reader.count(queue) or 0))
        for message in messages:
            writer.publish(f"{queue}.new", message, message.headers if headers is None else headers)
        writer.confirm()
        reader.ack(*messages)


def test_a_queue_that_is_read_is_as_before(wire: Wire, queue: str, connection: Connection) -> None:
    # Given more messages than the broker may have on their way to us
    bodies = [str(number).encode() for number in range(raw_module.MOST * 2 + 10)]
    with RawWriter(connection) as writer:
        for body in bodies:
            writer.publish(queue, RawMessage(body, {}, {}, 0, ""), {})
        writer.confirm()
    # When all are read
    seen = read(connection, queue)
    # Then each was seen once, in order, and all are still there for whoever looks next
    assert [message.body for message in seen] == bodies
    assert wire.count(queue) == len(bodies)


def test_reading_may_end_in_the_middle(wire: Wire, queue: str, connection: Connection) -> None:
    publish(wire, queue, b"1", b"2", b"3")

    with RawReader(connection) as reader:
        first = next(reader.read(queue, 3))

    assert first.body == b"1"
    assert len(read(connection, queue)) == 3


def test_an_error_while_reading_gives_everything_back(wire: Wire, queue: str, connection: Connection) -> None:
    publish(wire, queue, b"1", b"2", b"3")

    def fail() -> None:
        with RawReader(connection) as reader:
            for _ in reader.read(queue, 3):
                raise KeyError

    with pytest.raises(KeyError):
        fail()
    until(lambda: wire.count(queue) == 3, 20, "all is given back")


def test_a_reader_ends_when_others_took_the_rest(
    wire: Wire, queue: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_module, "QUIET", 3)
    publish(wire, queue, b"1")

    assert [message.body for message in read(connection, queue, most=5)] == [b"1"]


def test_of_large_messages_few_are_on_their_way(
    wire: Wire, queue: str, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given messages of 1 kB, two for a start, and room for five
    monkeypatch.setattr(raw_module, "FIRST", 2)
    monkeypatch.setattr(raw_module, "MOST_BYTES", 5000)
    publish(wire, queue, *[b"x" * 1000] * 20)

    with RawReader(connection) as reader:
        messages = reader.read(queue, 20)
        # When three are read, and none is acked
        for _ in range(3):
            next(messages)
        # Then all others are still in the queue, and come when they are wanted
        until(lambda: wire.count(queue) == 20 - 2 - 5, 20, "the broker has sent what it may")
        assert len(list(messages)) == 17


def test_a_broker_that_goes_away_is_one_kind_of_error(rabbitmq_node: RabbitMQ, queue: str) -> None:
    # Given a reader and a writer
    with Connection(rabbitmq_node.url) as connection:
        declared: Any = connection.channel()
        declared.queue_declare(queue, durable=True, auto_delete=False)

    def close_while_reading() -> None:
        with Connection(rabbitmq_node.url) as connection, RawReader(connection) as reader:
            fill(connection, queue)
            messages = reader.read(queue, 11)
            next(messages)
            rabbitmq_node.ctl("close_all_connections", "test")
            list(messages)

    def close_while_writing() -> None:
        with Connection(rabbitmq_node.url) as connection, RawWriter(connection) as writer:
            rabbitmq_node.ctl("close_all_connections", "test")
            for _ in range(10):
                writer.publish(queue, RawMessage(b"1", {}, {}, 0, ""), {})
            writer.confirm()

    # When the broker closes their connections, then that is what they say
    for close in (close_while_reading, close_while_writing):
        with pytest.raises((OperationalError, AMQPError)):
            close()


def test_only_what_was_acked_is_gone(wire: Wire, queue: str, connection: Connection) -> None:
    publish(wire, queue, b"1", b"2", b"3")

    with RawReader(connection) as reader:
        one, _, three = reader.read(queue, 3)
        reader.ack(one, three)

    assert [message.body for message in read(connection, queue)] == [b"2"]


def test_a_queue_that_is_missing_has_no_count(connection: Connection) -> None:
    with RawReader(connection) as reader:
        assert reader.count("nobody-has-this") is None
        assert reader.count("nobody-has-this-either") is None


def test_a_copy_is_what_came(wire: Wire, queue: str, connection: Connection) -> None:
    # Given a message that uses all of AMQP
    properties = BasicProperties(
        content_type="application/json",
        content_encoding="rot13",
        headers={
            "text": "ü",
            "bytes": b"\xff",
            "table": {"list": [1, None, True, {}]},
            "money": Decimal("1.50"),
            "time": datetime(2026, 1, 31, tzinfo=UTC),
            "large": 2**62,
        },
        delivery_mode=2,
        priority=3,
        correlation_id="order",
        reply_to="nobody",
        expiration="600000",
        message_id="id",
        timestamp=1_700_000_000,
        type="Order_Placed",
        app_id="checkout",
    )
    body = bytes(range(256)) * 2000  # more than one frame
    wire.channel.basic_publish("", queue, body, properties)
    # When it is copied
    copy(connection, queue)
    # Then nothing is different
    (copied,) = wire.take(f"{queue}.new")
    copied.headers.pop("x-delivery-count", None)  # the broker's own
    assert copied.body == body
    assert copied.properties == properties
    assert wire.count(queue) == 0


def test_an_empty_body_is_copied(wire: Wire, queue: str, connection: Connection) -> None:
    publish(wire, queue, b"", message_id="empty")

    copy(connection, queue)

    (copied,) = wire.take(f"{queue}.new")
    assert (copied.body, copied.properties.message_id) == (b"", "empty")


def test_a_copy_goes_to_one_queue_whatever_its_headers_say(
    wire: Wire, queue: str, connection: Connection
) -> None:
    # Given a message
    publish(wire, queue, b"1")
    # When it is copied with headers by which RabbitMQ would send it to other queues too
    copy(connection, queue, {"CC": [queue], "BCC": [queue], "x-mine": "2", "mine": "3"})

    # Then they are left out
    (copied,) = wire.take(f"{queue}.new")
    copied.headers.pop("x-delivery-count", None)  # the broker's own
    assert copied.headers == {"mine": "3"}
    assert wire.count(queue) == 0


def test_what_another_user_sent_can_be_copied(wire: Wire, queue: str, connection: Connection) -> None:
    publish(wire, queue, b"1", user_id="guest")
    (message,) = read(connection, queue)
    stranger = RawMessage(message.body, {**message.properties, "user_id": "stranger"}, {}, 0, "")

    with RawWriter(connection) as writer:
        writer.publish(f"{queue}.new", stranger, {})
        writer.confirm()

    assert wire.count(f"{queue}.new") == 1


def test_what_cannot_be_decoded_is_read_but_not_copied(
    wire: Wire, queue: str, connection: Connection, amqp_url: str
) -> None:
    # Given a message whose id is no UTF-8
    send(amqp_url, queue, [Raw(b"body", b"\x00\x80\x01\xff")])
    # When it is read and copied
    (message,) = read(connection, queue)
    # Then its body is there, and why it cannot be copied
    assert message.body == b"body"
    assert "UnicodeDecodeError" in str(message.undecodable)
    with RawWriter(connection) as writer, pytest.raises(MessageError, match="cannot be decoded"):
        writer.publish(f"{queue}.new", message, message.headers)
    assert "cannot be decoded" in str(why_not_copied(message, {}))


def test_a_writer_goes_on_after_a_message_that_cannot_be_encoded(
    wire: Wire, queue: str, connection: Connection
) -> None:
    # Given headers that can be read but are nested too deep to write
    deep: dict[str, object] = {}
    for _ in range(700):
        deep = {"d": deep}
    bad, good = RawMessage(b"1", {}, deep, 0, ""), RawMessage(b"2", {}, {}, 0, "")
    # When it is published, and then a good one
    with RawWriter(connection) as writer:
        with pytest.raises(MessageError, match="cannot be encoded"):
            writer.publish(queue, bad, bad.headers)
        writer.publish(queue, good, good.headers)
        writer.confirm()
    # Then the good one arrived
    assert [seen.body for seen in wire.take(queue)] == [b"2"]
    assert "cannot be encoded" in str(why_not_copied(bad, bad.headers))
    assert why_not_copied(good, good.headers) is None


def fill(connection: Connection, queue: str) -> None:
    with RawWriter(connection) as writer:
        for _ in range(10):
            writer.publish(queue, RawMessage(b"1", {}, {}, 0, ""), {})
        writer.confirm()


def test_a_message_that_no_queue_takes_is_an_error(connection: Connection) -> None:
    with pytest.raises(PublishError, match="no queue 'nobody-has-this' takes"):
        fill(connection, "nobody-has-this")


def test_a_message_that_the_queue_refuses_is_an_error(wire: Wire, queue: str, connection: Connection) -> None:
    limits = {"x-max-length": 1, "x-overflow": "reject-publish"}
    wire.channel.queue_declare(f"{queue}.full", durable=True, arguments=limits)
    try:
        with pytest.raises(PublishError, match="refused"):
            fill(connection, f"{queue}.full")
    finally:
        wire.channel.queue_delete(f"{queue}.full")
