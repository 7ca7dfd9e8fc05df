"""The projector of a board, also while the ledger cannot be opened: it begins as soon as it can."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from trackflow.errors import LedgerError
from trackflow.projection.limits import Limits
from trackflow.projection.models import DeployedModels
from trackflow.projection.projector import Progress, Projector

logger = logging.getLogger(__name__)

_AGAIN = 1.0  # seconds between two tries to open it
_ENDING = 2.0  # seconds that a step may still take


class Projecting:
    """Opens the projector once, whoever needs it first. All but `start` and `stop` raise LedgerError."""

    def __init__(self, open_projector: Callable[[], Projector]) -> None:
        self._open = open_projector
        self._opened: Projector | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether it projects by itself, or will when the ledger is there."""
        return self._thread is not None

    def opened(self) -> Projector:
        """The projector. The projection's tables exist then."""
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            return self._opened

    @property
    def models(self) -> DeployedModels:
        """The models that instances run on."""
        return self.opened().models

    @property
    def limits(self) -> Limits:
        """How long an order may be at an element."""
        return self.opened().limits

    def progress(self) -> Progress:
        """How far it is."""
        return self.opened().progress()

    def start(self) -> None:
        """Project until `stop`."""
        self._thread = threading.Thread(target=self._begin, name="opens-projector", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the present step."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_ENDING)
            self._thread = None
        if self._opened is not None:
            self._opened.stop(_ENDING)

    def _begin(self) -> None:
        while not self._stopping.is_set():
            try:
                projector = self.opened()
            except LedgerError as exc:
                logger.info("the ledger is away, trying again: %s", exc)
                self._stopping.wait(_AGAIN)
            else:
                projector.start()
                return
