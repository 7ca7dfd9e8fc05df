"""Four workers, a broker, an engine: orders are placed, and anybody can say where each of them is."""

import json
from typing import Any

import pytest

from tests.integration.wire import ROUTING_KEYS, Wire
from tests.integration.workers import Workers
from tests.waiting import until

pytestmark = pytest.mark.broker

N = 50


def track(workers: Workers, *arguments: str) -> Any:
    """What `celery -A tasks track arguments --json` prints."""
    command = workers.run("track", *arguments, "--json")
    assert command.ended() == 0, command.log
    return json.loads(command.log[command.log.index("[" if arguments[0] == "list" else "{") :])


def everything_is_tracked(workers: Workers, wire: Wire) -> None:
    # Given the models deployed and one worker for each queue
    deploy = workers.run("track", "deploy")
    assert deploy.ended() == 0, deploy.log
    running = [
        workers.start(queue).ready() for queue in ("payment", "inventory", "shipment", "order_fulfillment")
    ]
    # When a plain client places orders
    orders = {f"order-{number}" for number in range(N)}
    for order in sorted(orders):
        wire.place_order(order)
    until(lambda: wire.keys_of("Goods_Shipped") == orders, 60, "every order is shipped")

    # Then each is completed, once
    def completed() -> set[str]:
        listed = track(workers, "list", "--limit", "1000")
        return {order["businessKey"] for order in listed if order["state"] == "completed"}

    until(lambda: completed() == orders, 60, "every order is completed on the engine")
    assert len(wire.seen) == 4 * N
    # and its story is known, each event caused by the one before
    story = track(workers, "show", "order-0")
    effect_of = {event["cause"]: event for event in story["events"]}
    chain = [effect_of[None]]
    while (effect := effect_of.get(chain[-1]["id"])) is not None:
        chain.append(effect)
    assert [event["event"] for event in chain] == list(ROUTING_KEYS)
    assert {event["outcome"] for event in story["events"]} == {"correlated"}
    assert story["awaiting"] == []
    # and the workers end well
    assert [worker.stop() for worker in running] == [0, 0, 0, 0]


def test_on_the_embedded_engine(workers: Workers, wire: Wire) -> None:
    everything_is_tracked(workers, wire)


@pytest.mark.engine
def test_on_a_real_engine(workers: Workers, wire: Wire, engine_url: str) -> None:
    workers.environment["ENGINE_URL"] = engine_url
    everything_is_tracked(workers, wire)
