"""Threads that look for overdue cases as long as the process lives."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable

from trackflow.errors import LedgerError

logger = logging.getLogger(__name__)


class Sweeper:
    """Calls `sweep` until it finds nothing more to do, then again after a pause."""

    def __init__(self, sweep: Callable[[], bool], pause: float, stopping: threading.Event) -> None:
        self._sweep = sweep
        self._pause = pause
        self._stopping = stopping
        self._threads: list[threading.Thread] = []

    def start(self, threads: int) -> None:
        """Start so many threads, unless they run already. They do not keep the process alive."""
        if not self._threads:
            self._threads = [
                threading.Thread(target=self._run, name=f"sweeper-{n}", daemon=True) for n in range(threads)
            ]
            for thread in self._threads:
                thread.start()

    def join(self, timeout: float) -> None:
        """Wait until each has finished what it is doing."""
        for thread in self._threads:
            thread.join(timeout)

    def _run(self) -> None:
        # With jitter: many trackers on one ledger must not all look at once.
        while not self._stopping.wait(self._pause * random.uniform(0.5, 1.5)):
            try:
                while not self._stopping.is_set() and self._sweep():
                    pass
            except LedgerError as exc:
                logger.warning("the ledger is away, trying again: %s", exc)
            except Exception:  # a mistake of ours must not leave the events of all other cases untold
                logger.exception("cannot work an overdue case, trying again")
