"""A ledger on each database, and trackers of both families on it."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from tests.tracking.order_engines import LedgerOrders, RemoteOrders
from tests.tracking.world import E, World
from trackflow.tracking.ledger import Ledger

DATABASES = ("memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql))


@pytest.fixture(params=DATABASES)
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty ledger: in memory, in a file, in a schema of its own on PostgreSQL."""
    if request.param == "memory":
        yield "sqlite://"
    elif request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/ledger.db"
    else:
        url = request.getfixturevalue("postgresql_url")
        server, schema = sa.create_engine(url), f"ledger_{uuid4().hex}"
        with server.begin() as connection:
            connection.execute(sa.text(f"CREATE SCHEMA {schema}"))
        yield (
            sa.make_url(url).update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(False)
        )
        with server.begin() as connection:
            connection.execute(sa.text(f"DROP SCHEMA {schema} CASCADE"))
        server.dispose()


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    opened = Ledger(ledger_url)
    yield opened
    opened.close()


@pytest.fixture
def remote(ledger: Ledger) -> Iterator[World[RemoteOrders]]:
    """A tracker of a remote engine."""
    yield from _checked(World(ledger, RemoteOrders()))


@pytest.fixture
def embedded(ledger: Ledger) -> Iterator[World[LedgerOrders]]:
    """A tracker of an engine in the ledger's database."""
    ledger.create(LedgerOrders.create_tables)
    yield from _checked(World(ledger, LedgerOrders(ledger.database)))


@pytest.fixture(params=("remote", "embedded"))
def world(
    request: pytest.FixtureRequest, ledger: Ledger
) -> Iterator[World[RemoteOrders] | World[LedgerOrders]]:
    """A tracker of either family."""
    if request.param == "remote":
        yield from _checked(World(ledger, RemoteOrders()))
    else:
        ledger.create(LedgerOrders.create_tables)
        yield from _checked(World(ledger, LedgerOrders(ledger.database)))


def _checked(world: World[E]) -> Iterator[World[E]]:
    yield world
    world.check_invariants()
