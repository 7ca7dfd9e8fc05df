"""The sweeper looks after overdue cases as long as its process lives, whatever happens at one of them."""

import logging
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.waiting import until
from trackflow.errors import LedgerError
from trackflow.tracking.sweeper import Sweeper

SECONDS = 30


class Overdue:
    """Cases to sweep; an exception is one at which sweeping fails."""

    def __init__(self, *cases: Exception | str) -> None:
        self._cases = list(cases)
        self.swept: list[str] = []

    def sweep(self) -> bool:
        if not self._cases:
            return False
        case = self._cases.pop(0)
        if isinstance(case, Exception):
            raise case
        self.swept.append(case)
        return True


@pytest.fixture
def sweep() -> Iterator[Callable[[Overdue], None]]:
    stopping = threading.Event()
    sweepers: list[Sweeper] = []

    def start(overdue: Overdue) -> None:
        sweepers.append(Sweeper(overdue.sweep, 0.01, 1, stopping))
        sweepers[-1].start()

    yield start
    stopping.set()
    for sweeper in sweepers:
        sweeper.join(SECONDS)


@pytest.mark.filterwarnings("error")
def test_a_mistake_at_one_case_does_not_end_the_sweeper(sweep: Callable[[Overdue], None]) -> None:
    overdue = Overdue("first", KeyError("a mistake"), "last")
    sweep(overdue)
    until(lambda: overdue.swept == ["first", "last"], SECONDS, "the case after the mistake is swept")


@pytest.mark.filterwarnings("error")
def test_a_ledger_that_is_away_does_not_end_the_sweeper(
    sweep: Callable[[Overdue], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)  # a worker of another test may have set it
    overdue = Overdue("first", LedgerError("away"), LedgerError("away"), "last")
    sweep(overdue)
    until(lambda: overdue.swept == ["first", "last"], SECONDS, "the case after the absence is swept")

    assert "the ledger is away, trying again: away" in caplog.text
    assert "Traceback" not in caplog.text


class Backlog:
    """Cases of which each keeps its sweeper until the test lets go."""

    def __init__(self, cases: int) -> None:
        self.left = cases
        self.at_work: set[threading.Thread] = set()
        self.go_on = threading.Event()
        self._lock = threading.Lock()

    def sweep(self) -> bool:
        with self._lock:
            if not self.left:
                return False
            self.left -= 1
            # Found work is what lets another join: so only the later ones of a thread keep it.
            first = threading.current_thread() not in self.at_work
            self.at_work.add(threading.current_thread())
        return first or self.go_on.wait(SECONDS)


def test_a_backlog_is_swept_by_as_many_as_may() -> None:
    backlog, stopping = Backlog(100), threading.Event()
    sweeper = Sweeper(backlog.sweep, 0.01, 5, stopping)

    sweeper.start()

    until(lambda: len(backlog.at_work) == 5, SECONDS, "five sweep")
    until(lambda: backlog.left == 90, SECONDS, "all five have their second case in hand, and nobody joins")
    backlog.go_on.set()
    until(lambda: len(sweeper._threads) == 1, SECONDS, "all but the one that looks have left")
    assert backlog.left == 0
    stopping.set()
    sweeper.join(SECONDS)


def test_an_idle_tracker_has_one_sweeper() -> None:
    looks, stopping = threading.Semaphore(0), threading.Event()

    def sweep() -> bool:
        looks.release()
        return False

    sweeper = Sweeper(sweep, 0.01, 5, stopping)
    sweeper.start()
    sweeper.start()

    for _ in range(10):
        assert looks.acquire(timeout=SECONDS)
    assert len(sweeper._threads) == 1
    stopping.set()
    sweeper.join(SECONDS)


def test_nobody_joins_after_the_end() -> None:
    stopping = threading.Event()

    def sweep() -> bool:
        stopping.set()
        return True

    sweeper = Sweeper(sweep, 0.01, 5, stopping)
    sweeper.start()
    sweeper.join(SECONDS)

    assert not any(thread.is_alive() for thread in sweeper._threads)


def test_a_process_among_many_sweeps_alone() -> None:
    backlog, stopping = Backlog(100), threading.Event()
    sweeper = Sweeper(backlog.sweep, 0.01, 5, stopping)

    sweeper.start(most=1)

    until(lambda: backlog.left == 98, SECONDS, "its second case is in hand")
    assert len(sweeper._threads) == 1
    backlog.go_on.set()
    stopping.set()
    sweeper.join(SECONDS)
