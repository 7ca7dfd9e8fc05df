"""The projector: keeps the projection up to date, in a thread of its own.

Only one board projects a tenant; the projectors of the others wait until its lease is free.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from sqlalchemy import bindparam, delete, func, select

from trackflow.engines.port import Engine
from trackflow.errors import LedgerError
from trackflow.messaging import Choreography
from trackflow.projection import pace
from trackflow.projection.alarms import Alarms
from trackflow.projection.hook import hook_of
from trackflow.projection.limits import Limits
from trackflow.projection.models import DeployedModels
from trackflow.projection.reading import Reader
from trackflow.projection.steps import Speed, Steps
from trackflow.projection.tables import (
    Tally,
    awaited,
    create_tables,
    measures,
    places,
    projectors,
    standings,
    tallies,
)
from trackflow.tracking.ledger import Ledger

logger = logging.getLogger(__name__)

_SHOWN = select(func.sum(tallies.c.number)).where(
    tallies.c.tenant == bindparam("t"), tallies.c.kind == Tally.STATE
)
_REACHED = select(projectors.c.reached_at).where(projectors.c.tenant == bindparam("t"))
_FILLED = (standings, places, awaited, tallies, measures, projectors)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the projection is.

    Attributes:
        left: how many orders have changed since they were shown.
        behind: for how many seconds the one that waits longest has done so.
        share: while it is filled for the first time, how much of it is done (0 to 1); None: that is over.
        holds: whether it is this board that projects.
        error: what went wrong last in this process; None: nothing does.
        since: when that began.
    """

    left: int
    behind: float
    share: float | None
    holds: bool
    error: str | None
    since: datetime | None


class Projector:
    """One tenant's.

    Attributes:
        models: the models that instances run on.
        limits: how long an order may be at an element.
    """

    def __init__(
        self,
        ledger: Ledger,
        engine: Engine,
        tenant: str,
        choreography: Choreography,
        *,
        speed: Speed | None = None,
        hook: str | None = None,
        url: str = "",
    ) -> None:
        """`hook`: what is told of stuck orders (see `hook_of`); `url`: the board's own address.

        Raises LedgerError, and ValueError for a hook that is none.
        """
        self._ledger = ledger
        self._tenant = tenant
        ledger.create(create_tables)
        self._steps = Steps(ledger, engine, tenant, choreography, speed=speed, has_hook=hook is not None)
        self._reader = Reader(ledger, tenant)
        self._url = url
        self._stopping = threading.Event()
        self._alarms: Alarms | None = None
        if hook is not None:
            fire = hook_of(hook, self._stopping.wait)
            self._alarms = Alarms(ledger, tenant, fire, self._name_of, self._url_of)
        self._threads: list[threading.Thread] = []
        self._error: str | None = None
        self._error_since: datetime | None = None

    @property
    def models(self) -> DeployedModels:
        """The models that instances run on."""
        return self._steps.models

    @property
    def limits(self) -> Limits:
        """How long an order may be at an element."""
        return self._steps.limits

    def step(self) -> bool:
        """One batch, in the caller's thread. False: nothing is left to do now. Raises LedgerError."""
        return self._steps.step()

    def fire(self) -> int:
        """Tell the hook of stuck orders, in this thread; how many it was told of. Raises LedgerError."""
        return self._alarms.fire() if self._alarms is not None else 0

    def start(self) -> None:
        """Project until `stop`, in threads that do not keep the process alive."""
        works: list[tuple[str, Callable[[], None]]] = [("projector", self._project)]
        if self._alarms is not None:
            works.append(("alarms", self._fire))  # a hook that hangs must not stop the projector
        for name, work in works:
            thread = threading.Thread(target=work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self, wait: float = 5.0) -> None:
        """End after the present step, and let another board go on. Waits up to so many seconds."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(wait)
        self._threads = []

    def progress(self) -> Progress:
        """How far it is, for any thread. Raises LedgerError."""
        left, behind = self._reader.left(), self._reader.behind()
        with self._ledger.reading() as transaction:
            of_tenant = {"t": self._tenant}
            reached_at = transaction.execute(_REACHED, of_tenant).scalar()
            shown = transaction.execute(_SHOWN, of_tenant).scalar() or 0
        share = shown / (shown + left) if reached_at is None and left else None
        error, since = self._error, self._error_since
        return Progress(left, behind, share, self._steps.holds, error, since)

    def rebuild(self) -> None:
        """Forget all but the alarms: whoever takes the lease next begins again. Raises LedgerError."""
        with self._ledger.writing() as transaction:
            for table in _FILLED:
                transaction.execute(delete(table).where(table.c.tenant == self._tenant))

    def _project(self) -> None:
        while not self._stopping.is_set():
            self._stopping.wait(self._work())
        try:
            self._steps.give_back()
        except LedgerError as exc:
            logger.info("the lease ends by itself: %s", exc)

    def _work(self) -> float:
        """One step; how many seconds to rest after it."""
        began = time.monotonic()
        try:
            more = self._steps.step()
        except LedgerError as exc:
            self._note(str(exc))
            return pace.ABSENT
        except Exception as exc:  # a mistake of ours must not end it for ever
            logger.exception("cannot project, trying again")
            self._note(f"{type(exc).__name__}: {exc}")
            return pace.ABSENT
        self._note(self._steps.asking.error)
        if not self._steps.holds:
            return pace.ABSENT
        return pace.rest(time.monotonic() - began, busy=self._steps.busy, more=more)

    def _fire(self) -> None:
        assert self._alarms is not None
        while not self._stopping.wait(1.0):
            try:
                while self._goes_on() and self._alarms.fire(self._goes_on):
                    pass
            except LedgerError as exc:
                logger.warning("the ledger is away, trying again: %s", exc)
            except Exception:
                logger.exception("cannot tell of a stuck order, trying again")

    def _goes_on(self) -> bool:
        return self._steps.holds and not self._stopping.is_set()

    def _note(self, error: str | None) -> None:
        if (error is None) != (self._error is None):
            self._error_since = None if error is None else datetime.now(UTC)
        self._error = error

    def _name_of(self, process: str, version: int, element: str) -> str | None:
        model = self.models.of(process, version)
        found = model.elements.get(element) if model is not None else None
        return found.name if found is not None else None

    def _url_of(self, business_key: str) -> str:
        return f"{self._url.rstrip('/')}/order?key={quote(business_key, safe='')}"
