"""Other cases that are reached by what is told to one: its signal moves their instances.

Each is locked before the engine looks at its instances, as the first one was, so that of two trackers neither
overwrites what the other did.
"""

from __future__ import annotations

from collections.abc import Iterable

from trackflow.engines.answers import Moved
from trackflow.tracking.case import Case
from trackflow.tracking.cases import Cases


class Neighbours:
    """Of one case, for one event or timer."""

    def __init__(self, cases: Cases, case: Case) -> None:
        self._cases = cases
        self._case = case
        self._locked: dict[str, Case] = {}

    def lock(self, business_key: str) -> None:
        """Keep everybody else off a case until the end of the transaction. See `Turn`."""
        self._locked[business_key] = self._cases.lock_beside(self._case, business_key)

    def moved(self, moved: Iterable[Moved]) -> None:
        """Their instances have moved: whoever waits there may have become possible."""
        for each in moved:
            case = self._locked[each.business_key]
            case.timer_at = each.due_at
            case.moved()
            case.save()
