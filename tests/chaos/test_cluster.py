"""RabbitMQ as a cluster of three nodes that loses one of them in full flow, and then another."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pika
import pytest
from pika.exceptions import AMQPError
from sqlalchemy import create_engine, text

from config.topology import choreography
from tests.integration.wire import ROUTING_KEYS
from tests.integration.workers import Workers
from tests.servers import rabbitmq
from tests.servers.needed import need
from tests.waiting import until
from trackflow.messaging.event_queue import event_queue

ORDERS = 300
SECONDS = 240  # a step takes a few on quiet cores
TENANT = "cluster"
QUEUES = [event_queue(choreography, each, TENANT) for each in choreography.subscriptions]
WITNESS = f"{TENANT}.witness"


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[rabbitmq.Cluster]:
    need(rabbitmq.missing())
    cluster = rabbitmq.Cluster(tmp_path / "cluster")
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


class Checkout:
    """A plain client that knows all nodes, and publishes an order until one of them has confirmed it."""

    def __init__(self, cluster: rabbitmq.Cluster) -> None:
        self._nodes = [pika.URLParameters(node.url.rstrip("/") + "/") for node in cluster.nodes]
        self._channel: pika.adapters.blocking_connection.BlockingChannel | None = None

    @property
    def channel(self) -> pika.adapters.blocking_connection.BlockingChannel:
        if self._channel is None or not self._channel.is_open:
            self._channel = pika.BlockingConnection(self._nodes).channel()
            self._channel.confirm_delivery()
        return self._channel

    def listen(self) -> None:
        """The exchange, and a queue of our own that hears everything."""
        self.channel.exchange_declare(TENANT, "direct", durable=True)
        self.channel.queue_declare(WITNESS, durable=True, arguments={"x-queue-type": "quorum"})
        for key in ROUTING_KEYS.values():
            self.channel.queue_bind(WITNESS, TENANT, key)

    def place(self, orders: list[str]) -> None:
        for order in orders:
            body = json.dumps({"businessKey": order, "tenant": TENANT, "event": "Order_Placed"})
            properties = pika.BasicProperties(message_id=f"{order}-placed", delivery_mode=2)
            until(lambda body=body, with_=properties: self._place(body, with_), SECONDS, f"{order} is placed")

    def take(self, queue: str) -> Iterator[tuple[pika.spec.BasicProperties, dict[str, str]]]:
        """The messages of a queue, until it is empty."""
        while True:
            method, properties, body = self.channel.basic_get(queue, auto_ack=True)
            if method is None:
                return
            yield properties, json.loads(body)

    def ready(self, queue: str) -> int:
        return int(self.channel.queue_declare(queue, passive=True).method.message_count)

    def _place(self, body: str, properties: pika.BasicProperties) -> bool:
        with suppress(AMQPError, OSError):
            self.channel.basic_publish(TENANT, "order", body.encode(), properties, mandatory=True)
            return True
        self._close()  # after a negative confirm it is open, but another node may do better
        return False

    def _close(self) -> None:
        if self._channel is not None:
            with suppress(AMQPError, OSError):
                self._channel.connection.close()
            self._channel = None


class Ledger:
    """What the tracker has written, asked without it."""

    def __init__(self, url: str) -> None:
        self._database = create_engine(url)

    def count(self) -> int:
        """How many events were told."""
        return len(self.events())

    def events(self) -> dict[tuple[str, str], list[str]]:
        """By order and name the ids of the events that the engine took."""
        query = text("SELECT business_key, name, event_id FROM events WHERE outcome = 'correlated'")
        found = defaultdict(list)
        with self._database.connect() as connection:
            for row in connection.execute(query):
                found[row.business_key, row.name].append(row.event_id)
        return found


@pytest.mark.broker
@pytest.mark.timeout(4 * SECONDS)
def test_a_cluster_that_loses_one_node_after_the_other_loses_no_event(
    cluster: rabbitmq.Cluster, tmp_path: Path
) -> None:
    # Given three services and the tracker, who know all nodes and are connected to the first
    settings = {
        "AMQP_URL": cluster.url,
        "TENANT": TENANT,
        "ENGINE_URL": "embedded",
        "LEDGER_URL": f"sqlite:///{tmp_path / 'ledger.db'}",
    }
    workers = Workers(settings, tmp_path)
    checkout = Checkout(cluster)
    try:
        checkout.listen()
        assert workers.run("track", "deploy").ended() == 0
        services = [workers.start(queue.task) for queue in QUEUES]
        for service in services:
            service.ready()
        for node in cluster.nodes:
            node.sync()
        ledger = Ledger(settings["LEDGER_URL"])
        first, second, _ = cluster.nodes
        orders = [f"order-{number}" for number in range(ORDERS)]
        # When that node is killed in full flow, and comes back later
        lose(first, checkout, orders[: ORDERS // 2], lambda: ledger.count() > ORDERS // 4)
        assert all("Connection to broker lost" in service.log for service in services)
        first.start()
        until(lambda: len(cluster.running()) == len(cluster.nodes), SECONDS, "the node is back")
        # And then the one to which all have gone
        lose(second, checkout, orders[ORDERS // 2 :], lambda: ledger.count() > 2 * ORDERS + ORDERS // 4)
        second.start()
        # Then each order's four events were told once
        wanted = {(order, event) for order in orders for event in ROUTING_KEYS}
        until(lambda: ledger.events().keys() >= wanted, SECONDS, "the ledger has every event")
        told = ledger.events()
        assert told.keys() == wanted
        assert all(len(ids) == 1 for ids in told.values())
        # And whoever else listened has heard each of them, under that id only
        heard = defaultdict(set)
        for properties, event in checkout.take(WITNESS):
            heard[event["businessKey"], event["event"]].add(properties.message_id)
        assert heard == {what: set(ids) for what, ids in told.items()}
        # And the engine has every order done, and nothing is left anywhere
        listed = workers.run("track", "list", "--limit", str(2 * ORDERS), "--json")
        assert listed.ended() == 0
        shown = json.loads(listed.log)
        assert sorted((each["businessKey"], each["state"]) for each in shown) == sorted(
            (order, "completed") for order in orders
        )
        for queue in QUEUES:
            for name in (queue.name, *(each.name for each in queue.behind)):
                until(lambda name=name: checkout.ready(name) == 0, SECONDS, f"{name} is empty")
        assert [service.stop() for service in services] == [0] * len(QUEUES)
    finally:
        workers.close()
        print(workers.logs())


def lose(node: rabbitmq.RabbitMQ, checkout: Checkout, orders: list[str], in_flow: Callable[[], bool]) -> None:
    """Kill a node while these orders are placed; all are placed when this returns."""
    placing = threading.Thread(target=checkout.place, args=(orders,))
    placing.start()
    try:
        until(in_flow, SECONDS, "orders flow")
        node.kill()
    finally:
        placing.join()
