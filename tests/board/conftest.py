"""A board over a ledger full of orders: take `client` to ask it, `board` for its parts, `project` for others.

    def test_an_order_is_found(client: TestClient) -> None:
        assert client.get("/order", params={"key": PLAIN}).status_code == 200

The orders are those of `orders.py`, told once a session; each test has a copy of that ledger for itself, and
the projection shows all of it. `operator` is a client that may write: its `.headers` go with each request
that does. `caught_up(board)` shows what a test has told since (`tell(trackflow, key, *events)`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from fastapi.testclient import TestClient

from config.topology import choreography
from tests.board.orders import fill
from tests.waiting import until
from trackflow import Choreography, Trackflow
from trackflow.board.app import create_app
from trackflow.board.context import Board, open_board
from trackflow.board.settings import BoardSettings
from trackflow.errors import LedgerError

ROOT = Path(__file__).parents[2]
MODELS = (ROOT / "bpmn" / "track-flow.bpmn", Path(__file__).parent / "claim.bpmn")
EVENTS = {**choreography.events, "Claim_Filed": "claims", "Claim_Rated": "claims", "Claim_Paid": "claims"}
BASE = "http://localhost"


@dataclass(frozen=True)
class Settings:
    """As a project has them: nothing is said of a board."""

    ledger_url: str
    amqp_url: str = "memory://"
    tenant: str = "showcase"
    engine_url: str = "embedded"


@dataclass(frozen=True)
class Signed:
    """A client that is signed in, and the token that its pages hold."""

    client: TestClient
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What a page of the board sends with a request that changes something."""
        return {"X-CSRF-Token": self.token, "Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of both models: the example's, and one that can refuse an event."""
    folder = tmp_path_factory.mktemp("bpmn")
    for model in MODELS:
        shutil.copy(model, folder)
    return folder


@pytest.fixture(scope="session")
def full_ledger(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Path:
    """The file of a ledger with all orders, shown by the projection. Nobody changes it."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    trackflow = a_project(models, Settings(f"sqlite:///{path}"))
    fill(trackflow)
    board = open_board(trackflow)
    board.projector.start()
    caught_up(board)
    board.projector.stop()  # so that it gives back its lease
    trackflow.ledger.close()
    return path


@pytest.fixture
def project(models: Path, tmp_path: Path) -> Iterator[Callable[..., Trackflow]]:
    """Makes a project: `project(tenant="other")`. Its ledger is empty, unless one is given."""
    made: list[Trackflow] = []

    def make(**settings: Any) -> Trackflow:
        settings.setdefault("ledger_url", f"sqlite:///{tmp_path}/empty.db")
        made.append(a_project(models, Settings(**settings)))
        return made[-1]

    yield make
    for trackflow in made:
        with suppress(LedgerError):  # it was never reached
            trackflow.ledger.close()


@pytest.fixture(scope="module")
def reading(
    models: Path, full_ledger: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """As `client`, for a whole module whose tests only read: faster."""
    with _shared(models, full_ledger, tmp_path_factory) as board, asking(board) as client:
        yield client


@pytest.fixture(scope="module")
def shared_operator(
    models: Path, full_ledger: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Signed]:
    """As `operator`, for a whole module whose tests mind nothing that the others did: faster."""
    with _shared(models, full_ledger, tmp_path_factory) as board, asking(board) as client:
        yield sign_in_by_link(board, client)


@pytest.fixture
def trackflow(project: Callable[..., Trackflow], full_ledger: Path, tmp_path: Path) -> Trackflow:
    """A project with all orders."""
    shutil.copy(full_ledger, tmp_path / "ledger.db")
    return project(ledger_url=f"sqlite:///{tmp_path}/ledger.db")


@pytest.fixture
def board(trackflow: Trackflow) -> Board:
    """Its board, open to read for everybody on this machine; its link makes an operator."""
    return open_board(trackflow, BoardSettings(), with_link=True)


@pytest.fixture
def client(board: Board) -> Iterator[TestClient]:
    """Asks the running board as anyone does: they may read."""
    with asking(board) as client:
        yield client


def asking(board: Board, base: str = BASE, peer: str = "127.0.0.1") -> TestClient:
    """A client of a board, for `with`: from that address, and by that name of the board."""
    return TestClient(create_app(board), base_url=base, follow_redirects=False, client=(peer, 50_000))


@pytest.fixture
def operator(board: Board, client: TestClient) -> Signed:
    """Asks the running board as an operator."""
    return sign_in_by_link(board, client)


def sign_in_by_link(board: Board, client: TestClient) -> Signed:
    """As whoever started the board does."""
    client.get("/sign-in", params={"token": board.sign_in.token or ""})
    session = board.sessions.read(client.cookies["trackflow_session"], board.sign_in.users)
    assert session is not None
    return Signed(client, board.csrf.token(session.id))


def caught_up(board: Board) -> None:
    """Let the projection show everything that the ledger has now."""
    if board.projector.is_running:  # a client has started the board
        until(lambda: board.projector.progress().left == 0, 60, "the projection has caught up")
        return
    while board.projector.opened().step():
        pass


@contextmanager
def _shared(models: Path, full_ledger: Path, folders: pytest.TempPathFactory) -> Iterator[Board]:
    path = shutil.copy(full_ledger, folders.mktemp("shared") / "ledger.db")
    trackflow = a_project(models, Settings(f"sqlite:///{path}"))
    yield open_board(trackflow, BoardSettings(), with_link=True)
    trackflow.ledger.close()


def a_project(models: Path, settings: Settings) -> Trackflow:
    """A project with these models; whoever makes it closes its ledger. In a test take `project`."""
    app = Celery("tasks", set_as_current=False)
    app.conf.update(broker_url=settings.amqp_url)
    return Trackflow(app, Choreography(EVENTS, choreography.subscriptions), settings, models=models)
