"""Asks the engine where orders are, and leaves it alone for a while when it gives no answer."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from trackflow.engines.answers import Instance
from trackflow.engines.port import Engine
from trackflow.errors import EngineError

logger = logging.getLogger(__name__)

Histories = dict[str, list[Instance] | None]

_PAUSE = 5.0  # seconds; longer if it took long to notice that it is away


class Asking:
    """Of one tenant.

    Attributes:
        error: why the engine gave no answer the last time; None: it did.
        came_back: it answers again, after it did not; also the first time.
    """

    def __init__(self, engine: Engine, tenant: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._tenant = tenant
        self._clock = clock
        self._away_until = 0.0
        self.error: str | None = None
        self.came_back = True

    @property
    def is_away(self) -> bool:
        """Whether it is not to be asked now."""
        return self.error is not None and self._clock() < self._away_until

    def histories(self, business_keys: Sequence[str]) -> Histories:
        """As `Engine.histories`; None for an order whose history cannot be read; empty while it is away."""
        if self.is_away or not business_keys:
            return {}
        began = self._clock()
        try:
            found = self._readable(business_keys)
        except EngineError as exc:
            now = self._clock()
            self._away_until = now + max(_PAUSE, 3 * (now - began))
            self.error = str(exc)
            return {}
        self.came_back |= self.error is not None
        self.error = None
        return found

    def _readable(self, business_keys: Sequence[str]) -> Histories:
        try:
            return dict(self._engine.histories(self._tenant, business_keys))
        except EngineError:
            raise
        except Exception:  # one order must not stop all others
            if len(business_keys) == 1:
                logger.exception("cannot read the history of %r", business_keys[0])
                return {business_keys[0]: None}
        return {key: each for one in business_keys for key, each in self._readable([one]).items()}
