"""An event that is still to be told, as the ledger holds it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from trackflow.engines.answers import Answer
from trackflow.engines.answers import Outcome as Word
from trackflow.message import Message
from trackflow.tracking.tables import Outcome

NOT_YET = "nothing waits for it yet"
HAD_ENDED = "the order had ended"
_REASONS = {
    Word.NOT_AWAITED: NOT_YET,
    Word.AMBIGUOUS: "several executions wait for it",
    Word.REFUSED: "the engine refused it",
    Word.FAILED: "the engine failed at it",
}
_WORDS = 500  # characters of an engine's text that are kept


@dataclass(frozen=True, slots=True)
class OpenEvent:
    """An event to tell, as it was before its case was claimed."""

    message: Message
    starts: bool  # a process starts with it
    outcome: Outcome
    attempted: bool  # in doubt: an earlier attempt's end is unknown
    failures: int

    @property
    def id(self) -> str:
        """The message's."""
        return self.message.id

    @classmethod
    def received(cls, message: Message, *, starts: bool) -> OpenEvent:
        """The event of a delivery."""
        return cls(message, starts, Outcome.RECEIVED, attempted=False, failures=0)

    @classmethod
    def from_row(cls, row: Any) -> OpenEvent:
        """The event of a row of the ledger."""
        message = Message.from_body(
            row.body,
            id=row.event_id,
            cause=row.cause,
            traceparent=row.traceparent,
            published_at=moment(row.published_at),
        )
        return cls(message, bool(row.starts), Outcome(row.outcome), bool(row.attempted), row.failures)


def moment(seconds: float | None) -> datetime | None:
    """A time of the ledger, as Python has it."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def words(ours: str, theirs: str | None = None) -> str:
    """A reason for people: our words, then the engine's, in a form that every database can store."""
    said = " ".join((theirs or "").replace("\0", " ").split())[:_WORDS]
    return f"{ours}: {said}" if said else ours


def reason_of(answer: Answer) -> str:
    """Why an event was not accepted. That nothing waits for it needs no words of the engine."""
    theirs = None if answer.outcome is Word.NOT_AWAITED else answer.reason
    return words(_REASONS.get(answer.outcome, ""), theirs)
