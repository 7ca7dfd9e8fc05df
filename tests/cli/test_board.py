"""`board`: who may be served where, and a server that ends when it is asked to."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from celery import Celery
from click.testing import Result

from tests.cli.calling import CHECKOUT, SETTINGS
from tests.waiting import until
from trackflow.board.settings import User, networks, proxy_headers
from trackflow.cli import extras

PATIENCE = 60
ANN = User("ann", "operator", "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA")
PROXY = proxy_headers("X-Forwarded-User")


@pytest.fixture
def set_up(project: Callable[..., Celery], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Celery]:
    """The example with settings of a board: `set_up(board_users=(ANN,))`."""

    def make(**settings: Any) -> Celery:
        app = project()
        for name, value in settings.items():
            monkeypatch.setattr(type(app.trackflow.settings), name, value, raising=False)
        return app

    return make


@pytest.mark.parametrize(
    ("settings", "options", "line"),
    [
        ({}, ["--host", "0.0.0.0"], "--host 0.0.0.0: anybody could read the orders there. Set BOARD_USERS"),
        ({}, ["--host", "::"], "--host ::: anybody could read the orders there."),
        ({}, ["--host", "192.0.2.1", "--operator"], "--host 192.0.2.1: anybody could read the orders there."),
        (
            {"board_users": (ANN,)},
            ["--operator"],
            "--operator is for a board on this machine",
        ),
        (
            {"board_users": (ANN,), "board_proxy_header": PROXY},
            [],
            "BOARD_USERS and BOARD_PROXY_HEADER: who signs people in?",
        ),
        ({"board_proxy_header": PROXY}, ["--host", "0.0.0.0"], "BOARD_PROXY_HEADER needs BOARD_PROXY_PEERS"),
        (
            {"board_proxy_header": PROXY, "board_proxy_peers": networks("10.0.0.1,127.0.0.1")},
            [],
            "BOARD_PROXY_HEADER with a proxy on this machine needs BOARD_HOSTS",
        ),
    ],
)
def test_a_board_that_is_not_safe_is_not_served(
    set_up: Callable[..., Celery],
    track: Callable[..., Result],
    settings: dict[str, Any],
    options: list[str],
    line: str,
) -> None:
    result = track(set_up(**settings), "board", "--port", "0", *options)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {line}")
    assert len(result.stderr.splitlines()) == 1


def test_a_port_in_use_is_told_in_one_line(
    project: Callable[..., Celery], track: Callable[..., Result]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = track(project(), "board", "--port", str(port))
    assert result.exit_code == 1
    assert result.stderr == f"Error: --host 127.0.0.1 --port {port}: Address already in use\n"


def test_a_host_that_is_none_is_told_in_one_line(
    set_up: Callable[..., Celery], track: Callable[..., Result]
) -> None:
    result = track(set_up(board_users=(ANN,)), "board", "--host", "no-such-host.invalid")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: --host no-such-host.invalid: ")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("verb", [("board",), ("user", "ann")])
def test_without_its_libraries_it_says_what_to_install(
    project: Callable[..., Celery],
    track: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    verb: tuple[str, ...],
) -> None:
    monkeypatch.setattr(extras, "_BOARD", ("fastapi", "no_such_library"))
    result = track(project(), *verb)
    assert result.exit_code == 1
    assert result.stderr == "Error: no_such_library is missing: pip install 'trackflow[board]'\n"


class Served:
    """A board in a process of its own."""

    def __init__(self, ledger: Path, *options: str, **settings: str) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        settings.setdefault("LEDGER_URL", f"sqlite:///{ledger}")
        self.errors = ledger.with_suffix(".log")
        celery = [sys.executable, "-m", "celery", "-q", "-A", "tasks"]
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [*celery, "track", "board", "--port", "0", *options],
                cwd=CHECKOUT,
                env={**environment, **settings},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self.process.stdout is not None
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        until(lambda: self.lines or self.process.poll() is not None, PATIENCE, "the board says where it is")
        found = re.search(r"http://[0-9.:]+/", self.said)
        assert found, self.errors.read_text()
        self.url = found[0]
        until(self._answers, PATIENCE, "the board answers")

    @property
    def said(self) -> str:
        return "".join(self.lines)

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(self.process.stdout)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}api/health").status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    made: list[Served] = []

    def make(*options: str, **settings: str) -> Served:
        made.append(Served(tmp_path / "ledger.db", *options, **settings))
        return made[-1]

    yield make
    for each in made:
        if each.process.poll() is None:
            each.process.kill()
            each.process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_success_though_pages_are_open(serve: Callable[..., Served], number: int) -> None:
    board = serve()
    ends: list[threading.Event] = []
    for path in ("api/stream", "api/events/stream"):
        opened, ended = threading.Event(), threading.Event()

        def listen(url: str = f"{board.url}{path}", opened: Any = opened, ended: Any = ended) -> None:
            with httpx.stream("GET", url, timeout=PATIENCE) as answer:
                for _ in answer.iter_bytes():
                    opened.set()
            ended.set()

        threading.Thread(target=listen, daemon=True).start()
        assert opened.wait(PATIENCE)
        ends.append(ended)

    assert board.end(number) == 0

    assert all(each.wait(PATIENCE) for each in ends)
    assert "Traceback" not in board.errors.read_text()


def test_in_memory_it_says_that_there_is_no_broker(serve: Callable[..., Served]) -> None:
    board = serve()
    assert "there is no broker to look at" in board.errors.read_text()
    assert httpx.get(f"{board.url}live").status_code == 200
    assert "sign-in" not in board.said


def test_with_the_demonstration_orders_come_and_go(serve: Callable[..., Served]) -> None:
    board = serve("--demo", "--operator")
    link = re.search(
        r"http://\S+token=\S+", until(lambda: "token=" in board.said and board.said, PATIENCE, "a link")
    )
    assert link

    events = httpx.get(f"{board.url}api/events", params={"limit": 200}).json()
    assert {each["outcome"] for each in events} >= {"correlated", "duplicate", "waiting", "unmatched"}
    newest = events[0]["receivedAt"]
    until(
        lambda: httpx.get(f"{board.url}api/events", params={"limit": 1}).json()[0]["receivedAt"] > newest,
        PATIENCE,
        "another event comes",
    )
    with httpx.Client() as operator:
        assert operator.get(link[0]).status_code == 303
        assert "Publish a test event" in operator.get(f"{board.url}live").text
    assert httpx.get(link[0]).status_code == 403

    assert board.end() == 0
    assert "Traceback" not in board.errors.read_text()


def test_what_is_shown_can_be_read_anew(serve: Callable[..., Served], tmp_path: Path) -> None:
    # Given a board that shows something wrong
    first = serve("--demo")
    assert first.end() == 0
    with sqlite3.connect(tmp_path / "ledger.db") as ledger:
        ledger.execute("UPDATE standings SET last_event = 'Wrong'")
    ledger.close()
    assert _orders(serve(), last_event="Wrong")

    # When it is told to forget that
    board = serve("--rebuild")

    # Then it shows what the ledger and the engine say
    until(lambda: _orders(board, state="completed"), PATIENCE, "orders are shown again")
    until(lambda: not _orders(board, last_event="Wrong"), PATIENCE, "nothing wrong is shown")


def _orders(board: Served, **filters: str) -> list[Any]:
    orders: list[Any] = httpx.get(f"{board.url}api/orders", params=filters).json()["orders"]
    return orders
