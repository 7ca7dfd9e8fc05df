"""Dead letters counted by what they died of. However many and however hostile, the groups are few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from trackflow.upkeep.letter import Letter

GROUPS = 1000  # a hostile sender can give each letter an error of its own; the rest counts as "others"


@dataclass(slots=True)
class Group:
    """Letters of one queue that died of the same. Times are UTC, None if none says.

    `example` is the id of one of them, `message` what its error said and `business_key` its order's.
    """

    queue: str
    reason: str
    error: str | None
    count: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None
    example: str = ""
    message: str | None = None
    business_key: str | None = None

    def add(self, letter: Letter) -> None:
        """Count a letter."""
        if not self.count:
            self.example, self.message, self.business_key = letter.id, letter.message, letter.business_key
        self.count += 1
        if (at := letter.at) is not None:
            self.oldest = min(at, self.oldest or at)
            self.newest = max(at, self.newest or at)


class Groups:
    """Groups while they are counted."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str, str | None], Group] = {}

    def add(self, letter: Letter) -> None:
        """Count a letter by its queue, reason and error."""
        key = letter.queue, letter.reason, letter.error
        if key not in self._groups and len(self._groups) >= GROUPS:
            key = letter.queue, "others", None
        self._groups.setdefault(key, Group(*key)).add(letter)

    def all(self) -> Sequence[Group]:
        """In the order in which their first letters came."""
        return tuple(self._groups.values())
