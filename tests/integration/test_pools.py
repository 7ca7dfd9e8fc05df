"""Every pool of Celery handles the whole choreography, whoever publishes."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from tests.integration.wire import Wire
from tests.integration.workers import Workers
from tests.waiting import until

pytestmark = pytest.mark.broker

N = 50
SERVICES = "payment,inventory,shipment"


@pytest.mark.parametrize("pool", ["threads", "prefork", "solo"])
def test_a_pool_ships_every_order_of_a_plain_client(pool: str, workers: Workers, wire: Wire) -> None:
    # Given a worker of all services on this pool
    workers.start(SERVICES, "-P", pool, "-c", "2").ready()
    # When a client that knows five fields and a routing key places orders
    orders = {f"order-{number}" for number in range(N)}
    for order in sorted(orders):
        wire.place_order(order)
    # Then each is shipped, and nothing happened twice
    until(lambda: wire.keys_of("Goods_Shipped") == orders, 60, "every order is shipped")
    assert len(wire.seen) == 4 * N
    assert wire.take(f"{wire.tenant}.payment.dead") == []


def test_what_our_publisher_emits_follows_the_wire_contract(workers: Workers, wire: Wire) -> None:
    # Given one worker for each service, as in production
    for service in SERVICES.split(","):
        workers.start(service).ready()
    # When our own command line emits an order with a payload
    payload = {"customer": "Ada", "items": [1, 2.5, None, "ü"]}
    emit = workers.run("track", "emit", "Order_Placed", "--key", "4711", "--payload", json.dumps(payload))
    assert emit.ended() == 0, emit.log
    until(lambda: wire.keys_of("Goods_Shipped"), 60, "the order is shipped")
    # Then the four events came in order, each with the fields and properties of the contract
    emitters = {
        "Order_Placed": None,
        "Payment_Done": "payment",
        "Goods_Fetched": "inventory",
        "Goods_Shipped": "shipment",
    }
    assert [seen.event["event"] for seen in wire.seen] == list(emitters)
    cause = None
    for seen in wire.seen:
        properties = seen.properties
        assert seen.event == {
            "businessKey": "4711",
            "tenant": wire.tenant,
            "event": properties.type,
            "command": None,
            "payload": payload,
        }
        assert UUID(properties.message_id)
        assert properties.correlation_id == "4711"
        assert properties.content_type == "application/json"
        assert properties.content_encoding == "utf-8"
        assert properties.delivery_mode == 2
        assert properties.app_id == emitters[properties.type]
        assert seen.headers.get("cause") == cause
        published = datetime.fromisoformat(seen.headers["published-at"])
        assert int(published.timestamp()) == properties.timestamp
        assert abs(datetime.now(UTC) - published) < timedelta(minutes=5)
        cause = properties.message_id
