"""A worker that ends, by itself or by force, loses no event and does none twice."""

import signal

import pytest

from tests.integration.wire import Wire
from tests.integration.workers import Workers
from tests.waiting import until

pytestmark = pytest.mark.broker

N = 400
SERVICES = "payment,inventory,shipment"


def place(wire: Wire, orders: int) -> set[str]:
    keys = {f"order-{number}" for number in range(orders)}
    for key in sorted(keys):
        wire.place_order(key)
    return keys


def events_by_id(wire: Wire) -> dict[str, tuple[str, str]]:
    """Message id → business key and event, of what the services emitted."""
    return {
        seen.properties.message_id: (seen.event["businessKey"], seen.event["event"])
        for seen in wire.hear()
        if seen.routing_key != "order"
    }


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("pool", ["threads", "prefork", "solo"])
def test_a_worker_that_is_asked_to_end_in_full_flow_loses_nothing(
    pool: str, how: signal.Signals, workers: Workers, wire: Wire
) -> None:
    # Given a worker with many events before it, some done and some in flight
    first = workers.start(SERVICES, "-P", pool, "-c", "2").ready()
    orders = place(wire, N)
    until(lambda: wire.keys_of("Payment_Done"), 30, "the worker is at work")
    # When it is asked to end
    assert first.stop(how) == 0
    shipped_by_the_first = len(wire.keys_of("Goods_Shipped"))
    # Then the next one finishes what the first has left
    second = workers.start(SERVICES).ready()
    until(lambda: wire.keys_of("Goods_Shipped") == orders, 60, "every order is shipped")
    assert shipped_by_the_first < N, "it ended before all was done, or this test proves nothing"
    # and each order has each event exactly once by its id: a redelivery emits the same one
    assert len(events_by_id(wire)) == 3 * N
    assert len(set(events_by_id(wire).values())) == 3 * N
    assert second.stop() == 0
    assert all(wire.count(f"{wire.tenant}.{queue}") == 0 for queue in SERVICES.split(","))


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_a_worker_that_is_killed_in_full_flow_loses_nothing(pool: str, workers: Workers, wire: Wire) -> None:
    # Given a worker in full flow
    first = workers.start(SERVICES, "-P", pool, "-c", "2").ready()
    orders = place(wire, N)
    until(lambda: wire.keys_of("Payment_Done"), 30, "the worker is at work")
    # When it is killed, somewhere between an event's confirm and the ack of its cause
    first.kill()
    # Then the next worker finishes everything, under the same ids
    workers.start(SERVICES).ready()
    until(lambda: wire.keys_of("Goods_Shipped") == orders, 60, "every order is shipped")
    assert len(events_by_id(wire)) == 3 * N
    assert len(set(events_by_id(wire).values())) == 3 * N
