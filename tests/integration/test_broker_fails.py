"""The broker is stopped or killed in full flow: no event is lost, and none has two identities."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.test_workers_end import SERVICES, N, events_by_id, place
from tests.integration.wire import Wire
from tests.integration.workers import Workers
from tests.servers import rabbitmq
from tests.servers.needed import need
from tests.waiting import until

pytestmark = pytest.mark.broker


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[rabbitmq.RabbitMQ]:
    """A node of these tests' own, which they may kill."""
    need(rabbitmq.missing())
    node = rabbitmq.RabbitMQ(tmp_path_factory.mktemp("node"))
    try:
        node.start()
        yield node
    finally:
        node.stop()


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_broker_that_goes_away_and_comes_back_loses_nothing(
    how: str, node: rabbitmq.RabbitMQ, tenant: str, environment: dict[str, str], tmp_path: Path
) -> None:
    # Given a worker in full flow
    wire = Wire(node.url, tenant)
    workers = Workers({**environment, "AMQP_URL": node.url}, tmp_path)
    try:
        worker = workers.start(SERVICES).ready()
        wire.confirm()
        orders = place(wire, N)
        until(lambda: wire.keys_of("Payment_Done"), 30, "the worker is at work")
        # When the broker ends and starts again
        node.stop() if how == "stop" else node.kill()
        until(lambda: "Cannot connect to" in worker.log, 60, "the worker notices")
        node.start()
        # Then the same worker finishes everything, each event under one id
        wire.connect(node.url)
        until(lambda: wire.keys_of("Goods_Shipped") == orders, 90, "every order is shipped")
        assert len(events_by_id(wire)) == 3 * N
        assert len(set(events_by_id(wire).values())) == 3 * N
        assert worker.stop() == 0
    finally:
        workers.close()
        print(workers.logs())
