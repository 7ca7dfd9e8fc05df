"""The workers, under a supervisor that starts again what ends, as a service manager does it."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from tests.integration.workers import Worker

# Queue, pool, concurrency. Two of each service and of the tracker; each has both pools.
POSTS = (
    ("payment", "threads", 4),
    ("payment", "prefork", 2),
    ("inventory", "threads", 4),
    ("inventory", "prefork", 2),
    ("shipment", "threads", 4),
    ("shipment", "prefork", 2),
    ("order_fulfillment", "threads", 16),
    ("order_fulfillment", "prefork", 4),
)
TRACKER = "order_fulfillment"
_LOOK = 0.3  # seconds between two looks of the supervisor
_PATIENCE = 90  # seconds that a worker may take to end after SIGTERM: systemd's own default


@dataclass
class Post:
    """A place that always has a worker."""

    name: str
    queue: str
    arguments: tuple[str, ...]
    worker: Worker
    told_to_end_at: float | None = None
    frozen: bool = False


class Crew:
    """All workers. Every method may be called from any thread."""

    def __init__(self, environment: Mapping[str, str], folder: Path, chance: random.Random) -> None:
        self._environment = dict(environment)
        self._folder = folder
        self._chance = chance
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._posts: list[Post] = []
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor", daemon=True)
        self.counts: Counter[str] = Counter()

    def start(self) -> None:
        for queue, pool, concurrency in POSTS:
            arguments = ("worker", "-Q", queue, "-P", pool, "-c", str(concurrency), "-l", "WARNING")
            name = f"{queue}-{pool}"
            self._posts.append(Post(name, queue, arguments, self._start(name, arguments)))
        self._supervisor.start()

    def kill_one(self) -> str:
        """kill -9 of a whole worker, or of one child of its pool; says whom it was."""
        with self._lock:
            post = self._chance.choice(self._posts)
            children = _children(post.worker)
            self.counts["kill -9"] += 1
            if children and self._chance.random() < 0.3:
                with contextlib.suppress(psutil.NoSuchProcess):
                    self._chance.choice(children).kill()
                return f"a child of {post.name}"
            post.worker.kill()
            return post.name

    def end_one(self) -> str:
        """SIGTERM: it finishes what it does."""
        with self._lock:
            post = self._chance.choice([post for post in self._posts if not post.frozen])
            self._tell_to_end(post)
            return post.name

    @contextmanager
    def frozen_tracker(self) -> Iterator[str]:
        """SIGSTOP of a whole tracker, then SIGCONT if nobody has killed it in the meantime."""
        with self._lock:
            trackers = [post for post in self._posts if post.queue == TRACKER]
            post = self._chance.choice([post for post in trackers if post.told_to_end_at is None] or trackers)
            worker, post.frozen = post.worker, True
            _signal_all(worker, signal.SIGSTOP)
        try:
            yield post.name
        finally:
            with self._lock:
                if post.worker is worker and worker.alive:
                    self.counts["went on after a pause beyond the lease"] += 1
                _signal_all(worker, signal.SIGCONT)
                post.frozen = False

    def dismiss(self) -> list[str]:
        """End all by SIGTERM, for good; the names of those that would not."""
        self._closed.set()
        self._supervisor.join()
        for post in self._posts:
            self._tell_to_end(post)
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline and any(post.worker.alive for post in self._posts):
            time.sleep(_LOOK)
        unwilling = [post.name for post in self._posts if post.worker.alive]
        self.close()
        return unwilling

    def close(self) -> None:
        """kill -9 of all."""
        self._closed.set()
        if self._supervisor.is_alive():
            self._supervisor.join()
        for post in self._posts:
            _kill_group(post.worker)

    def _start(self, name: str, arguments: tuple[str, ...]) -> Worker:
        self.counts["starts"] += 1
        return Worker(arguments, self._environment, self._folder / f"{name}.log")

    def _supervise(self) -> None:
        while not self._closed.wait(_LOOK):
            with self._lock:
                for post in self._posts:
                    self._look_after(post)

    def _look_after(self, post: Post) -> None:
        told_at = post.told_to_end_at
        if post.worker.alive:
            if told_at is None or time.monotonic() < told_at + _PATIENCE:
                return
            self.counts["would not end after SIGTERM"] += 1
        elif told_at is not None and post.worker.process.returncode != -signal.SIGKILL:
            self.counts[f"ended with {post.worker.process.returncode} after SIGTERM"] += 1
        _kill_group(post.worker)  # with its main process gone its children go too, as systemd has it
        post.told_to_end_at = None
        post.worker = self._start(post.name, post.arguments)

    def _tell_to_end(self, post: Post) -> None:
        if post.told_to_end_at is None and post.worker.alive:
            post.told_to_end_at = time.monotonic()
            self.counts["SIGTERM"] += 1
            post.worker.process.send_signal(signal.SIGTERM)


def _children(worker: Worker) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return list(psutil.Process(worker.process.pid).children())
    return []


def _signal_all(worker: Worker, what: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(worker.process.pid, what)


def _kill_group(worker: Worker) -> None:
    _signal_all(worker, signal.SIGKILL)
    worker.process.wait(timeout=60)
