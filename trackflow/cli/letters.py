"""Dead letters as lists: for a person in tables, for programs as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from rich.table import Table

from trackflow.cli.console import table
from trackflow.tracking.orders import iso
from trackflow.upkeep.dead_letters import Done
from trackflow.upkeep.groups import Group
from trackflow.upkeep.letter import Letter
from trackflow.words import age, counted


def groups_table(groups: Iterable[Group]) -> Table:
    """One line for each queue, reason and error."""
    rows = table("queue", "reason", "error", "letters", "age", "one of them", wraps="error")
    for group in groups:
        oldest, newest = _age(group.oldest), _age(group.newest)
        ages = oldest if oldest == newest else f"{oldest}–{newest}"
        many = f"{group.count:,}"
        rows.add_row(_short(group.queue), group.reason, group.error or "–", many, ages, group.example)
    return rows


def letters_table(letters: Iterable[Letter]) -> Table:
    """One line for each letter."""
    rows = table("id", "queue", "key", "reason", "error", "age", wraps="error")
    for letter in letters:
        key, error = letter.business_key or "–", letter.error or "–"
        rows.add_row(letter.id, _short(letter.queue), key, letter.reason, error, _age(letter.at))
    return rows


def group_as_json(group: Group) -> dict[str, Any]:
    """As `dead list --json` prints it."""
    return {
        "queue": group.queue,
        "reason": group.reason,
        "error": group.error,
        "count": group.count,
        "oldest": iso(group.oldest),
        "newest": iso(group.newest),
        "example": group.example,
    }


def letter_as_json(letter: Letter) -> dict[str, Any]:
    """As `dead list --letters --json` prints it."""
    return {
        "id": letter.id,
        "queue": letter.queue,
        "event": letter.event,
        "businessKey": letter.business_key,
        "reason": letter.reason,
        "error": letter.error,
        "message": letter.message,
        "attempts": letter.attempts,
        "at": iso(letter.at),
    }


def done_as_json(done: Done) -> dict[str, Any]:
    """As `dead replay --json` and `dead discard --json` print it: how many by queue, and what stayed."""
    left = [
        {"queue": queue, "count": left.count, "example": left.example, "why": left.why}
        for queue, left in done.left.items()
    ]
    return {"letters": dict(done.letters), "left": left}


def left_in_words(done: Done) -> Iterator[str]:
    """What stayed and why."""
    for queue, left in done.left.items():
        yield (
            f"{counted(left.count, 'letter')} of {queue} cannot be copied and so stayed, "
            f"for example {left.example}: {left.why}"
        )


def _age(time: datetime | None) -> str:
    return "–" if time is None else age((datetime.now(UTC) - time).total_seconds())


def _short(queue: str) -> str:
    return queue.rpartition(".")[2]  # without the tenant, as `--queue` takes it and `-Q` of a worker
