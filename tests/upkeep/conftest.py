"""Two queues for each test, and a plain client."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from kombu import Connection

from tests.integration.wire import Wire


@pytest.fixture
def queue() -> str:
    return f"queue-{uuid4().hex[:8]}"


@pytest.fixture
def wire(amqp_url: str, queue: str) -> Iterator[Wire]:
    """A plain client, and two quorum queues: `queue` and `queue`.new."""
    client = Wire(amqp_url, f"t{uuid4().hex[:8]}")
    client.confirm()
    names = [queue, f"{queue}.new"]
    for name in names:
        client.channel.queue_declare(name, durable=True, arguments={"x-queue-type": "quorum"})
    yield client
    client.close(names)


@pytest.fixture
def connection(amqp_url: str, wire: Wire) -> Iterator[Connection]:
    with Connection(amqp_url) as made:
        yield made
