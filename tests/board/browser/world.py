"""A live choreography with failures in it: workers, a plain client that sends events, and a board."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import urllib.request
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pika
import sqlalchemy as sa
from argon2 import PasswordHasher

from tests.board.browser.shop import MENDED, choreography
from tests.integration.workers import ROOT, Worker, Workers
from tests.servers.process import free_port
from tests.waiting import until
from trackflow.board.settings import User
from trackflow.messaging.event_queue import event_queue

APP = "tests.board.browser.shop"
OPERATOR, READER, PASSWORD = "olga", "rudi", "correct horse"
SECONDS = 90  # for one thing to happen; far more than it takes
_CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # nobody attacks it


class World:
    """One tenant's shop. The board is the process `board`; its address is `url`."""

    def __init__(self, folder: Path, amqp_url: str, tenant: str | None = None, engine_url: str = "embedded"):
        self.folder = folder
        self.tenant = tenant or f"t{uuid4().hex[:8]}"
        shutil.copytree(Path(__file__).parent / "models", folder / "models")
        shutil.copy(ROOT / "bpmn" / "track-flow.bpmn", folder / "models")
        self.ledger_url = f"sqlite:///{folder / 'ledger.db'}"
        self._ledger = sa.create_engine(self.ledger_url)
        environment = {
            "AMQP_URL": amqp_url,
            "TENANT": self.tenant,
            "ENGINE_URL": engine_url,
            "LEDGER_URL": self.ledger_url,
            "SHOP_FOLDER": str(folder),
            "BOARD_USERS": f"{_entry(OPERATOR, 'operator')},{_entry(READER, 'reader')}",
            "BOARD_PUBLISH": "true",
        }
        self.processes = Workers(environment, folder, APP)
        self.board: Worker | None = None
        self.worker: Worker | None = None
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        # Without heartbeats: nobody answers them between two events.
        broker = pika.URLParameters(amqp_url.rstrip("/") + "/?heartbeat=0")
        self._client = pika.BlockingConnection(broker)
        self._channel = self._client.channel()

    def start(self) -> None:
        """Deploy, and start a worker of all queues and the board."""
        assert self.processes.run("track", "deploy").ended() == 0, self.processes.logs()
        self.worker = self.processes.start(",".join(each.name for each in choreography.subscriptions))
        self.start_board()
        until(lambda: sa.inspect(self._ledger).has_table("standings"), SECONDS, "there is a projection")
        self.worker.ready()

    def start_board(self) -> None:
        """Wait until it answers."""
        self.board = board = self.processes.run("track", "board", "--port", str(self._port))
        until(lambda: self._answers() or not board.alive, SECONDS, "the board answers")
        assert board.alive, board.log

    def publish(self, event: str, key: str, payload: Any = None, **properties: Any) -> None:
        """As a client does that says when it published, under a new id."""
        body = {"businessKey": key, "tenant": self.tenant, "event": event, "payload": payload}
        headers = {"published-at": datetime.now(UTC).isoformat()}
        self.publish_raw(json.dumps(body), event, headers=headers, app_id="checkout", **properties)

    def publish_raw(self, body: str, event: str = "Order_Placed", **properties: Any) -> None:
        """Whatever it is."""
        given = pika.BasicProperties(**{"message_id": uuid4().hex, **properties})
        self._channel.basic_publish(self.tenant, choreography.routing_key(event), body.encode(), given)

    def mend_the_bank(self) -> None:
        (self.folder / MENDED).touch()

    def dead(self, queue: str) -> int:
        """How many dead letters a queue has."""
        name = f"{self.tenant}.{queue}.dead"
        return self._channel.queue_declare(name, passive=True).method.message_count

    def until_shown(self, **states: int) -> None:
        """Wait until the board shows all that the ledger has, and at least so many orders in these states."""

        def is_shown() -> bool:
            found = self.states()
            return self._unshown() == 0 and all(found[state] >= number for state, number in states.items())

        try:
            until(is_shown, SECONDS, f"the board shows {states}")
        except TimeoutError as exc:
            raise TimeoutError(f"{exc}; it shows {dict(self.states())}") from exc

    def states(self) -> Counter[str]:
        """State → how many orders are shown to be in it."""
        query = "SELECT state, count(*) FROM standings WHERE tenant = :tenant GROUP BY state"
        return Counter(dict(self._rows(query)))

    def state(self, key: str) -> str | None:
        """What an order is shown to be."""
        query = "SELECT business_key, state FROM standings WHERE tenant = :tenant"
        return dict(self._rows(query)).get(key)

    def complaints(self) -> str:
        """What the board said; the services' failures are meant."""
        return "".join(each.log for each in self.processes.all if "board" in each.arguments)

    def close(self) -> None:
        """End everything, and delete what is at the broker."""
        for process in self.processes.all:
            if process.alive:
                process.process.send_signal(signal.SIGTERM)
        self.processes.close()
        self._ledger.dispose()
        ours = [event_queue(choreography, each, self.tenant) for each in choreography.subscriptions]
        with contextlib.suppress(pika.exceptions.AMQPError):  # a broker that ends before us
            for queue in [each for one in ours for each in (one, *one.behind)]:
                self._channel.queue_delete(queue.name)
            self._channel.exchange_delete(self.tenant)
            self._client.close()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/sign-in", timeout=10) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _unshown(self) -> int:
        query = "SELECT count(*) FROM cases WHERE tenant = :tenant AND unshown IS NOT NULL"
        return int(self._rows(query)[0][0])

    def _rows(self, query: str) -> list[Any]:
        with self._ledger.connect() as connection:
            return list(connection.execute(sa.text(query), {"tenant": self.tenant}))


def _entry(name: str, role: Any) -> str:
    return User(name, role, _CHEAP.hash(PASSWORD)).entry()
