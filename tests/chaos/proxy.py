"""A fault proxy between the trackers and the engine.

`Proxy` is the harness's end: it starts the proxy as a process of its own, and switches its faults. The
proxy's end is run by `python -m tests.chaos.proxy`: it reads commands, one JSON object a line, answers each
with its counts, and ends when nobody is left to command it.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import select
import socket
import subprocess
import sys
import threading
from collections import Counter
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.servers.process import free_port

# The tracker waits 10 s for an answer; what nobody waits for must take effect within its quarantine, 20 s.
PATIENCE = 15.0  # seconds until a client has surely given up, unless it stands still
GHOST = 8.0  # seconds after that, at most, until a ghost reaches the engine
_ENGINE = 60.0  # seconds for the engine itself


class Mischief(StrEnum):
    """What the proxy can do to one request."""

    LATE = "late"  # it takes effect, and is answered when nobody waits any more
    DROP = "drop"  # it takes effect, and the connection ends without an answer
    FOREIGN_500 = "foreign-500"  # a page of some proxy; it may have taken effect or not
    OWN_500 = "own-500"  # the engine's own error; it took no effect
    UNAVAILABLE = "503"  # nothing happened
    GHOST = "ghost"  # it takes effect only after its client has given up


class Proxy:
    """The harness's end."""

    def __init__(self, engine_port: int, seed: str, folder: Path) -> None:
        self.port = free_port()
        self._arguments = (str(self.port), str(engine_port), seed)
        self._log = folder / "proxy.log"
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/engine-rest"

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.proxy", *self._arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=Path(__file__).parents[2],
                start_new_session=True,
            )
        self.accept()

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def harm(self, mischief: Mischief, probability: float) -> None:
        """From now on so many requests of one get this; 0: none."""
        self._command(harm=mischief, probability=probability)

    def refuse(self) -> None:
        """Refuse connections, and end those that are open."""
        self._command(accept=False)

    def accept(self) -> None:
        """Take connections again."""
        self._command(accept=True)

    def counts(self) -> Counter[str]:
        """How many requests got what; "passed": nothing."""
        return Counter(self._command())

    def _command(self, **command: Any) -> dict[str, int]:
        with self._lock:
            process = self._process
            if process is None or process.stdin is None or process.stdout is None:
                raise RuntimeError("the fault proxy does not run")
            process.stdin.write(json.dumps(command) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
            if not answer:
                raise RuntimeError(f"the fault proxy has ended:\n{self._log.read_text()[-3000:]}")
            counts: dict[str, int] = json.loads(answer)
            return counts


class Chance:
    """Decides what becomes of a request, and counts it."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)
        self.probabilities: dict[Mischief, float] = {}
        self.counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def of(self, method: str, path: str) -> Mischief | None:
        tells_an_event = (method, path) == ("POST", "/engine-rest/message")
        with self._lock:
            chosen = self._choose(tells_an_event)
            self.counts[chosen or "passed"] += 1
        return chosen

    def _choose(self, tells_an_event: bool) -> Mischief | None:
        x = self.random.random()
        for mischief, probability in self.probabilities.items():
            if mischief is Mischief.GHOST and not tells_an_event:
                continue
            if x < probability:
                return mischief
            x -= probability
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, engine_port: int, chance: Chance) -> None:
        super().__init__(("127.0.0.1", port), _Connection)
        self.engine_port = engine_port
        self.chance = chance
        self.open: set[socket.socket] = set()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def end(self) -> None:
        self.shutdown()
        self.server_close()
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed or give up are what this is for."""


class _Connection(BaseHTTPRequestHandler):
    """One client's connection, with one of its own to the engine."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)
        self._engine = http.client.HTTPConnection("127.0.0.1", self.server.engine_port, timeout=_ENGINE)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        self._engine.close()
        super().finish()

    def log_message(self, *_: Any) -> None:
        """Silent."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
        chance = self.server.chance
        mischief = chance.of(self.command, self.path)
        if mischief is Mischief.UNAVAILABLE:
            self._answer(503, b"no server is available", "text/plain")
        elif mischief is Mischief.OWN_500:
            error = {"type": "ProcessEngineException", "message": "chaos", "code": 0}
            self._answer(500, json.dumps(error).encode(), "application/json")
        elif mischief is Mischief.FOREIGN_500 and chance.random.random() < 0.5:
            self._answer(500, b"<h1>Internal Server Error</h1>", "text/html")
        else:
            self._reach_the_engine(mischief, body)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 (the base class's names)

    def _reach_the_engine(self, mischief: Mischief | None, body: bytes | None) -> None:
        if mischief is Mischief.GHOST:
            self._wait_until_given_up()
            threading.Event().wait(self.server.chance.random.uniform(0, GHOST))
        try:
            status, answer, content_type = self._forward(body)
        except ConnectionRefusedError:
            self._answer(503, b"the engine is away", "text/plain")
            return
        except (OSError, http.client.HTTPException):
            self._hang_up()  # it was sent: nobody knows what became of it
            return
        if mischief is Mischief.LATE:
            self._wait_until_given_up()
        if mischief is Mischief.FOREIGN_500:
            self._answer(500, b"<h1>Internal Server Error</h1>", "text/html")
        elif mischief is None:
            self._answer(status, answer, content_type)
        else:
            self._hang_up()

    def _forward(self, body: bytes | None) -> tuple[int, bytes, str]:
        kept = self._engine.sock
        if kept is not None and select.select([kept], [], [], 0)[0]:
            self._engine.close()  # the engine has ended this connection
        headers = {name: self.headers[name] for name in ("Content-Type", "Accept") if name in self.headers}
        try:
            self._engine.request(self.command, self.path, body, headers)
            answer = self._engine.getresponse()
            return answer.status, answer.read(), answer.headers.get("Content-Type", "")
        except BaseException:
            self._engine.close()
            raise

    def _answer(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _wait_until_given_up(self) -> None:
        select.select([self.connection], [], [], PATIENCE)  # readable: its end has come

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


def _main(port: int, engine_port: int, seed: str) -> None:
    chance = Chance(seed)
    server: _Server | None = None
    for line in sys.stdin:
        command = json.loads(line)
        if "harm" in command:
            chance.probabilities[Mischief(command["harm"])] = command["probability"]
        elif command.get("accept") and server is None:
            server = _Server(port, engine_port, chance)
        elif command.get("accept") is False and server is not None:
            server.end()
            server = None
        print(json.dumps(chance.counts), flush=True)


if __name__ == "__main__":
    _main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
