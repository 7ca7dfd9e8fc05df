"""The fault proxy does what each fault says, before an engine that counts what reaches it."""

import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.proxy import Mischief, Proxy
from tests.waiting import until

SEED = "9"  # its ghosts come soon


class Stub(ThreadingHTTPServer):
    """An engine that takes everything."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.effects: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Stub

    def log_message(self, *_: Any) -> None:
        pass

    def _serve(self) -> None:
        self.server.effects.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    do_GET = do_POST = _serve  # noqa: N815 (the base class's names)


@pytest.fixture
def engine() -> Iterator[Stub]:
    with Stub() as stub:
        threading.Thread(target=stub.serve_forever, args=(0.02,), daemon=True).start()
        yield stub
        stub.shutdown()


@pytest.fixture
def proxy(engine: Stub, tmp_path: Path) -> Iterator[Proxy]:
    started = Proxy(engine.server_port, SEED, tmp_path)
    try:
        started.start()
        yield started
    finally:
        started.stop()


def tell(proxy: Proxy, body: str, limit: float = 30) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=limit)
    try:
        connection.request("POST", "/engine-rest/message", body)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()
    finally:
        connection.close()


def test_without_faults_it_passes_everything(proxy: Proxy, engine: Stub) -> None:
    assert tell(proxy, "told") == (200, "application/json", b"[]")
    assert engine.effects == ["told"]
    assert proxy.counts() == {"passed": 1}


def test_a_dropped_answer_leaves_its_effect(proxy: Proxy, engine: Stub) -> None:
    proxy.harm(Mischief.DROP, 1)
    with pytest.raises(http.client.RemoteDisconnected):
        tell(proxy, "told")
    assert engine.effects == ["told"]


def test_a_late_answer_comes_when_nobody_waits(proxy: Proxy, engine: Stub) -> None:
    proxy.harm(Mischief.LATE, 1)
    with pytest.raises(TimeoutError):
        tell(proxy, "told", limit=1)
    assert engine.effects == ["told"]


def test_a_ghost_has_its_effect_after_its_client_has_given_up(proxy: Proxy, engine: Stub) -> None:
    proxy.harm(Mischief.GHOST, 1)
    with pytest.raises(TimeoutError):
        tell(proxy, "told", limit=1)
    assert engine.effects == []
    until(lambda: engine.effects == ["told"], 20, "the ghost comes")


@pytest.mark.parametrize(
    ("mischief", "status", "content_type"),
    [(Mischief.OWN_500, 500, "application/json"), (Mischief.UNAVAILABLE, 503, "text/plain")],
)
def test_what_is_surely_refused_has_no_effect(
    proxy: Proxy, engine: Stub, mischief: Mischief, status: int, content_type: str
) -> None:
    proxy.harm(mischief, 1)
    assert tell(proxy, "told")[:2] == (status, content_type)
    assert engine.effects == []


def test_a_foreign_page_says_nothing_about_the_effect(proxy: Proxy, engine: Stub) -> None:
    proxy.harm(Mischief.FOREIGN_500, 1)
    assert {tell(proxy, str(number))[:2] for number in range(20)} == {(500, "text/html")}
    assert 0 < len(engine.effects) < 20


def test_refused_connections_are_taken_again(proxy: Proxy, engine: Stub) -> None:
    tell(proxy, "first")
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        tell(proxy, "second")
    proxy.accept()
    tell(proxy, "third")
    assert engine.effects == ["first", "third"]


def test_an_engine_that_is_away_is_told_nothing(proxy: Proxy, engine: Stub) -> None:
    engine.shutdown()
    engine.server_close()
    assert tell(proxy, "told")[0] == 503
