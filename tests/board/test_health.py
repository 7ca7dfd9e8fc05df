"""How the parts are: what is seen of them, since when, and what the pages say when one is away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from kombu import Consumer, Queue

from tests.board.conftest import asking
from tests.waiting import until
from trackflow import Trackflow
from trackflow.board.context import Board, open_board
from trackflow.board.health import Health, Look, QueueHealth, Seen
from trackflow.errors import EngineUnreachable
from trackflow.projection.projector import Progress
from trackflow.upkeep.topology import all_queues, declare

PATIENCE = 60
NOW = datetime.fromisoformat("2026-01-01T00:00:00+00:00")


def seen(state: str = "ok", words: str = "all is well") -> Callable[[], Seen]:
    return lambda: Seen(state, words)


def raising(error: Exception) -> Callable[[], Seen]:
    def look() -> Seen:
        raise error

    return look


def queue(problem: str | None = None, messages: int = 0) -> QueueHealth:
    return QueueHealth("showcase.payment", "payment", messages, 1, 0, problem, NOW)


def test_before_the_first_look_nothing_is_claimed() -> None:
    report = Health({}).report
    assert {part.state for part in report.parts} == {"unknown"}
    assert report.is_ok


def test_a_part_that_raises_is_away_and_its_password_is_hidden() -> None:
    health = Health({"engine": raising(EngineUnreachable("engine http://u:secret@h:1/: refused\nby it"))})
    health.look("engine")
    assert health.report.engine.state == "away"
    assert health.report.engine.words == "engine http://u:***@h:1/: refused by it"
    assert health.report.away == (health.report.engine,)
    assert not health.report.is_ok


def test_a_state_has_the_time_when_it_began() -> None:
    gone = raising(OSError("gone"))
    looks: dict[str, Look] = {}
    health = Health(looks)
    found = []
    for looks["ledger"] in (seen(), seen(words="all is well still"), gone, gone):
        health.look("ledger")
        found.append(health.report.ledger)

    assert [part.state for part in found] == ["ok", "ok", "away", "away"]
    assert found[0].since == found[1].since < found[2].since == found[3].since
    assert found[1].words == "all is well still"


def test_a_queue_has_the_time_when_its_trouble_began() -> None:
    troubles = iter([None, None, "no consumer", "no consumer"])
    counts = iter(range(4))
    health = Health({"broker": lambda: Seen("ok", "", [queue(next(troubles), next(counts))])})
    found = []
    for _ in range(4):
        health.look("broker")
        found.append(health.report.queues[0])

    assert [each.messages for each in found] == [0, 1, 2, 3]
    assert found[0].since == found[1].since < found[2].since == found[3].since
    assert health.report.troubled_queues == (found[3],)


def test_only_what_is_new_is_a_change() -> None:
    looks: dict[str, Look] = {}
    health = Health(looks)
    changes = []
    for looks["ledger"] in (seen(), seen(), seen(words="other words"), raising(OSError("gone"))):
        health.look("ledger")
        changes.append(health.changes)
    assert changes == [1, 1, 2, 3]


def test_no_part_keeps_another_waiting() -> None:
    may_end = threading.Event()

    def hangs() -> Seen:
        may_end.wait(PATIENCE)
        return Seen("ok", "at last")

    health = Health({"broker": hangs, "engine": seen()})
    health.start()
    try:
        until(lambda: health.report.engine.state == "ok", PATIENCE, "the engine is seen")
        assert health.report.broker.state == "unknown"
    finally:
        may_end.set()
        health.stop()


@pytest.fixture
def looked(board: Board) -> Board:
    """Each part was looked at once."""
    for name in ("broker", "engine", "ledger", "projection"):
        board.health.look(name)
    return board


def test_everything_is_well_without_a_server(looked: Board) -> None:
    report = looked.health.report
    assert [part.state for part in report.parts] == ["none", "ok", "ok", "ok"]
    assert "there is no broker to look at" in report.broker.words
    assert (
        report.ledger.words.endswith("ledger.db, 6 events still to be told")
        or "events" in report.ledger.words
    )
    assert report.is_ok


def test_in_memory_the_queues_of_this_process_are_seen(project: Callable[..., Trackflow]) -> None:
    trackflow = project()
    board = open_board(trackflow, has_worker=True)
    board.health.look("broker")
    assert board.health.report.broker.state == "ok"
    assert [(each.task, each.messages, each.consumers) for each in board.health.report.queues] == [
        ("payment", 0, None),
        ("inventory", 0, None),
        ("shipment", 0, None),
        ("order_fulfillment", 0, None),
    ]


@pytest.mark.parametrize(
    ("progress", "state", "words"),
    [
        ((0, 0.0, None, True, None, None), "ok", "it shows what the ledger has"),
        ((3, 1.0, None, True, None, None), "ok", "it shows what the ledger has"),
        ((3, 40.0, None, True, None, None), "behind", "3 orders still to be shown, one of them since 40 s"),
        ((50, 9.0, 0.5, True, None, None), "behind", "it is being filled: 50%, 50 orders still to be shown"),
        ((1, 0.0, None, True, "engine: away", NOW), "behind", "engine: away; 1 order still to be shown"),
    ],
)
def test_the_projection_says_how_far_it_is(
    board: Board, monkeypatch: pytest.MonkeyPatch, progress: tuple[Any, ...], state: str, words: str
) -> None:
    monkeypatch.setattr(type(board.projector), "progress", lambda _: Progress(*progress))
    board.health.look("projection")
    assert (board.health.report.projection.state, board.health.report.projection.words) == (state, words)


def test_machines_are_told_without_signing_in_and_without_names(looked: Board) -> None:
    with asking(looked) as client:
        answer = client.get("/api/health")
    said = answer.json()
    assert (answer.status_code, said["status"]) == (200, "ok")
    assert [part["name"] for part in said["parts"]] == ["broker", "engine", "ledger", "projection"]
    assert all(set(part) == {"name", "state", "since"} for part in said["parts"])


def test_people_are_told_what_the_parts_said(looked: Board) -> None:
    with asking(looked) as client:
        said = client.get("/api/health/parts").json()
    assert "embedded engine" in {part["name"]: part["words"] for part in said["parts"]}["engine"]


@pytest.fixture
def without_ledger(project: Callable[..., Trackflow]) -> Iterator[TestClient]:
    """A board whose ledger cannot be opened."""
    board = open_board(project(ledger_url="postgresql+psycopg://u:secret@127.0.0.1:1/none"))
    with asking(board) as client:
        until(lambda: board.health.report.ledger.state == "away", PATIENCE, "the ledger is seen to be away")
        yield client


PAGES = ("/", "/orders", "/order?key=1", "/failures", "/processes", "/live", "/audit", "/operations")


@pytest.mark.parametrize("path", PAGES)
def test_with_the_ledger_away_every_page_opens_and_says_so(without_ledger: TestClient, path: str) -> None:
    answer = without_ledger.get(path, follow_redirects=True)
    assert answer.status_code in (200, 503)
    if path != "/operations":  # which needs none
        assert "ledger" in answer.text
        assert "away" in answer.text
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("path", ["/api/events", "/api/events/payload?id=1", "/api/orders", "/api/overview"])
def test_with_the_ledger_away_the_api_says_so(without_ledger: TestClient, path: str) -> None:
    answer = without_ledger.get(path)
    assert answer.status_code in (200, 503)
    assert "secret" not in answer.text
    if answer.status_code == 503:
        assert set(answer.json()) == {"detail"}


def test_with_the_ledger_away_health_says_degraded(without_ledger: TestClient) -> None:
    said = without_ledger.get("/api/health").json()
    assert said["status"] == "degraded"
    assert {part["name"]: part["state"] for part in said["parts"]}["ledger"] == "away"


def test_a_ledger_that_comes_back_is_shown(project: Callable[..., Trackflow], tmp_path: Path) -> None:
    folder = tmp_path / "later"
    board = open_board(project(ledger_url=f"sqlite:///{folder}/ledger.db"))
    with asking(board) as client:
        until(lambda: board.health.report.ledger.state == "away", PATIENCE, "the ledger is seen to be away")
        folder.mkdir()
        until(lambda: board.health.report.ledger.state == "ok", PATIENCE, "the ledger is seen to be back")
        until(lambda: client.get("/live").status_code == 200, PATIENCE, "the page shows it")
        until(lambda: board.health.report.projection.state == "ok", PATIENCE, "it is projected")


@pytest.mark.broker
def test_queues_without_consumers_and_missing_ones_are_told(
    project: Callable[..., Trackflow], amqp_url: str
) -> None:
    trackflow = project(amqp_url=amqp_url, tenant="board-health")
    board = open_board(trackflow)

    board.health.look("broker")
    assert "RabbitMQ" in board.health.report.broker.words
    assert board.health.report.queues[0].problem == (
        "The queue board-health.payment is missing: `celery -A tasks track deploy` declares it."
    )

    with trackflow.app.connection_for_write() as connection:
        declare(connection, trackflow.queues, trackflow.choreography.events.values())
        try:
            board.health.look("broker")
            assert board.health.report.queues[0].problem == "The queue board-health.payment has no consumer."
            queue = Queue(trackflow.queues[0].name, no_declare=True)
            with Consumer(connection, [queue], callbacks=[print]):
                board.health.look("broker")
            assert board.health.report.queues[0].problem is None
            assert board.health.report.queues[0].consumers == 1
        finally:
            channel = connection.channel()
            for each in all_queues(trackflow.queues):
                channel.queue_delete(each.name)
            channel.exchange_delete("board-health")


def test_a_broker_that_is_away_is_told_without_its_password(project: Callable[..., Trackflow]) -> None:
    board = open_board(project(amqp_url="amqp://u:secret@127.0.0.1:1//"))
    board.health.look("broker")
    assert board.health.report.broker.state == "away"
    assert "secret" not in board.health.report.broker.words
    assert board.health.report.queues == ()
