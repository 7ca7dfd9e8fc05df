"""Durations, counted in buckets that grow by a tenth: a quantile is right to 5 %, and two can be added."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Self

_GROWTH = math.log(1.1)
_SHORTEST = 0.0001  # seconds; what is shorter counts as this


class Histogram:
    """How often something took how long. Durations are seconds."""

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()

    @property
    def count(self) -> int:
        """How many durations it holds."""
        return self._buckets.total()

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self._buckets[math.floor(math.log(max(seconds, _SHORTEST)) / _GROWTH)] += 1

    def merge(self, other: Histogram) -> None:
        """Count all that another one holds."""
        self._buckets.update(other._buckets)

    def quantile(self, share: float) -> float | None:
        """The duration that this share (0 to 1) did not exceed; None if it holds none."""
        rank = max(1, math.ceil(share * self.count))
        for bucket in sorted(self._buckets):
            rank -= self._buckets[bucket]
            if rank <= 0:
                return math.exp((bucket + 0.5) * _GROWTH)
        return None

    def share_within(self, seconds: float) -> float | None:
        """Which share (0 to 1) took at most so long; None if it holds none."""
        if not self.count:
            return None
        last = math.floor(math.log(max(seconds, _SHORTEST)) / _GROWTH)
        return sum(number for bucket, number in self._buckets.items() if bucket <= last) / self.count

    def to_json(self) -> str:
        """As text: `{"-12": 3, "5": 1}`."""
        return json.dumps({str(bucket): number for bucket, number in sorted(self._buckets.items())})

    @classmethod
    def from_json(cls, text: str | None) -> Self:
        """The inverse of `to_json`; None is an empty one."""
        histogram = cls()
        if text:
            histogram._buckets.update({int(bucket): number for bucket, number in json.loads(text).items()})
        return histogram
