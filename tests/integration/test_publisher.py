"""What the publisher promises of a real broker: emitted is what the broker has confirmed and a queue has."""

from collections.abc import Iterator
from uuid import uuid4

import amqp
import pika
import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from trackflow import Choreography, Message, Subscription
from trackflow.errors import PublishError
from trackflow.messaging import Publisher

pytestmark = pytest.mark.broker


class Broker:
    """A plain client on an exchange of a test's own, and our publisher."""

    def __init__(self, url: str) -> None:
        self.tenant = f"t{uuid4().hex[:8]}"
        self._connection = pika.BlockingConnection(pika.URLParameters(url.rstrip("/") + "/"))
        self.channel = self._connection.channel()
        self.channel.exchange_declare(self.tenant, "direct")
        app = Celery(broker=url, set_as_current=False)
        table = Choreography({"Placed": "order"}, (Subscription("till", ("Placed",)),))
        self.publisher = Publisher(app, table, self.tenant)

    def queue(self, name: str, most: int | None = None) -> str:
        """A queue that refuses what is beyond its length."""
        name = f"{self.tenant}.{name}"
        limit = {} if most is None else {"x-max-length": most, "x-overflow": "reject-publish"}
        self.channel.queue_declare(name, exclusive=True, arguments=limit)
        return name

    def count(self, queue: str) -> int:
        return int(self.channel.queue_declare(queue, passive=True).method.message_count)

    def event(self) -> Message:
        return Message.new(business_key="4711", tenant=self.tenant, event="Placed")

    def close(self) -> None:
        self.publisher.close()
        self.channel.exchange_delete(self.tenant)
        self._connection.close()


@pytest.fixture
def broker(amqp_url: str) -> Iterator[Broker]:
    broker = Broker(amqp_url)
    yield broker
    broker.close()


def test_what_was_emitted_is_in_its_queue(broker: Broker) -> None:
    queue = broker.queue("till")
    broker.channel.queue_bind(queue, broker.tenant, "order")

    broker.publisher.emit(broker.event())

    assert broker.count(queue) == 1


def test_an_event_that_no_queue_takes_is_an_error(broker: Broker) -> None:
    with pytest.raises(PublishError, match=f"no queue takes what is published to exchange '{broker.tenant}'"):
        broker.publisher.emit(broker.event())


def test_what_the_broker_refuses_to_confirm_is_an_error(broker: Broker) -> None:
    full = broker.queue("full", most=1)
    broker.publisher.send(full, "first")

    with pytest.raises(OperationalError):  # it passes: somebody may empty the queue
        broker.publisher.send(full, "second")

    assert broker.count(full) == 1


def test_after_an_error_the_next_event_goes_through_a_new_connection(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an event that failed; what the broker says on it may still be on its way
    connected: list[object] = []
    connect = amqp.Connection.connect

    def noted(connection: amqp.Connection, *args: object) -> object:
        connected.append(connection)
        return connect(connection, *args)

    monkeypatch.setattr(amqp.Connection, "connect", noted)
    queue = broker.queue("till")
    broker.publisher.send(queue, "first")
    with pytest.raises(PublishError):
        broker.publisher.send("nowhere", "lost")

    # When the next is published
    broker.publisher.send(queue, "second")
    broker.publisher.send(queue, "third")

    # Then that cannot be taken for its confirm
    assert len(connected) == 2
    assert broker.count(queue) == 3
