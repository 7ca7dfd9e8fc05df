"""The breaker: spares a silent engine, and the time of whoever would wait for it. One a process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from trackflow.errors import AnswerUnknown, EngineUnreachable
from trackflow.tracking.lease import Timing, uptime


class Breaker:
    """Opens after some requests in a row without an answer; then lets one probe through at a time."""

    def __init__(self, timing: Timing, request: float) -> None:
        self._timing = timing
        self._patience = 2 * request  # a probe that takes longer has died
        self._lock = threading.Lock()
        self._lost = 0
        self._probe_at = 0.0

    @property
    def open(self) -> bool:
        """Whether events are only recorded for now."""
        return self._lost >= self._timing.lost_answers

    def allows_probe(self) -> bool:
        """Whether the engine may be asked now. While it is open, True makes the caller the one probe."""
        with self._lock:
            if not self.open:
                return True
            if uptime() < self._probe_at:
                return False
            self._probe_at = uptime() + self._patience
            return True

    def give_probe_back(self) -> None:
        """There was nothing to ask: another may be the probe."""
        with self._lock:
            if self.open:
                self._probe_at = uptime()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Around each request: counts it as answered or not."""
        try:
            yield
        except (EngineUnreachable, AnswerUnknown):
            self._unanswered()
            raise
        self._lost = 0

    def _unanswered(self) -> None:
        with self._lock:
            self._lost += 1
            beyond = min(self._lost - self._timing.lost_answers, 10)
            self._probe_at = uptime() + min(0.5 * 2.0**beyond, self._timing.breaker_pause)
