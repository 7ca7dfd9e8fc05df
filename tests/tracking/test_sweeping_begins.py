"""Where the tracker runs, overdue cases are looked after from the start, whatever state the ledger is in."""

import logging
import threading
from pathlib import Path

import pytest
from celery import Celery, signals

from tests.messaging.shop import shop_app
from tests.waiting import until
from trackflow import Message
from trackflow.tracking.service import TrackingService


class Consumer:
    """What says that a worker is ready."""

    def __init__(self, app: Celery) -> None:
        self.app = app
        self.pool = object()


def sweepers() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("sweeper")}


def test_a_tracker_that_starts_while_the_ledger_is_away_sweeps_when_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # Given a tracker whose ledger cannot be opened
    folder, before = tmp_path / "away", sweepers()
    app = shop_app("shop", folder)

    @app.task(base=TrackingService, name="witness", shared=False)
    def witness(event: Message) -> None:
        app.trackflow.tracker.handle(event)

    with caplog.at_level(logging.WARNING, "trackflow.workers"):
        signals.worker_ready.send(sender=Consumer(app))
        until(lambda: "the ledger is away" in caplog.text, 30, "it has tried")
    assert sweepers() <= before
    # When the ledger is back
    folder.mkdir()
    # Then the tracker sweeps
    until(lambda: sweepers() - before, 30, "it sweeps")
    app.trackflow.tracker.stop(wait=10)


def test_threads_that_first_ask_at_the_same_time_get_one_ledger(tmp_path: Path) -> None:
    # Given an app that nobody has used yet
    trackflow = shop_app("shop", tmp_path).trackflow
    together, found = threading.Barrier(8), list[object]()

    def ask() -> None:
        together.wait()
        found.append(trackflow.ledger)

    # When several threads ask for its ledger at once
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Then all have the same
    assert len(found) == 8
    assert len(set(map(id, found))) == 1
