"""Repairs the one thing that the protocol cannot rule out: a request that outlives the quarantine.

If it was a start event's, and the event was told again, then the event has made two instances.
"""

from __future__ import annotations

import logging

from trackflow.engines.port import RemoteEngine
from trackflow.tracking.breaker import Breaker
from trackflow.tracking.cases import Cases
from trackflow.tracking.open_event import OpenEvent

logger = logging.getLogger(__name__)


class Repair:
    """Ends the twins of an instance."""

    def __init__(self, engine: RemoteEngine, breaker: Breaker, cases: Cases) -> None:
        self._engine = engine
        self._breaker = breaker
        self._cases = cases

    def end_twins(self, event: OpenEvent) -> bool:
        """Of the instances that the start event of this event's case has made let only the oldest run on.

        Whether there was more than one; then it is logged, and kept as the start event's reason.
        Raises EngineUnreachable, LedgerError.
        """
        key = event.message.business_key
        start = self._cases.start_event(key)
        if start is None:
            return False
        with self._breaker.watching():
            ended = self._engine.end_twins(start.message)
        if ended:
            reason = f"it had started {ended + 1} instances: the oldest runs on, the others were ended"
            logger.warning("%s %s: %s", start.message, start.id, reason)
            self._cases.change(key, lambda case: case.explain(start, reason))
        return ended > 0
