"""Shares orders among processes, since the threads of one cannot use two cores.

Each process is forked off with what the command has made so far, works on its share, and reports through a
pipe. What is open must be closed before: two processes must not use one connection.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Generic, TypeVar

from click import ClickException

from trackflow.cli.errors import Failure
from trackflow.errors import TrackflowError

R = TypeVar("R")
Ended = Callable[[int], None]  # is told how many orders have ended since it was called last
Work = Callable[[Sequence[str], Ended], R]

_fork = get_context("fork")


def shares(keys: Sequence[str], most: int, fewest: int) -> list[Sequence[str]]:
    """The keys, dealt out to so many processes at most, and to no more than there are cores.

    Each gets so many keys at least, as a process is not worth its start for fewer.
    """
    number = max(1, min(most, _cores(), len(keys) // fewest))
    return [keys[first::number] for first in range(number)]


@contextmanager
def processes(work: Work[R], shared: Sequence[Sequence[str]]) -> Iterator[list[Process[R]]]:
    """A process for each share, at work. All end with the block, whether they have finished or not."""
    with ExitStack() as stack:
        yield [stack.enter_context(closing(Process(work, share))) for share in shared]


def results(at_work: Sequence[Process[R]], ended: Ended) -> list[R]:
    """What the work has returned in each process. Raises Failure as soon as one of them fails or dies."""
    found: list[R] = []
    busy = {process.reports: process for process in at_work}
    while busy:
        for ready in wait(list(busy)):
            report = busy[ready].report()  # type: ignore[index]  # what it was given, says `wait`
            if isinstance(report, _Result):
                found.append(report.value)
                del busy[ready]  # type: ignore[arg-type]
            else:
                ended(report)
    return found


@dataclass(frozen=True, slots=True)
class _Result(Generic[R]):
    value: R


@dataclass(frozen=True, slots=True)
class _Failed:
    words: str


class Process(Generic[R]):
    """One process at work, seen from the one that has started it."""

    def __init__(self, work: Work[R], share: Sequence[str]) -> None:
        self.reports, theirs = _fork.Pipe(duplex=False)
        self._process = _fork.Process(target=_run, args=(work, share, self.reports, theirs), daemon=True)
        self._process.start()
        theirs.close()  # so the pipe ends with the process

    def report(self) -> int | _Result[R]:
        """How many orders have ended since the last report, or the result. Waits for it. Raises Failure."""
        try:
            report: int | _Result[R] | _Failed = self.reports.recv()
        except EOFError:
            self._process.join()
            raise Failure(f"a process with a share of the orders died: {self._how}") from None
        if isinstance(report, _Failed):
            raise Failure(report.words)
        return report

    def close(self) -> None:
        """End it, whatever it does: what it has not committed never happened."""
        self._process.kill()
        self._process.join()
        self.reports.close()

    @property
    def _how(self) -> str:
        code = self._process.exitcode or 0
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def _run(work: Work[R], share: Sequence[str], reports: Connection, report: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; the first process ends the others
    reports.close()
    with suppress(BrokenPipeError):  # nobody listens any more: the first process has died
        try:
            report.send(_Result(work(share, report.send)))
        except (ClickException, TrackflowError) as exc:
            report.send(_Failed(str(exc)))


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # not on every system; it counts what this process may use
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
