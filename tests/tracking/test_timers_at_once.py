"""Hundreds of timers are due at once, and several trackers look for them: each fires once.

Each firing is written down in the transaction that fires (`Witness`), so two that fired one timer would be
seen, whatever the instance looks like afterwards.
"""

import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.context import SpawnProcess

import pytest
import sqlalchemy as sa

from tests.timer_models import REMINDER
from tests.tracking.timed import BEGAN, HOUR, Timed, Witness
from tests.tracking.world import TENANT
from tests.waiting import until
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.tables import cases
from trackflow.tracking.tracker import Tracker, open_tracker

ORDERS = 150
LATER = BEGAN + 48 * HOUR
# Each order reminds once, as what was missed is not made up for, and is given up.
EACH = 2
SECONDS = 120
_spawn = multiprocessing.get_context("spawn")


@pytest.fixture
def timed(ledger: Ledger) -> Timed:
    """Orders whose timers are all due at `LATER`."""
    timed = Timed(ledger)
    ledger.create(Witness.create_tables)
    timed.deploy(REMINDER)
    for number in range(ORDERS):
        timed.hear("Order_Placed", f"order-{number}")
    return timed


@pytest.fixture
def crew(ledger_url: str) -> Iterator[Callable[[], SpawnProcess]]:
    """Starts processes with a tracker."""
    started: list[SpawnProcess] = []

    def start() -> SpawnProcess:
        started.append(_spawn.Process(target=_sweep, args=(ledger_url,), daemon=True))
        started[-1].start()
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.join()


def test_threads_fire_each_timer_once(timed: Timed) -> None:
    trackers = [_tracker(timed.ledger) for _ in range(6)]

    def sweep_all(sweep: Callable[[], bool]) -> None:
        while sweep():
            pass

    threads = [threading.Thread(target=sweep_all, args=(tracker.sweep,)) for tracker in trackers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)

    # One may have left while another held the last cases.
    sweep_all(trackers[0].sweep)
    _check(timed)


def test_processes_that_are_killed_at_it_fire_each_timer_once(
    timed: Timed, ledger_url: str, crew: Callable[[], SpawnProcess]
) -> None:
    if ledger_url == "sqlite://":
        pytest.skip("lives in one process")
    running = [crew() for _ in range(3)]

    for part in range(1, 4):
        until(lambda part=part: _fired(timed) >= part * ORDERS * EACH // 5, SECONDS, "some have fired")
        killed = running.pop(0)
        os.kill(killed.pid or 0, signal.SIGKILL)
        running.append(crew())

    until(lambda: _due(timed) == 0, SECONDS, "no timer is left")
    _check(timed)


def _check(timed: Timed) -> None:
    with timed.ledger.reading() as transaction:
        fired = Counter(transaction.execute(sa.select(Witness.fired.c.business_key)).scalars())
    assert fired == {f"order-{number}": EACH for number in range(ORDERS)}
    for (instance,) in timed.engine.histories(TENANT, fired).values():
        assert (instance.state, instance.end) == ("completed", "GivenUp")
        assert Counter(step.element for step in instance.path)["Remind"] == 1


def _fired(timed: Timed) -> int:
    with timed.ledger.reading() as transaction:
        return transaction.execute(sa.select(sa.func.count()).select_from(Witness.fired)).scalar_one()


def _due(timed: Timed) -> int:
    of_timers = sa.select(sa.func.count()).where(cases.c.timer_at.is_not(None))
    with timed.ledger.reading() as transaction:
        return transaction.execute(of_timers).scalar_one()


def _tracker(ledger: Ledger) -> Tracker:
    return open_tracker(ledger, Witness(ledger.database), TENANT, frozenset(), clock=lambda: LATER)


def _sweep(url: str) -> None:
    """A process with nothing to do but this."""
    tracker = _tracker(Ledger(url))
    tracker.start_sweeping()
    threading.Event().wait()
