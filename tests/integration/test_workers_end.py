"""A worker that ends, by itself or by force, loses no event and does none twice."""

import os
import signal

import pytest

from tests.integration.wire import Wire
from tests.integration.workers import Worker, Workers
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


def tell(worker: Worker, how: str) -> int:
    """Send it the signals, as soon as it has taken note of the one before; returns the exit code."""
    if how == "KILL":
        worker.kill()
    elif how == "TERM to the group":  # as systemd does it
        os.killpg(worker.process.pid, signal.SIGTERM)
    else:
        for name in how.split("+"):
            worker.process.send_signal(signal.Signals[f"SIG{name}"])
            until(lambda: "Warm shutdown" in worker.log or not worker.alive, 30, "it has heard the signal")
    return worker.ended()


# A second signal may find that what ran has finished, or that the interpreter has no handlers any more. When
# its children are killed under it, Celery may wait for them until it is ended by force.
ENDINGS = {
    "TERM": {0},
    "TERM to the group": {0, 1},
    "TERM+TERM": {0, -signal.SIGTERM},
    "INT": {0},
    "INT+INT": {0, 1, -signal.SIGINT},
    "TERM+QUIT": {0, 1, -signal.SIGQUIT},
    "QUIT": {1},
    "KILL": {-signal.SIGKILL},
}


@pytest.mark.parametrize("how", ENDINGS)
@pytest.mark.parametrize("pool", ["threads", "prefork", "solo"])
def test_a_worker_that_ends_in_full_flow_loses_nothing(
    pool: str, how: str, workers: Workers, wire: Wire
) -> None:
    # Given a worker with many events before it, some done and some in flight
    first = workers.start(SERVICES, "-P", pool, "-c", "2").ready()
    orders = place(wire, N)
    until(lambda: wire.keys_of("Payment_Done"), 30, "the worker is at work")
    # When it is asked to end, or made to, somewhere between an event's confirm and the ack of its cause
    assert tell(first, how) in ENDINGS[how]
    if how != "TERM to the group":  # then Celery tells at length that its children are dead
        assert "Traceback" not in first.log
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
