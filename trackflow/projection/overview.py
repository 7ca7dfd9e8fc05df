"""Whether orders flow, and where they are now: figures that are kept (`tallies`, `measures`), never counted.

However many orders there are, it reads a row for each element, state and hour, and the oldest order of each
process.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import BindParameter, Connection, bindparam, func, select

from trackflow.projection.tables import (
    HOUR,
    NO_PROCESS,
    Measure,
    Tally,
    measures,
    projectors,
    standings,
    tallies,
)

HOURS = 24  # of the past that is shown

_OF_TENANT: BindParameter[str] = bindparam("tenant")
_TALLIES = select(tallies).where(tallies.c.tenant == _OF_TENANT, tallies.c.number > 0)
_ENDED = (
    select(measures.c.start, func.sum(measures.c.number))
    .where(
        measures.c.tenant == _OF_TENANT,
        measures.c.process == bindparam("process"),
        measures.c.size == HOUR,
        measures.c.start >= bindparam("first"),
        measures.c.kind == Measure.ENDED,
    )
    .group_by(measures.c.start)
)
_OLDEST = (
    select(standings.c.started_at, standings.c.business_key)
    .where(
        standings.c.tenant == _OF_TENANT,
        standings.c.process == bindparam("process"),
        standings.c.state == bindparam("state"),
    )
    .order_by(standings.c.started_at, standings.c.business_key)
    .limit(1)
)
_LAST_EVENT = (
    select(standings.c.updated_at)
    .where(standings.c.tenant == _OF_TENANT)
    .order_by(standings.c.updated_at.desc())
    .limit(1)
)
_REACHED = select(projectors.c.reached_at).where(projectors.c.tenant == _OF_TENANT)


@dataclass(frozen=True, slots=True)
class Oldest:
    """The order of a state that began first."""

    business_key: str
    started_at: float


@dataclass(frozen=True, slots=True)
class ProcessNow:
    """One process's orders now.

    Attributes:
        process: its id; NO_PROCESS: the orders that have no instance.
        version: the newest one that has an order.
        states: how many orders are in which state.
        running_before: how many run on an earlier version than `version`.
        refused: orders with an event that the engine refused.
        late_orders: orders that wait longer than a limit.
        places: how many orders are at which element, whatever their version.
        late_places: of these, how many are late.
        ended: orders that ended in each of the last HOURS hours, the hour that runs now at the end.
        oldest: the order that runs the longest (without a process: waits); None if none does.
    """

    process: str
    version: int
    states: Mapping[str, int]
    running_before: int
    refused: int
    late_orders: int
    places: Mapping[str, int]
    late_places: Mapping[str, int]
    ended: Sequence[int]
    oldest: Oldest | None

    @property
    def running(self) -> int:
        """Orders that run now."""
        return self.states.get("running", 0)


@dataclass(frozen=True, slots=True)
class Overview:
    """All processes of a tenant. Times are epoch seconds.

    Attributes:
        taken_at: when this was read.
        reached_at: everything that the ledger had then is counted; None: it is filled for the first time.
        last_event_at: when an event came last; None: never.
        first_hour: when the first of the hours in `ended` began.
        processes: those that have orders, the one with most that run first.
        without_process: the orders that have no instance.
    """

    taken_at: float
    reached_at: float | None
    last_event_at: float | None
    first_hour: int
    processes: Sequence[ProcessNow]
    without_process: ProcessNow

    @property
    def all(self) -> Sequence[ProcessNow]:
        """The processes, and what has none."""
        return *self.processes, self.without_process

    @property
    def orders(self) -> int:
        """All orders, whatever their state."""
        return sum(sum(each.states.values()) for each in self.all)

    @property
    def running(self) -> int:
        """Orders that run now."""
        return sum(each.running for each in self.all)

    @property
    def refused(self) -> int:
        """Orders with an event that the engine refused."""
        return sum(each.refused for each in self.all)

    @property
    def late(self) -> int:
        """Orders that wait longer than a limit."""
        return sum(each.late_orders for each in self.all)

    @property
    def ended(self) -> Sequence[int]:
        """Orders that ended in each hour."""
        return [sum(hour) for hour in zip(*(each.ended for each in self.all), strict=True)]


def overview(transaction: Connection, tenant: str, now: float) -> Overview:
    """The figures of a tenant; `now` is epoch seconds."""
    first = int(now // HOUR - HOURS + 1) * HOUR
    reader = _Reader(transaction, tenant, first)
    counted = reader.counts()
    processes = [reader.process(name, counts) for name, counts in counted.items() if name != NO_PROCESS]
    return Overview(
        taken_at=now,
        reached_at=transaction.execute(_REACHED, {"tenant": tenant}).scalar(),
        last_event_at=transaction.execute(_LAST_EVENT, {"tenant": tenant}).scalar(),
        first_hour=first,
        processes=sorted(processes, key=lambda each: (-each.running, each.process)),
        without_process=reader.process(NO_PROCESS, counted.get(NO_PROCESS, _Counts()), waiting="waiting"),
    )


@dataclass(slots=True)
class _Counts:
    """The tallies of one process."""

    kinds: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    versions: set[int] = field(default_factory=set)
    running: Counter[int] = field(default_factory=Counter)  # by version

    def add(self, version: int, kind: str, name: str, number: int) -> None:
        self.kinds[kind][name] += number
        if kind == Tally.STATE:
            self.versions.add(version)
            if name == "running":
                self.running[version] += number


class _Reader:
    """Reads one tenant's figures in one transaction."""

    def __init__(self, transaction: Connection, tenant: str, first: int) -> None:
        self._transaction = transaction
        self._tenant = tenant
        self._first = first

    def counts(self) -> Mapping[str, _Counts]:
        found: defaultdict[str, _Counts] = defaultdict(_Counts)
        for row in self._transaction.execute(_TALLIES, {"tenant": self._tenant}):
            found[row.process].add(row.version, row.kind, row.name, row.number)
        return found

    def process(self, name: str, counts: _Counts, waiting: str = "running") -> ProcessNow:
        states = counts.kinds[Tally.STATE]
        version = max(counts.versions, default=0)
        return ProcessNow(
            process=name,
            version=version,
            states=dict(states),
            running_before=sum(number for each, number in counts.running.items() if each < version),
            refused=counts.kinds[Tally.REFUSED][""],
            late_orders=counts.kinds[Tally.LATE_ORDERS][""],
            places=dict(counts.kinds[Tally.ELEMENT]),
            late_places=dict(counts.kinds[Tally.LATE]),
            ended=self._ended(name),
            oldest=self._oldest(name, waiting) if states[waiting] else None,
        )

    def _ended(self, process: str) -> Sequence[int]:
        given = {"tenant": self._tenant, "process": process, "first": self._first}
        hours = {start: int(number) for start, number in self._transaction.execute(_ENDED, given)}
        return tuple(hours.get(self._first + hour * HOUR, 0) for hour in range(HOURS))

    def _oldest(self, process: str, state: str) -> Oldest | None:
        given = {"tenant": self._tenant, "process": process, "state": state}
        row = self._transaction.execute(_OLDEST, given).first()
        return row and Oldest(row.business_key, row.started_at)
