"""The engine is away: how fast events are recorded meanwhile, and how fast the backlog is told afterwards.

The tracker's queue is filled first; so what is measured is the tracker, not who publishes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import Engine, create_engine, text

from bench.far_away import Line
from bench.safety.filling import fill, orders, purge
from bench.system import TENANT, completed, environment, workers
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


def outage(amqp_url: str, engine_url: str, ledger_url: str, count: int, one_way: float) -> Rates:
    """Tell so many orders, then record as many while the engine is away, then catch up."""
    line = Line(engine_url, one_way)
    settings = environment(amqp_url, line.url, ledger_url)
    try:
        told = _tell(settings, engine_url, count)
        recorded, caught_up = _miss(settings, engine_url, line, count)
    finally:
        line.close()
    return Rates(told, recorded, caught_up)


def _tell(settings: dict[str, str], engine_url: str, count: int) -> float:
    _fill(settings, count)
    before = completed(engine_url)
    with workers(settings, (_QUEUE,)):
        until(lambda: completed(engine_url) > before, _PATIENCE, "the first order is told")
        first, began = completed(engine_url), time.perf_counter()
        until(lambda: completed(engine_url) - before == count, _PATIENCE, "all orders are told")
        return (before + count - first) / (time.perf_counter() - began)


def _miss(settings: dict[str, str], engine_url: str, line: Line, count: int) -> tuple[float, float]:
    _fill(settings, count)
    ledger = create_engine(settings["LEDGER_URL"])
    before, known = completed(engine_url), _recorded(ledger)
    everything = known + count * _EVENTS
    line.cut()
    with workers(settings, (_QUEUE,)):
        until(lambda: _recorded(ledger) > known, _PATIENCE, "the first event is recorded")
        first, began = _recorded(ledger), time.perf_counter()
        until(lambda: _recorded(ledger) == everything, _PATIENCE, "all events are recorded")
        recorded = (everything - first) / (time.perf_counter() - began)
        line.mend()
        began = time.perf_counter()
        until(lambda: completed(engine_url) - before == count, _PATIENCE, "the backlog is told")
        caught_up = count / (time.perf_counter() - began)
    ledger.dispose()
    return recorded, caught_up


def _fill(settings: dict[str, str], count: int) -> None:
    queue = f"{TENANT}.{_QUEUE}"
    purge(settings["AMQP_URL"], queue)
    fill(settings["AMQP_URL"], queue, orders(TENANT, count))


def _recorded(ledger: Engine) -> int:
    with ledger.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM events")).scalar_one())
