"""Orders as they might have been, and the rows of `measures` that a projector would write of them."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from trackflow.projection.histogram import Histogram
from trackflow.projection.tables import DAY, HOUR, Measure, Tally, create_tables, measures, tallies
from trackflow.tracking.ledger import Ledger

TENANT, PROCESS = "showcase", "order_fulfillment"


class Visit(NamedTuple):
    element: str
    seconds: float


@dataclass(frozen=True)
class PastOrder:
    """One order; times are epoch seconds."""

    started: float
    ended: float | None = None
    state: str = "completed"
    version: int = 1
    visits: tuple[Visit, ...] = ()
    deviations: tuple[str, ...] = ()

    @property
    def counts(self) -> Iterator[tuple[float, str, str, float | None]]:
        """When, kind, name, and how long."""
        yield self.started, Measure.STARTED, "", None
        if self.ended is None:
            return
        yield self.ended, Measure.ENDED, self.state, self.ended - self.started
        for visit in self.visits:
            yield self.ended, Measure.ELEMENT, visit.element, visit.seconds
        for element in {visit.element for visit in self.visits}:
            yield self.ended, Measure.VISITED, element, None
        for one, other in zip(self.visits, self.visits[1:], strict=False):
            yield self.ended, Measure.FLOW, f"{one.element}>{other.element}", None
        for deviation in self.deviations:
            yield self.ended, Measure.DEVIATION, deviation, None
        if not self.deviations:
            yield self.ended, Measure.FOLLOWED, "", None


def fill(ledger: Ledger, orders: Iterable[PastOrder], process: str = PROCESS, tenant: str = TENANT) -> None:
    """Write the rows of some orders, which must be all of their hours."""
    numbers: Counter[tuple[int, int, int, str, str]] = Counter()
    histograms: defaultdict[tuple[int, int, int, str, str], Histogram] = defaultdict(Histogram)
    states: Counter[tuple[int, str]] = Counter()
    for order in orders:
        states[order.version, order.state if order.ended else "running"] += 1
        for at, kind, name, seconds in order.counts:
            for size in (HOUR, DAY):
                key = (size, int(at // size) * size, order.version, kind, name)
                numbers[key] += 1
                if seconds is not None:
                    histograms[key].add(seconds)
    ledger.create(create_tables)
    of = {"tenant": tenant, "process": process}
    rows = [
        {
            **of,
            **dict(zip(("size", "start", "version", "kind", "name"), key, strict=True)),
            "number": number,
            "histogram": histograms[key].to_json() if key in histograms else None,
        }
        for key, number in numbers.items()
    ]
    kept = [
        {**of, "version": version, "kind": Tally.STATE, "name": state, "number": number}
        for (version, state), number in states.items()
    ]
    with ledger.writing() as transaction:
        for table, content in ((measures, rows), (tallies, kept)):
            if content:
                transaction.execute(sa.insert(table), content)


def random_orders(seed: int, number: int, since: float, until: float) -> Sequence[PastOrder]:
    """Orders of several versions that branch, loop, end badly, deviate, or have not ended."""
    chance = random.Random(seed)
    orders = []
    for _ in range(number):
        elements = ["start", "wait"]
        while chance.random() < 0.3:
            elements += ["check", "wait"]
        elements += [chance.choice(("ship", "pick up")), "end"]
        visits = tuple(Visit(each, chance.lognormvariate(3, 2)) for each in elements)
        started = chance.uniform(since, until)
        ended = started + sum(visit.seconds for visit in visits)
        orders.append(
            PastOrder(
                started=started,
                ended=ended if chance.random() < 0.9 else None,
                state=chance.choice(("completed", "completed", "completed", "terminated")),
                version=chance.randint(1, 3),
                visits=visits,
                deviations=tuple(d for d in ("early:Paid", "unmatched:Paid") if chance.random() < 0.1),
            )
        )
    return orders
