"""How a worker starts: without a broker, on a wrong queue, on a broker that has something else."""

import signal

import pytest

from tests.integration.wire import Wire
from tests.integration.workers import Workers
from tests.servers.process import free_port
from tests.waiting import until
from trackflow.messaging.choreography import queue_name

pytestmark = pytest.mark.broker


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_without_a_broker_a_worker_says_so_keeps_trying_and_ends_well(
    how: signal.Signals, workers: Workers
) -> None:
    # Given no broker at the address
    url = f"amqp://guest:distinctive@127.0.0.1:{free_port()}//"
    worker = workers.start("payment", AMQP_URL=url)
    # When a worker has tried more than once
    until(lambda: worker.log.count("Cannot connect to amqp://guest:**@127.0.0.1:") > 1, 30, "it tries again")
    # Then it waits until it is asked to end
    assert worker.alive
    assert worker.stop(how) == 0
    assert "Traceback" not in worker.log
    assert "distinctive" not in worker.log


def test_a_misspelt_queue_is_refused_in_one_line(workers: Workers) -> None:
    worker = workers.start("paymnet")
    assert worker.ended() == 1
    last = worker.log.splitlines()[-1]
    assert last == "-Q paymnet: no such queue; there are payment, inventory, shipment, order_fulfillment"
    assert "Traceback" not in worker.log


def test_a_queue_with_other_arguments_ends_the_worker_with_the_reason(workers: Workers, wire: Wire) -> None:
    # Given a queue of the same name that somebody else has declared
    queue = queue_name(wire.tenant, "payment")
    wire.channel.queue_declare(queue, durable=True)
    # When a worker starts
    worker = workers.start("payment")
    # Then it ends, and names the queue and the argument
    assert worker.ended() == 1
    assert f"cannot declare queue {queue}" in worker.log
    assert "inequivalent arg 'x-" in worker.log
    assert "Traceback" not in worker.log


def test_many_workers_start_with_one_queue_each_without_a_name(workers: Workers, wire: Wire) -> None:
    # Given two workers of one queue and one of another, on one host, without -n
    for queue in ("payment", "payment", "inventory"):
        workers.run("worker", "-l", "INFO", "-Q", queue)
    # Then all of them work
    for worker in workers.all:
        worker.ready()
    wire.place_order("4711")
    until(lambda: wire.keys_of("Goods_Fetched") == {"4711"}, 30, "the goods are fetched")


def test_whoever_starts_first_no_event_is_lost(workers: Workers, wire: Wire) -> None:
    # Given only the first service, and an order that it has handled
    workers.start("payment").ready()
    wire.place_order("4711")
    until(lambda: wire.keys_of("Payment_Done") == {"4711"}, 30, "the order is paid")
    # When the others start later
    workers.start("inventory,shipment").ready()
    # Then they find what was meant for them
    until(lambda: wire.keys_of("Goods_Shipped") == {"4711"}, 30, "the order is shipped")
