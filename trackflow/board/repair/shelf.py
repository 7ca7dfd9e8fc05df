"""What is kept of one queue's dead letters: all of them by group, and the first and the last themselves."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

from trackflow.upkeep.dead_letters import DeadLetters, Selection
from trackflow.upkeep.groups import Group, Groups
from trackflow.upkeep.letter import Letter

# What is read is held meanwhile, and somebody who wants to replay it waits: about seven seconds for so many.
MOST_READ = 100_000
MOST_KEPT = 2000  # letters of the beginning, and as many of the end
MOST_BYTES = 4 * 1024 * 1024  # of their bodies, likewise
_UNKNOWN = datetime.min.replace(tzinfo=UTC)  # that nobody knows when they died: they come first


@dataclass(frozen=True, slots=True)
class Shelf:
    """One queue, as it was when it was read.

    Attributes:
        queue: the work queue.
        depth: how many messages its dead-letter queue had.
        count: how many letters were read; copies of one count once.
        groups: they are of all that was read.
        letters: those that are kept, the oldest first.
        by_order: those of each order.
    """

    queue: str
    depth: int = 0
    count: int = 0
    groups: Sequence[Group] = ()
    letters: Sequence[Letter] = ()
    by_order: Mapping[str, Sequence[Letter]] = field(default_factory=dict)

    @classmethod
    def read(cls, dead: DeadLetters, queue: str, depth: int) -> Shelf:
        """Read a queue; of one that is very long only the beginning. Raises OperationalError."""
        groups, kept, count = Groups(), _Ends(), 0
        with closing(dead.letters(Selection(queue=queue))) as letters:
            for letter in islice(letters, MOST_READ):
                groups.add(letter)
                kept.add(letter)
                count += 1
        letters_by_age = sorted(kept.letters, key=lambda letter: letter.at or _UNKNOWN)
        by_order: dict[str, list[Letter]] = {}
        for letter in letters_by_age:
            if letter.business_key is not None:
                by_order.setdefault(letter.business_key, []).append(letter)
        return cls(queue, depth, count, groups.all(), letters_by_age, by_order)

    def of_order(self, business_key: str) -> Sequence[Letter]:
        """Those of an order that are kept."""
        return self.by_order.get(business_key, ())

    @property
    def unread(self) -> int:
        """How many letters behind the first MOST_READ were not looked at."""
        return max(0, self.depth - MOST_READ) if self.count >= MOST_READ else 0

    @property
    def has_all(self) -> bool:
        """Whether every letter is kept."""
        return self.count == len(self.letters) and not self.unread


class _Ends:
    """The first and the last of however many letters."""

    def __init__(self) -> None:
        self._first: list[Letter] = []
        self._last: deque[Letter] = deque()
        self._first_bytes = self._last_bytes = 0
        self._is_full = False

    def add(self, letter: Letter) -> None:
        size = len(letter.raw.body)
        self._is_full = (
            self._is_full or len(self._first) >= MOST_KEPT or self._first_bytes + size > MOST_BYTES
        )
        if not self._is_full:
            self._first.append(letter)
            self._first_bytes += size
            return
        self._last.append(letter)
        self._last_bytes += size
        while self._last and (len(self._last) > MOST_KEPT or self._last_bytes > MOST_BYTES):
            self._last_bytes -= len(self._last.popleft().raw.body)

    @property
    def letters(self) -> Sequence[Letter]:
        return (*self._first, *self._last)
