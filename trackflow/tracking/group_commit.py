"""Group commit: threads that want to write at the same time share one transaction.

SQLite has one writer, and waits for the disk at each commit. Queueing for a lock, every thread would wait for
the commits of all before it, and for Python's own lock after each. Here one of them leads: it runs what the
others have asked for in its transaction, commits once, and hands over to whoever came meanwhile. A thread
that is alone pays nothing for it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")
Work = Callable[[Connection], T]

_MOST = 32  # works in one transaction: the first must not wait long for the last


class _Job(Generic[T]):
    """One thread's work. `wake`, if it must wait, is set when it is done, or when its thread is to lead."""

    def __init__(self, work: Work[T]) -> None:
        self.work = work
        self.wake: threading.Event | None = None
        self.is_done = False
        self.error: BaseException | None = None
        self.result: T

    def wake_up(self) -> None:
        """Let its thread go on, if it waits."""
        if self.wake is not None:
            self.wake.set()


class GroupCommit:
    """Runs works one after the other, several in one transaction."""

    def __init__(self, begin: Callable[[], AbstractContextManager[Connection]]) -> None:
        """`begin` gives a transaction that commits at its end, or rolls back after an error."""
        self._begin = begin
        self._lock = threading.Lock()
        self._waiting: deque[_Job[Any]] = deque()
        self._is_led = False

    def write(self, work: Work[T]) -> T:
        """Run the work in a transaction, and return its result once that is committed.

        An error of one work rolls back this work only: the others that shared its transaction are run again,
        so a work must leave nothing behind outside the transaction. It must not call `write` itself.
        """
        job = _Job(work)
        with self._lock:
            self._waiting.append(job)
            if self._is_led:
                job.wake = threading.Event()
            self._is_led = True
        if job.wake is not None:
            job.wake.wait()
        if not job.is_done:
            self._lead()
        if job.error is not None:
            raise job.error
        return job.result

    def _lead(self) -> None:
        with self._lock:
            batch = [self._waiting.popleft() for _ in range(min(_MOST, len(self._waiting)))]
        try:
            self._commit(batch)
        except BaseException as exc:  # a signal ends this thread: the others must not wait for ever
            for job in batch:
                job.error = exc
            raise
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._is_led = following is not None
            for job in batch:
                job.is_done = True
                job.wake_up()
            if following is not None:
                following.wake_up()

    def _commit(self, batch: list[_Job[Any]]) -> None:
        try:
            with self._begin() as transaction:
                results = [job.work(transaction) for job in batch]
        except Exception as exc:
            if len(batch) == 1:
                batch[0].error = exc
                return
            for job in batch:
                self._commit([job])
        else:
            for job, result in zip(batch, results, strict=True):
                job.result = result
