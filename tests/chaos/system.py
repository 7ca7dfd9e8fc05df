"""The whole system, real and private: broker, engine behind a fault proxy, ledger, workers."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from tests.chaos import clock
from tests.chaos.crew import Crew
from tests.chaos.ledgers import PostgresLedger, SqliteLedger
from tests.chaos.proxy import Proxy
from tests.integration.workers import ROOT
from tests.servers import engine, postgresql, rabbitmq

TENANT = "chaos"
LEDGERS = ("sqlite", "postgresql")
_TRIES = 5  # of rabbitmqctl
# RabbitMQ cannot revive a quorum queue after a power cut in the seconds after its declaration, as its name is
# not yet on the disk. That is known, and not what is tried here.
_SYNC = "[dets:sync(Table) || Table <- dets:all()]."


def missing() -> str | None:
    """What must be installed, if something must."""
    return rabbitmq.missing() or postgresql.missing() or engine.missing("operaton")


class System:
    """Everything in one folder, which PostgreSQL's user may enter. A context manager."""

    def __init__(self, folder: Path, ledger: str, seed: str) -> None:
        folder.chmod(0o755)
        for name in ("broker", "engine", "workers"):
            (folder / name).mkdir()
        self.folder = folder
        self.clock = None if clock.missing() else clock.Clock(folder)
        timed = self.clock.environment if self.clock else {}
        self.ledger: SqliteLedger | PostgresLedger = (
            SqliteLedger(folder) if ledger == "sqlite" else PostgresLedger(folder / "ledger", timed)
        )
        self.broker = rabbitmq.RabbitMQ(folder / "broker")
        (folder / "engine-database").mkdir()
        self._engine_database = postgresql.PostgreSQL(folder / "engine-database")
        self.engine = engine.Engine(folder / "engine", "operaton", self._engine_settings())
        self.proxy = Proxy(self.engine.port, seed, folder)
        self.environment = self._environment()
        worker_environment = {**self.environment, **timed}
        self.crew = Crew(worker_environment, folder / "workers", random.Random(f"{seed} crew"))
        self._running = ExitStack()

    def __enter__(self) -> System:
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def start(self) -> None:
        """Start the servers, deploy, start the workers."""
        parts = (self.broker, self._engine_database, self.ledger, self.proxy)
        for part in (*parts, self.engine):
            self._running.callback(part.stop)
        self._running.callback(self.crew.close)
        with ThreadPoolExecutor() as starting:
            for started in [starting.submit(part.start) for part in parts]:
                started.result()
        self.engine.start()
        self.track("deploy")
        self.ctl("eval", _SYNC)
        self.crew.start()

    def ctl(self, *arguments: str) -> str:
        """What `rabbitmqctl` prints. On a busy machine it gives up soon, so it is asked again."""
        errors = []
        for _ in range(_TRIES):
            try:
                return self.broker.ctl(*arguments)
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as exc:
                errors.append(f"{exc}\n{exc.stdout}\n{exc.stderr}")
        raise RuntimeError("\n".join(errors))

    def track(self, *arguments: str) -> str:
        """What `celery -A tasks track …` prints. Raises CalledProcessError."""
        command = [sys.executable, "-m", "celery", "--quiet", "-A", "tasks", "track", *arguments]
        env = {**os.environ, **self.environment}
        done = subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout

    def _engine_settings(self) -> Mapping[str, str]:
        # In memory its state would end with it.
        return {
            "SPRING_DATASOURCE_URL": f"jdbc:postgresql://127.0.0.1:{self._engine_database.port}/postgres",
            "SPRING_DATASOURCE_USERNAME": "postgres",
            "SPRING_DATASOURCE_PASSWORD": "",
        }

    def _environment(self) -> Mapping[str, str]:
        return {
            "AMQP_URL": self.broker.url,
            "TENANT": TENANT,
            "ENGINE_URL": self.proxy.url,
            "LEDGER_URL": self.ledger.url,
            "PYTHONPATH": str(ROOT),
        }
