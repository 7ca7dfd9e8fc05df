"""Workers as a user starts them: `celery -A tasks worker …`, each a process group of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from tests.waiting import until

ROOT = Path(__file__).parents[2]
_READY = re.compile(r" ready\.$", re.MULTILINE)
_START, _END = 60, 60  # seconds; far more than they take


class Worker:
    """One process, started by the constructor. Its output is in `log`."""

    def __init__(
        self, arguments: tuple[str, ...], environment: dict[str, str], log: Path, app: str = "tasks"
    ) -> None:
        self.arguments = arguments
        self._path = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", app, *arguments],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        return self._path.read_text(errors="replace")

    def ready(self) -> Worker:
        """Wait until it consumes."""
        until(lambda: _READY.search(self.log) or not self.alive, _START, f"{self} is ready")
        assert self.alive, f"{self} ended with {self.process.returncode}:\n{self.log}"
        return self

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, as a service manager or Ctrl-C does; returns the exit code."""
        self.process.send_signal(how)
        return self.ended()

    def ended(self) -> int:
        """Wait until it has ended by itself; returns the exit code."""
        return self.process.wait(timeout=_END)

    def kill(self) -> None:
        """kill -9, the children of its pool included."""
        if self.alive:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=_END)

    def __str__(self) -> str:
        return f"celery {' '.join(self.arguments)}"


class Workers:
    """Starts workers of a Celery app for one tenant, and ends those that are left."""

    def __init__(self, environment: dict[str, str], folder: Path, app: str = "tasks") -> None:
        self.environment = environment
        self._app = app
        self._folder = folder
        self.all: list[Worker] = []

    def start(self, queues: str, *options: str, **environment: str) -> Worker:
        """`celery -A tasks worker -Q queues options…`"""
        name = f"{self.environment['TENANT']}-{len(self.all)}@%h"  # nobody else's on this broker
        return self.run("worker", "-Q", queues, "-l", "INFO", "-n", name, *options, **environment)

    def run(self, *arguments: str, **environment: str) -> Worker:
        """`celery -A tasks arguments…`"""
        log = self._folder / f"worker-{len(self.all)}.log"
        worker = Worker(arguments, {**self.environment, **environment}, log, self._app)
        self.all.append(worker)
        return worker

    def logs(self) -> str:
        return "\n".join(f"--- {worker}\n{worker.log}" for worker in self.all)

    def close(self) -> None:
        for worker in self.all:
            worker.kill()
