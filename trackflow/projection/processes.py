"""Which processes there are orders of, in which versions, and when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import Connection, func, select

from trackflow.projection.period import Period
from trackflow.projection.tables import NO_PROCESS, Measure, Tally, measures, tallies

_BUSY = (Measure.STARTED, Measure.ENDED)  # without either a period is empty


def orders_by_version(transaction: Connection, tenant: str) -> Mapping[str, Mapping[int, int]]:
    """For each process: how many orders each version of its model has or had."""
    counted = select(tallies.c.process, tallies.c.version, func.sum(tallies.c.number).label("number")).where(
        tallies.c.tenant == tenant, tallies.c.process != NO_PROCESS, tallies.c.kind == Tally.STATE
    )
    found: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for row in transaction.execute(counted.group_by(tallies.c.process, tallies.c.version)):
        found[row.process][row.version] = int(row.number)
    return found


def nearest(
    transaction: Connection, tenant: str, process: str, period: Period, version: int | None = None
) -> Period | None:
    """The last period of this length before this one in which something happened, else the first after it.

    None if nothing ever happened.
    """
    wanted = [
        measures.c.tenant == tenant,
        measures.c.process == process,
        measures.c.size == period.size,
        measures.c.kind.in_(_BUSY),
    ]
    if version is not None:
        wanted.append(measures.c.version == version)
    start = measures.c.start
    last = select(func.max(start)).where(*wanted, start < period.start)
    if (found := transaction.execute(last).scalar_one()) is not None:
        end = int(found) + period.size
        return Period(end - period.seconds, end, period.size)
    first = select(func.min(start)).where(*wanted, start >= period.end)
    if (found := transaction.execute(first).scalar_one()) is not None:
        return Period(int(found), int(found) + period.seconds, period.size)
    return None
