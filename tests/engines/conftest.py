from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from tests.engines.fidelity.real import RealEngine
from tests.engines.fidelity.wire import STILL
from tests.servers.engine import FAMILIES, Engine, missing
from tests.servers.needed import need
from trackflow.engines.camunda import CamundaEngine
from trackflow.engines.camunda.rest import Rest
from trackflow.message import Message


@pytest.fixture(params=FAMILIES)
def camunda(request: pytest.FixtureRequest, engine_url_of: Callable[[str], str]) -> CamundaEngine:
    """A running engine of each family, that is given every variable the cases use."""
    return CamundaEngine(engine_url_of(request.param), frozenset({"amount", "note", "status", "payload"}))


@pytest.fixture(scope="session", params=FAMILIES)
def still_engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealEngine]:
    """An engine of each family in which nothing happens by itself: we set its clock and fire its timers."""
    need(missing(request.param))
    server = Engine(tmp_path_factory.mktemp("still"), request.param, STILL[request.param])
    try:
        server.start()
        yield RealEngine(server.url, request.param)
    finally:
        server.stop()


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
