"""The servers that tests may ask for. Each is started once a session, when the first test asks for it.

TEST_AMQP_URL, TEST_ENGINE_URL and TEST_POSTGRESQL_URL name servers that run already. Without them private
ones are started. What is missing skips the test on a laptop, and fails it in CI (CI=true).
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.servers import engine, postgresql, rabbitmq
from tests.servers.needed import need


def pytest_configure() -> None:
    # Ended by SIGTERM, the tests stop their servers as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def rabbitmq_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[rabbitmq.RabbitMQ]:
    """The session's private node. A test that stops or kills a node makes one of its own."""
    need(rabbitmq.missing())
    node = rabbitmq.RabbitMQ(tmp_path_factory.mktemp("rabbitmq"))
    try:
        node.start()
        yield node
    finally:
        node.stop()


@pytest.fixture(scope="session")
def amqp_url(request: pytest.FixtureRequest) -> str:
    """A broker."""
    given = os.environ.get("TEST_AMQP_URL")
    return given or request.getfixturevalue("rabbitmq_node").url


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A database."""
    if given := os.environ.get("TEST_POSTGRESQL_URL"):
        yield given
        return
    need(postgresql.missing())
    # Not pytest's folder: the user `postgres` may not enter it.
    with TemporaryDirectory(prefix="trackflow-postgresql-") as folder:
        cluster = postgresql.PostgreSQL(Path(folder))
        try:
            cluster.start()
            yield cluster.url
        finally:
            cluster.stop()


@pytest.fixture(scope="session")
def engine_url_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """The REST API of a BPMN engine of a family: `operaton` or `camunda`."""
    with ExitStack() as servers:

        @cache
        def url_of(family: str) -> str:
            if family == "operaton" and (given := os.environ.get("TEST_ENGINE_URL")):
                return given
            need(engine.missing(family))
            server = engine.Engine(tmp_path_factory.mktemp("engine"), family)
            servers.callback(server.stop)
            server.start()
            return server.url

        yield url_of


@pytest.fixture(scope="session")
def engine_url(engine_url_of: Callable[[str], str]) -> str:
    """The REST API of a BPMN engine, Operaton's."""
    return engine_url_of("operaton")
