"""A tenant for each test, its workers, and a plain client that hears what they say."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from config.topology import choreography
from tests.integration.wire import Wire
from tests.integration.workers import Workers
from trackflow.messaging.event_queue import event_queue


@pytest.fixture
def tenant() -> str:
    """Nobody else's: tests share a broker and don't meet."""
    return f"t{uuid4().hex[:8]}"


@pytest.fixture
def wire(amqp_url: str, tenant: str) -> Iterator[Wire]:
    """A plain client on the tenant's exchange; afterwards everything of the tenant is deleted."""
    client = Wire(amqp_url, tenant)
    yield client
    ours = [event_queue(choreography, each, tenant) for each in choreography.subscriptions]
    client.close([queue.name for each in ours for queue in (each, *each.behind)])


@pytest.fixture
def environment(amqp_url: str, tenant: str, tmp_path: Path) -> dict[str, str]:
    """What a user sets before starting a worker."""
    return {
        "AMQP_URL": amqp_url,
        "TENANT": tenant,
        "ENGINE_URL": "embedded",
        "LEDGER_URL": f"sqlite:///{tmp_path / 'ledger.db'}",
    }


@pytest.fixture
def workers(environment: dict[str, str], tmp_path: Path) -> Iterator[Workers]:
    """Starts workers; their logs are shown if the test fails."""
    started = Workers(environment, tmp_path)
    yield started
    started.close()
    print(started.logs())
