from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine as Database
from sqlalchemy import create_engine

from tests.engines.fidelity.real import RealEngine
from tests.engines.fidelity.wire import STILL
from tests.servers.engine import FAMILIES, Engine, missing
from tests.servers.needed import need
from trackflow.engines.camunda import CamundaEngine
from trackflow.engines.camunda.rest import Rest
from trackflow.engines.embedded import EmbeddedEngine, create_tables
from trackflow.message import Message


@pytest.fixture(params=FAMILIES)
def camunda(request: pytest.FixtureRequest, engine_url_of: Callable[[str], str]) -> CamundaEngine:
    """A running engine of each family, that is given every variable the cases use."""
    return CamundaEngine(engine_url_of(request.param), frozenset({"amount", "note", "status", "payload"}))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A ledger's, with the tables of the embedded engine alone."""
    database = create_engine(f"sqlite:///{tmp_path / 'ledger.db'}")
    with database.begin() as connection:
        create_tables(connection)
    yield database
    database.dispose()


@pytest.fixture
def embedded(database: Database) -> EmbeddedEngine:
    """The embedded engine."""
    return EmbeddedEngine(database)


@pytest.fixture(scope="session")
def still_engine_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], RealEngine]]:
    """An engine of a family in which nothing happens by itself: we set its clock and fire its timers."""
    with ExitStack() as servers:

        @cache
        def still(family: str) -> RealEngine:
            need(missing(family))
            server = Engine(tmp_path_factory.mktemp("still"), family, STILL[family])
            servers.callback(server.stop)
            server.start()
            return RealEngine(server.url, family)

        yield still


@pytest.fixture(params=FAMILIES)
def still_engine(request: pytest.FixtureRequest, still_engine_of: Callable[[str], RealEngine]) -> RealEngine:
    """The one of each family."""
    return still_engine_of(request.param)


@pytest.fixture
def tenant() -> str:
    """A tenant of its own for each test: the engines live for the whole session."""
    return f"t-{uuid4().hex[:12]}"


@pytest.fixture
def event(tenant: str) -> Callable[..., Message]:
    """An event of the test's tenant."""

    def make(name: str, key: str = "k1", **fields: object) -> Message:
        return Message.new(tenant=tenant, business_key=key, event=name, **fields)

    return make


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked from now on."""
    asked: list[str] = []
    send = Rest._send

    def counted(self: Rest, method: str, target: str, *rest: object, **more: object) -> object:
        asked.append(target)
        return send(self, method, target, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Rest, "_send", counted)
    return asked
