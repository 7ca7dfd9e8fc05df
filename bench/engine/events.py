"""What an event costs where few instances have ended and where many have: the two ledgers in turn."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import mean, median

from bench.engine.crowd import Crowd
from bench.engine.statements import reads_too_much, recorded


@dataclass(frozen=True)
class Round:
    """Seconds of each event, in the ledger with few and in that with many."""

    few: Sequence[float]
    many: Sequence[float]

    @property
    def ratio(self) -> float:
        return median(self.many) / median(self.few)

    @property
    def ratio_of_means(self) -> float:
        """With what the slowest events cost."""
        return mean(self.many) / mean(self.few)


@dataclass
class Costs:
    """On one kind of database."""

    few: Crowd
    many: Crowd
    reads: int = 0  # of one event, at most
    writes: int = 0
    rounds: list[Round] = field(default_factory=list)


def costs(few: Crowd, many: Crowd, rounds: int, orders: int) -> Costs:
    """Raises RuntimeError: a statement of the engine's reads more than one order's rows."""
    measured = Costs(few, many)
    for crowd in (few, many):
        reads, writes = _statements(crowd, orders=25)
        measured.reads, measured.writes = max(measured.reads, reads), max(measured.writes, writes)
    _round(few, many, orders=25)  # what is opened once is open then
    measured.rounds = [_round(few, many, orders) for _ in range(rounds)]
    return measured


def _round(few: Crowd, many: Crowd, orders: int) -> Round:
    times: dict[int, list[float]] = {0: [], 1: []}
    crowds = (few, many)
    pairs = zip(few.orders(orders), many.orders(orders), strict=True)
    for number, pair in enumerate(pairs):
        for events in zip(*pair, strict=True):
            for which in (0, 1) if number % 2 else (1, 0):
                began = time.perf_counter()
                crowds[which].tell(events[which])
                times[which].append(time.perf_counter() - began)
    return Round(times[0], times[1])


def _statements(crowd: Crowd, orders: int) -> tuple[int, int]:
    """The most reads and writes of one event; every one of them is looked at."""
    reads = writes = 0
    for event in (event for order in crowd.orders(orders) for event in order):
        with crowd.ledger.writing() as transaction:
            with recorded(transaction) as statements:
                crowd.engine.correlate(event, transaction)
            for statement, parameters in statements:
                if too_much := reads_too_much(transaction, statement, parameters):
                    raise RuntimeError(f"{event}: {', '.join(too_much)}: {statement}")
        reads = max(reads, statements.reads)
        writes = max(writes, len(statements) - statements.reads)
    return reads, writes
