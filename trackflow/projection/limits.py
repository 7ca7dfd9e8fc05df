"""How long an order may be at an element before it counts as stuck.

The first that there is:

1. the model's own word: the element's extension property `limit`;
2. the choreography's (`Choreography.limits`): of the event that the element waits for; behind an event-based
   gateway the shortest of them;
3. what was seen: three times the 99th percentile of the last 30 days, at least a minute, from 100 visits on.

The model goes before the choreography because it says more: an event can be awaited at two places. Of healthy
orders about one in a hundred takes longer than the percentile; three times as long is what few of them take,
whatever the shape of the distribution. A gateway that joins waits for others, which have limits themselves:
it has none by what was seen.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from trackflow.bpmn import Element, Model
from trackflow.messaging import Choreography
from trackflow.projection.histogram import Histogram
from trackflow.projection.models import DeployedModels
from trackflow.projection.tables import DAY, Measure, Tally, measures, tallies
from trackflow.tracking.ledger import Ledger

SHARE, FACTOR, FLOOR, VISITS, DAYS = 0.99, 3.0, 60.0, 100, 30
_STALE = 300.0  # seconds after which what was seen is read again

_PROCESSES = (
    select(tallies.c.process)
    .where(tallies.c.tenant == bindparam("t"), tallies.c.kind == Tally.STATE)
    .distinct()
)
_SEEN = select(measures.c.name, measures.c.histogram).where(
    measures.c.tenant == bindparam("t"),
    measures.c.process == bindparam("process"),
    measures.c.size == DAY,
    measures.c.start >= bindparam("since"),
    measures.c.kind == Measure.ELEMENT,
)


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit in seconds, and whose word it is: "model", "choreography" or "seen"."""

    seconds: float
    origin: str


class Limits:
    """One tenant's limits, for any thread."""

    def __init__(
        self,
        ledger: Ledger,
        tenant: str,
        models: DeployedModels,
        choreography: Choreography,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ledger = ledger
        self._tenant = tenant
        self._models = models
        self._choreography = choreography
        self._clock = clock
        self._seen: dict[tuple[str, str], Histogram] = {}
        self._read_at = 0.0
        self._limits: dict[tuple[str, int, str], Limit | None] = {}

    def refresh(self) -> None:
        """Read what was seen, if that is some minutes old. Raises LedgerError."""
        now = self._clock()
        if not 0 <= now - self._read_at < _STALE:
            self._seen = self._read(now - DAYS * DAY)
            self._limits, self._read_at = {}, now

    def of(self, process: str, version: int, element: str) -> Limit | None:
        """An element's limit; None: it has none yet."""
        key = (process, version, element)
        if key not in self._limits:
            self._limits[key] = self._find(self._models.of(process, version), process, element)
        return self._limits[key]

    def seconds(self, process: str, version: int, element: str) -> float | None:
        """The same as a number."""
        limit = self.of(process, version, element)
        return None if limit is None else limit.seconds

    def usual(self, process: str, element: str, share: float = 0.95) -> float | None:
        """In how many seconds this share of orders left an element; None: too few were seen."""
        seen = self._seen.get((process, element))
        return seen.quantile(share) if seen is not None and seen.count >= VISITS else None

    def _find(self, model: Model | None, process: str, element: str) -> Limit | None:
        found = model.elements.get(element) if model is not None else None
        if found is not None and found.limit is not None:
            return Limit(found.limit, "model")
        named = [self._choreography.limit_of(event) for event in _awaited(model, found)]
        if shortest := min(filter(None, named), default=None):
            return Limit(shortest, "choreography")
        longest = self.usual(process, element, SHARE)
        if longest is None or (found is not None and _only_joins(found)):
            return None
        return Limit(max(FLOOR, FACTOR * longest), "seen")

    def _read(self, since: float) -> dict[tuple[str, str], Histogram]:
        seen = defaultdict[tuple[str, str], Histogram](Histogram)
        with self._ledger.reading() as transaction:
            for process in transaction.execute(_PROCESSES, {"t": self._tenant}).scalars().all():
                values = {"t": self._tenant, "process": process, "since": since}
                for row in transaction.execute(_SEEN, values):
                    seen[process, row.name].merge(Histogram.from_json(row.histogram))
        return dict(seen)


def _awaited(model: Model | None, element: Element | None) -> list[str]:
    """The names of the messages that an element waits for."""
    if model is None or element is None:
        return []
    if element.type != "eventBasedGateway":
        return [element.message] if element.message else []
    behind = [model.elements[model.flows[flow].target] for flow in element.outgoing]
    return [each.message for each in behind if each.message]


def _only_joins(element: Element) -> bool:
    return element.type.endswith("Gateway") and element.type != "eventBasedGateway"
