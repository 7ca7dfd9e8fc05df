"""What went wrong, in groups: dead letters and what the engine refused, in one list, the largest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlencode

from trackflow.board.context import Board
from trackflow.errors import LedgerError
from trackflow.projection.refusals import MOST as MOST_REFUSED
from trackflow.projection.refusals import OTHERS, Refusal, Refusals
from trackflow.upkeep.groups import Group

Kind = Literal["dead letter", "refused"]

MOST = 200  # groups of a list
_FRESH = 5.0  # seconds

# Why a letter is dead, as a person would say it.
_REASONS = {
    "unreadable": "It is no event that the service can read",
    "permanent": "The service failed at it",
    "exhausted": "It failed too often for a passing reason",
    "undecodable": "Its properties cannot be decoded",
    "delivery_limit": "Workers died of it, one after the other",
    "expired": "It expired before a worker took it",
    "rejected": "A worker rejected it",
    "maxlen": "Its queue was full",
    "others": "Other causes",
    "unknown": "Nobody wrote down why",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """One group.

    Attributes:
        kind: where they are: in a dead-letter queue, or in the ledger.
        where: the work queue, or the event's name.
        reason: of dead letters, see `Letter.reason`.
        error: the type of the error; "" if there is none.
        cause: in words.
        example: what one of them said.
        first, last: when they died, or were recorded (UTC).
        orders: business keys of some.
        can_be_chosen: whether all of the group can be repaired at once; not what counts as "others".
    """

    kind: Kind
    where: str
    reason: str
    error: str
    cause: str
    example: str
    count: int
    first: datetime | None
    last: datetime | None
    orders: tuple[str, ...]
    can_be_chosen: bool = True

    @property
    def is_letters(self) -> bool:
        """Whether they are dead letters."""
        return self.kind == "dead letter"

    @property
    def page(self) -> str:
        """The URL of its page."""
        if not self.is_letters:
            return f"/failures/events?{urlencode(self.fields)}"
        return f"/failures/letters?{urlencode(self.fields)}"

    @property
    def fields(self) -> dict[str, str]:
        """What names the group in a URL or a form."""
        if not self.is_letters:
            return {"event": self.where, "cause": self.cause}
        if not self.can_be_chosen:
            return {"queue": self.where}
        error = {"error": self.error} if self.error else {"errorless": "true"}
        return {"queue": self.where, "reason": self.reason, **error}


@dataclass(frozen=True, slots=True)
class Failures:
    """All that is wrong, as far as it can be known now.

    Attributes:
        groups: the largest first, at most MOST.
        letters, refused: how many there are.
        more: how many groups are not among them.
        ledger_error: why the ledger could not be asked.
        limits: what was not counted, in sentences.
    """

    groups: tuple[Failure, ...]
    letters: int
    refused: int
    more: int = 0
    ledger_error: str | None = None
    limits: tuple[str, ...] = ()


def failures(board: Board) -> Failures:
    """What is known. The ledger being away is said, not raised."""
    error = None
    try:
        refusals = refusals_of(board)
    except LedgerError as exc:
        refusals, error = [], str(exc)
    letters = [_of_letters(group) for group in board.letters.groups()]
    refused = sum(refusal.count for refusal in refusals)
    found = sorted([*letters, *map(_of_events, refusals)], key=lambda each: -each.count)
    return Failures(
        groups=tuple(found[:MOST]),
        letters=board.letters.count,
        refused=refused,
        more=max(0, len(found) - MOST),
        ledger_error=error,
        limits=(*limits_of_letters(board), *limits_of_refused(refused)),
    )


def limits_of_letters(board: Board, queue: str | None = None) -> Iterator[str]:
    """That a queue, or any, is so long that not all of it was read."""
    for shelf in board.letters.shelves:
        if shelf.unread and queue in (None, shelf.queue):
            yield (
                f"{shelf.queue}: counted are the first {shelf.count:,} letters of this queue, which has "
                f"{shelf.depth:,}."
            )


def limits_of_refused(counted: int) -> Iterator[str]:
    """That so many events are refused that only the newest were grouped."""
    if counted >= MOST_REFUSED:
        yield f"Refused events: counted are the newest {MOST_REFUSED:,}."


def refusals_of(board: Board) -> list[Refusal]:
    """The groups of refused events, shared by all who ask. Raises LedgerError."""
    trackflow = board.trackflow
    return board.kept.get(
        "refusals", _FRESH, lambda: Refusals(trackflow.ledger, trackflow.settings.tenant).groups()
    )


def in_words(reason: str, error: str | None, message: str | None) -> str:
    """Why a letter is dead: the error and what it said, or the reason."""
    if error and reason != "unreadable":
        return f"{error}: {message}" if message else error
    words = _REASONS.get(reason, reason)
    return f"{words}: {message}" if message else words


def _of_letters(group: Group) -> Failure:
    return Failure(
        kind="dead letter",
        where=group.queue,
        reason=group.reason,
        error=group.error or "",
        cause=group.error
        if group.error and group.reason != "unreadable"
        else _REASONS.get(group.reason, group.reason),
        example=group.message or "",
        count=group.count,
        first=group.oldest,
        last=group.newest,
        orders=(group.business_key,) if group.business_key else (),
        can_be_chosen=group.reason != "others",
    )


def _of_events(refusal: Refusal) -> Failure:
    return Failure(
        kind="refused",
        where=refusal.event,
        reason="refused",
        error="",
        cause=refusal.cause,
        example=refusal.example if refusal.example != refusal.cause else "",
        count=refusal.count,
        first=refusal.first,
        last=refusal.last,
        orders=tuple(refusal.orders),
        can_be_chosen=refusal.cause != OTHERS,
    )
