"""One step of the projector: from cases that changed, and what the engine says of them, to its tables.

Read a batch of cases that are not shown yet, ask the engine where their orders are, and write what is
different in one transaction. A step that dies in between has written nothing, and the next one begins again.
Whatever changes meanwhile is seen by the next step (see `reading`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from trackflow.engines.port import Engine
from trackflow.messaging import Choreography
from trackflow.projection import alarms
from trackflow.projection.asking import Asking, Histories
from trackflow.projection.lease import SECONDS, Lease, LeaseLost
from trackflow.projection.limits import Limits
from trackflow.projection.models import DeployedModels
from trackflow.projection.reading import Batch, Reader
from trackflow.projection.standing import Case, Standings
from trackflow.projection.writing import Changes, Writer
from trackflow.tracking.ledger import Ledger

logger = logging.getLogger(__name__)

_RENEWED = SECONDS / 3  # how often the lease is renewed at least
_REACHED = 2.0  # how often `reached_at` is written while nothing else is
_BUSY = 2.0  # seconds: a case that changed since then says that trackers are at work


@dataclass(frozen=True, slots=True)
class Speed:
    """How much the projector does.

    Attributes:
        batch: orders in a step at most, while trackers are at work: they wait for its commit.
        idle_batch: the same while they are not.
        asked_again: orders a second that are asked about although no event came: timers and people move
            instances too.
        asked_after: seconds for which an order is not asked about again.
    """

    batch: int = 100
    idle_batch: int = 500
    asked_again: float = 50.0
    asked_after: float = 10.0


class Steps:
    """Of one tenant, for one thread; others may read the attributes.

    Attributes:
        models: as they are deployed.
        limits: how long an order may be at an element.
        asking: whether the engine answers.
        holds: whether this is the board that projects the tenant.
        busy: trackers were at work at the last step.
    """

    def __init__(
        self,
        ledger: Ledger,
        engine: Engine,
        tenant: str,
        choreography: Choreography,
        *,
        speed: Speed | None = None,
        has_hook: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.models = DeployedModels(engine, tenant)
        self.limits = Limits(ledger, tenant, self.models, choreography)
        self.asking = Asking(engine, tenant)
        self.holds = False
        self.busy = False
        self._speed = speed or Speed()
        self._has_hook = has_hook
        self._clock = clock
        self._reader = Reader(ledger, tenant)
        self._lease = Lease(ledger, tenant)
        self._writer = Writer(ledger, tenant, self._lease)
        self._standings = Standings(tenant, self.models.of, self.limits.seconds)
        self._renewed_at = self._reached_at = -SECONDS
        self._asked_at = clock() - 1.0
        self._back_at: float | None = None  # the database's time when the engine came back

    def step(self) -> bool:
        """Do the next piece of work. False: there is none, or another board does it. Raises LedgerError."""
        if not self._has_lease():
            return False
        try:
            self.limits.refresh()
            return self._step()
        except LeaseLost:
            self.holds = False
            return False

    def give_back(self) -> None:
        """Let another board go on at once. Raises LedgerError."""
        if self.holds:
            self.holds = False
            self._lease.give_back()

    def _has_lease(self) -> bool:
        """Asked of the database now and then: whatever is written asks again."""
        if self._clock() - self._renewed_at >= _RENEWED:
            self.holds, self._renewed_at = self._lease.take(), self._clock()
        return self.holds

    def _step(self) -> bool:
        size = self._speed.batch if self.busy else self._speed.idle_batch
        batch = self._reader.unshown(size)
        self.busy = any(case.unshown > batch.now - _BUSY for case in batch.cases.values() if case.unshown)
        self._project(batch, reached_at=None if batch.is_full else batch.now)
        more = self._fall_late(size, batch.now) or batch.is_full
        if not more and not self.asking.is_away:
            more = self._ask_unknown(size, batch.now)
            self._ask_again(size, batch.now)
        return more

    def _project(self, batch: Batch, reached_at: float | None = None) -> None:
        found = self.asking.histories(list(batch.cases))
        changes = Changes()
        for case in batch.cases.values():
            self._note(changes, case, found, batch)
        is_due = reached_at is not None and self._clock() - self._reached_at >= _REACHED
        if batch.cases or is_due:
            self._writer.write(changes, batch.now, reached_at)
            self._reached_at = self._clock() if reached_at is not None else self._reached_at

    def _note(self, changes: Changes, case: Case, found: Histories, batch: Batch) -> None:
        before, instances = batch.shown.get(case.business_key), found.get(case.business_key)
        after = self._standings.stand(case, instances, before, batch.now)
        if case.business_key in found:
            after.standing["asked_at"] = batch.now
        changes.differ(before, after)
        was_measured = before is not None and before.standing["measured"]
        if instances and after.standing["measured"] and not was_measured:
            changes.measured.end(after.standing, instances, self.models.of)
        changes.alarms += alarms.raised(before, after, batch.now, has_hook=self._has_hook)
        if case.unshown is not None:
            changes.read[case.business_key] = case.unshown

    def _fall_late(self, size: int, now: float) -> bool:
        """Places whose limit is reached while nothing else happens. Whether there may be more."""
        falling, changes = self._reader.falling_late(size, now), Changes()
        for before in falling.values():
            after = before.late_by(now)
            changes.differ(before, after)
            changes.alarms += alarms.raised(before, after, now, has_hook=self._has_hook)
        if falling:
            self._writer.write(changes, now)
        return len(falling) == size

    def _ask_unknown(self, size: int, now: float) -> bool:
        """Orders whose state the engine was not there to say, once it is back. Whether there may be more."""
        if not self.asking.came_back:
            return False
        self._back_at = self._back_at or now
        keys = self._reader.unknown(size, self._back_at)
        self._project(self._reader.these(keys))
        if keys and self.asking.error is None:
            return True
        self.asking.came_back, self._back_at = bool(keys), None
        return False

    def _ask_again(self, size: int, now: float) -> None:
        """Those that may have moved without an event."""
        elapsed = self._clock() - self._asked_at
        limit = min(size, int(elapsed * self._speed.asked_again))
        if limit:
            self._asked_at += elapsed
            keys = self._reader.may_have_moved(limit, now - self._speed.asked_after)
            self._project(self._reader.these(keys))
