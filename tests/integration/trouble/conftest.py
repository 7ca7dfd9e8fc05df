"""The shop of `shop.py` instead of the project's own, for a tenant of each test's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pika
import pytest

from tests.integration.trouble.shop import choreography
from tests.integration.wire import Seen, Wire
from tests.integration.workers import Workers
from tests.waiting import until
from trackflow.messaging.event_queue import event_queue

SECONDS = 90  # for one thing to happen; far more than it takes


class Shop:
    """What a test does to it, and sees of it."""

    def __init__(self, wire: Wire, folder: Path) -> None:
        self.wire = wire
        self.folder = folder
        self._dead: dict[str, list[Seen]] = {}

    def publish(
        self, key: str, does: str, event: str = "Order_Placed", routing_key: str = "order", **how: Any
    ) -> bytes:
        """As a foreign client; returns the body."""
        fields = {"businessKey": key, "tenant": self.wire.tenant, "event": event, "payload": {"does": does}}
        body = json.dumps({"of the sender's own": 1, **fields}).encode()
        self.wire.publish(body, routing_key, pika.BasicProperties(**{"message_id": f"id of {key}", **how}))
        return body

    def runs(self, key: str, service: str = "till") -> list[str]:
        """A line for each time that the service ran for this order."""
        path = self.folder / f"{service}-{key}"
        return path.read_text().splitlines() if path.exists() else []

    def dead(self, key: str, queue: str = "till") -> list[Seen]:
        """The dead letters of an order."""
        letters = self._dead.setdefault(queue, [])
        letters += self.wire.take(f"{self.wire.tenant}.{queue}.dead")
        return [letter for letter in letters if letter.event["businessKey"] == key]

    def the_dead(self, key: str, queue: str = "till") -> Seen:
        """The one dead letter of an order, as soon as it is there."""
        (letter,) = until(lambda: self.dead(key, queue), SECONDS, f"{key} is dead")
        return letter

    def heard(self, key: str) -> list[str]:
        """The events of an order on the exchange, each as often as it was published."""
        return [seen.event["event"] for seen in self.wire.hear() if seen.event["businessKey"] == key]

    def paid(self, key: str) -> set[str]:
        """The ids under which an order was paid."""
        events = [seen for seen in self.wire.hear() if seen.event["businessKey"] == key]
        return {seen.properties.message_id for seen in events if seen.event["event"] == "Payment_Done"}

    def until_paid(self, key: str) -> str:
        """The id of its payment."""
        (identity,) = until(lambda: self.paid(key), SECONDS, f"{key} is paid")
        return identity

    def left(self) -> int:
        """How many events wait in queues that a worker reads, or in front of them."""
        queues = [queue.name for queue in _queues(self.wire.tenant) if not queue.name.endswith(".dead")]
        return sum(self.wire.count(queue) for queue in queues)


def _queues(tenant: str) -> list[Any]:
    ours = [event_queue(choreography, each, tenant) for each in choreography.subscriptions]
    return [queue for each in ours for queue in (each, *each.behind)]


@pytest.fixture
def wire(amqp_url: str, tenant: str) -> Iterator[Wire]:
    client = Wire(amqp_url, tenant)
    yield client
    client.close([queue.name for queue in _queues(tenant)])


@pytest.fixture
def environment(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    # Tests of crash loops need not go round 20 times.
    return {**environment, "SHOP_FOLDER": str(tmp_path), "SHOP_DELIVERY_LIMIT": "5"}


@pytest.fixture
def workers(environment: dict[str, str], tmp_path: Path) -> Iterator[Workers]:
    started = Workers(environment, tmp_path, app="tests.integration.trouble.shop")
    yield started
    started.close()
    print(started.logs())


@pytest.fixture
def shop(wire: Wire, tmp_path: Path) -> Shop:
    return Shop(wire, tmp_path)
