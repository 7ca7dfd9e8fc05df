"""Threads that look for overdue cases as long as the process lives."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable

from trackflow.errors import LedgerError

logger = logging.getLogger(__name__)


class Sweeper:
    """Calls `sweep` until it finds nothing more to do, then again after a pause.

    One thread looks. As long as one finds work it lets another join, up to `most`, and whoever finds nothing
    leaves: an idle tracker asks the ledger one question a pause, and a backlog is told by many.
    """

    def __init__(self, sweep: Callable[[], bool], pause: float, most: int, stopping: threading.Event) -> None:
        self._sweep = sweep
        self._pause = pause
        self._most = most
        self._stopping = stopping
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()

    def start(self, most: int | None = None) -> None:
        """Begin to look, unless it has begun. Its threads do not keep the process alive.

        `most` lowers how many may join.
        """
        with self._lock:
            if not self._threads:
                self._most = min(self._most, most or self._most)
                self._add(self._look)

    def join(self, timeout: float) -> None:
        """Wait until each thread has finished what it is doing."""
        with self._lock:
            threads = tuple(self._threads)
        for thread in threads:
            thread.join(timeout)

    def _look(self) -> None:
        # With jitter: many trackers on one ledger must not all look at once.
        while not self._stopping.wait(self._pause * random.uniform(0.5, 1.5)):
            self._sweep_all()

    def _help(self) -> None:
        self._sweep_all()
        with self._lock:
            self._threads.discard(threading.current_thread())

    def _sweep_all(self) -> None:
        try:
            while not self._stopping.is_set() and self._sweep():
                self._let_another_join()
        except LedgerError as exc:
            logger.warning("the ledger is away, trying again: %s", exc)
        except Exception:  # a mistake of ours must not leave the events of all other cases untold
            logger.exception("cannot work an overdue case, trying again")

    def _let_another_join(self) -> None:
        with self._lock:  # nobody joins once `join` knows whom to wait for
            if len(self._threads) < self._most and not self._stopping.is_set():
                self._add(self._help)

    def _add(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="sweeper", daemon=True)
        self._threads.add(thread)
        thread.start()
