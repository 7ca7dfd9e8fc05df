"""Whether what the board shows has changed: a few rows of the projection, the parts' health, dead letters."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import bindparam, func, select

from trackflow.board.health import Health
from trackflow.board.repair.letters import LetterBox
from trackflow.projection.tables import standings, tallies
from trackflow.tracking.ledger import Ledger

_LAST = select(func.max(standings.c.updated_at)).where(standings.c.tenant == bindparam("t"))
_COUNTS = select(tallies).where(tallies.c.tenant == bindparam("t"))


@dataclass(frozen=True, slots=True)
class Tick:
    """Something has changed. `at` is UTC."""

    at: datetime


class Pulse:
    """Compares what is shown now with what it was. `look` is for one thread; it raises LedgerError."""

    def __init__(self, ledger: Callable[[], Ledger], tenant: str, health: Health, letters: LetterBox) -> None:
        self._ledger = ledger
        self._tenant = tenant
        self._health = health
        self._letters = letters
        self._last: Hashable = None

    def begin(self) -> None:
        """Take what is shown now as known."""
        self._last = self._now()

    def look(self) -> Sequence[Tick]:
        """A tick if something has changed since the last look."""
        before, self._last = self._last, self._now()
        return (Tick(datetime.now(UTC)),) if before != self._last else ()

    def _now(self) -> Hashable:
        elsewhere = (self._health.changes, self._letters.readings)
        if self._health.report.ledger.state == "away":
            return elsewhere
        with self._ledger().reading() as transaction:
            last = transaction.execute(_LAST, {"t": self._tenant}).scalar()
            counts = transaction.execute(_COUNTS, {"t": self._tenant}).all()
        return *elsewhere, last, tuple(sorted(map(tuple, counts)))
