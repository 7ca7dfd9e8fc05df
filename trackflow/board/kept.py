"""Answers that are shared for a short time: twenty people who look at a page cost as much as one."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, TypeVar

from trackflow.errors import TrackflowError

T = TypeVar("T")

_MOST = 500  # answers; whoever thinks of ever new filters pushes out the ones that nobody asked for


@dataclass(slots=True)
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    value: Any = None
    made_at: float | None = None  # monotonic; None: never


class Kept:
    """Answers by key. Any thread may ask; those who ask the same at the same time wait for one answer."""

    def __init__(self, is_away: Callable[[], bool] = lambda: False) -> None:
        """`is_away` tells whether it is already known that nothing would answer."""
        self._is_away = is_away
        self._slots: OrderedDict[Hashable, _Slot] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, seconds: float, make: Callable[[], T]) -> T:
        """The answer, at most so old; made if need be.

        What cannot be made, because the ledger or the engine is away, is answered as it was last. Only if it
        was never made the error is raised: TrackflowError.
        """
        slot = self._slot(key)
        with slot.lock:
            if self._is_due(slot, seconds):
                try:
                    slot.value = make()
                except TrackflowError:
                    if slot.made_at is None:
                        raise
                else:
                    slot.made_at = monotonic()
            value: T = slot.value
            return value

    def last(self, key: Hashable) -> Any:
        """The answer as it was made last, however old; None if it never was."""
        with self._lock:
            slot = self._slots.get(key)
        return slot and slot.value

    def _is_due(self, slot: _Slot, seconds: float) -> bool:
        if slot.made_at is None:
            return True
        return monotonic() - slot.made_at >= seconds and not self._is_away()

    def _slot(self, key: Hashable) -> _Slot:
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
            if len(self._slots) > _MOST:
                self._slots.popitem(last=False)
            return slot
