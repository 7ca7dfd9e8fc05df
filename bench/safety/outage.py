"""The engine is away: how fast events are recorded meanwhile, and how fast the backlog is told afterwards.

The tracker's queue is filled first; so what is measured is the tracker, not who publishes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text

from bench.far_away import Line
from bench.safety.filling import fill, orders, purge
from bench.system import TENANT, completed, environment, new_ledger, workers
from tests.waiting import until

_PATIENCE = 1200  # seconds
_QUEUE = "order_fulfillment"
_EVENTS = 4  # of an order


@dataclass(frozen=True)
class Rates:
    """What one tracker does."""

    told: float  # orders/s, with the engine there
    recorded: float  # events/s, with the engine away
    caught_up: float  # orders/s told of the backlog, from the moment when the engine is back

    @property
    def recorded_with_engine(self) -> float:
        return self.told * _EVENTS


def outage(amqp_url: str, engine_url: str, folder: Path, count: int, one_way: float) -> Rates:
    """Tell so many orders, then record as many while the engine is away, then catch up."""
    line = Line(engine_url, one_way)
    try:
        told = _tell(amqp_url, engine_url, line, folder, count)
        recorded, caught_up = _miss(amqp_url, engine_url, line, folder, count)
    finally:
        line.close()
    return Rates(told, recorded, caught_up)


def _tell(amqp_url: str, engine_url: str, line: Line, folder: Path, count: int) -> float:
    settings = _filled(amqp_url, line, folder, count)
    before = completed(engine_url)
    with workers(settings, (_QUEUE,)):
        until(lambda: completed(engine_url) > before, _PATIENCE, "the first order is told")
        first, began = completed(engine_url), time.perf_counter()
        until(lambda: completed(engine_url) - before == count, _PATIENCE, "all orders are told")
        return (before + count - first) / (time.perf_counter() - began)


def _miss(amqp_url: str, engine_url: str, line: Line, folder: Path, count: int) -> tuple[float, float]:
    settings = _filled(amqp_url, line, folder, count)
    ledger = create_engine(settings["LEDGER_URL"])
    before = completed(engine_url)
    line.cut()
    with workers(settings, (_QUEUE,)):
        until(lambda: _recorded(ledger) > 0, _PATIENCE, "the first event is recorded")
        first, began = _recorded(ledger), time.perf_counter()
        until(lambda: _recorded(ledger) == count * _EVENTS, _PATIENCE, "all events are recorded")
        recorded = (count * _EVENTS - first) / (time.perf_counter() - began)
        line.mend()
        began = time.perf_counter()
        until(lambda: completed(engine_url) - before == count, _PATIENCE, "the backlog is told")
        caught_up = count / (time.perf_counter() - began)
    ledger.dispose()
    return recorded, caught_up


def _filled(amqp_url: str, line: Line, folder: Path, count: int) -> dict[str, str]:
    queue = f"{TENANT}.{_QUEUE}"
    purge(amqp_url, queue)
    fill(amqp_url, queue, orders(TENANT, count))
    return environment(amqp_url, line.url, new_ledger(folder))


def _recorded(ledger) -> int:  # type: ignore[no-untyped-def]
    try:
        with ledger.connect() as connection:
            return connection.execute(text("SELECT count(*) FROM events")).scalar_one()
    except Exception:  # the worker has not made its tables yet
        return 0
