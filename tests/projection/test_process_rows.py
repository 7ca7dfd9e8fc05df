"""What is asked of the tables about processes, on each database."""

from tests.projection.measured import PROCESS, TENANT, PastOrder, Visit, fill
from trackflow.projection.period import Period
from trackflow.projection.processes import nearest, orders_by_version
from trackflow.projection.statistics import read, statistics
from trackflow.projection.tables import DAY
from trackflow.tracking.ledger import Ledger

MIDNIGHT = 20_000 * DAY
WEEK = Period(MIDNIGHT - 7 * DAY, MIDNIGHT, DAY)


def test_a_period_and_a_version_are_read_and_nothing_else(ledger: Ledger) -> None:
    visits = (Visit("wait", 60),)
    fill(
        ledger,
        [
            PastOrder(WEEK.start, WEEK.start + 60, version=1, visits=visits),
            PastOrder(WEEK.end - 61, WEEK.end - 1, version=2, visits=visits),
            PastOrder(WEEK.end, WEEK.end + 60, version=2, visits=visits),
            PastOrder(WEEK.start - 61, WEEK.start - 1, version=2, visits=visits),
        ],
    )

    with ledger.reading() as transaction:
        both = statistics(read(transaction, TENANT, PROCESS, WEEK), WEEK)
        second = statistics(read(transaction, TENANT, PROCESS, WEEK, 2), WEEK)

    assert (both.started, both.ended, both.elements["wait"].visits) == (2, 2, 2)
    assert (second.started, second.ended, second.elements["wait"].visits) == (1, 1, 1)


def test_versions_and_the_nearest_period_are_found(ledger: Ledger) -> None:
    fill(ledger, [PastOrder(WEEK.start - 9 * DAY, version=1), PastOrder(WEEK.end + 3 * DAY, version=2)])

    with ledger.reading() as transaction:
        assert orders_by_version(transaction, TENANT) == {PROCESS: {1: 1, 2: 1}}
        before = nearest(transaction, TENANT, PROCESS, WEEK)
        after = nearest(transaction, TENANT, PROCESS, WEEK, 2)
        nothing = nearest(transaction, TENANT, PROCESS, WEEK, 3)

    assert before == Period(WEEK.start - 15 * DAY, WEEK.start - 8 * DAY, DAY)
    assert after == Period(WEEK.end + 3 * DAY, WEEK.end + 10 * DAY, DAY)
    assert nothing is None
