"""`/api/failures`, `/api/letters`: what went wrong, and what operators do about it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.exceptions import HTTPException

from trackflow.board.api.operations import OperationState
from trackflow.board.context import Board, TheBoard
from trackflow.board.repair.chosen import WHY, Chosen, Events, Letters, letter_of, retry
from trackflow.board.repair.failures import Kind, failures
from trackflow.board.repair.letter_view import Body, BodyKind, form_of, table_of
from trackflow.board.repair.repairs import By, Repairs
from trackflow.board.security.people import Operator, Reader
from trackflow.errors import MessageError
from trackflow.upkeep.letter import Letter
from trackflow.upkeep.letter_text import fate

router = APIRouter(prefix="/api", tags=["failures"])

_SHAPE = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)
_ROWS = 100
Word = Annotated[str, Query(max_length=255)]


class FailureGroup(BaseModel):
    """Failures of one cause."""

    model_config = _SHAPE

    kind: Kind
    where: str = Field(description="the work queue of dead letters, the name of refused events")
    reason: str
    error: str = Field(description="the type of the error; empty if there is none")
    cause: str = Field(description="in words")
    example: str = Field(description="what one of them said")
    count: int
    first: datetime | None
    last: datetime | None
    orders: list[str] = Field(description="business keys of some")


class FailureList(BaseModel):
    """All groups."""

    model_config = _SHAPE

    groups: list[FailureGroup]
    letters: int = Field(description="how many dead letters there are")
    refused: int = Field(description="how many events are refused, of the newest 50,000")
    as_of: datetime | None = Field(description="when the broker was looked at last")
    broker_away_since: datetime | None
    ledger_error: str | None = Field(description="why the ledger could not be asked")
    limits: list[str] = Field(description="what was not counted, in sentences")


class LetterSummary(BaseModel):
    """A dead letter."""

    model_config = _SHAPE

    id: str
    queue: str
    event: str | None
    business_key: str | None
    reason: str
    error: str | None
    message: str | None
    attempts: int | None
    at: datetime | None
    digest: str = Field(description="of the body: names one of several letters of one id")


class LetterBody(BaseModel):
    """What may be seen of a body."""

    model_config = _SHAPE

    kind: BodyKind = Field(description="hidden: it is no JSON, so only operators see it")
    text: str
    more: int = Field(description="how many characters are not shown")


class LetterInFull(LetterSummary):
    """A dead letter with all that is in it, masked."""

    properties: dict[str, str]
    headers: dict[str, str]
    body: LetterBody
    on_replay: str


class Edited(BaseModel):
    """A letter, and what is to be put back in its place."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    queue: str = Field(max_length=255)
    id: str = Field(max_length=500)
    digest: str | None = Field(None, max_length=64)
    text: str = Field(description="the payload as JSON; of a letter that is no event the whole body")
    why: str | None = Field(None, max_length=WHY)


@router.get("/failures", summary="Failures in groups by cause, the largest first")
def show_failures(board: TheBoard, _: Reader) -> FailureList:
    """Dead letters as they were a moment ago, and what the engine refused."""
    found = failures(board)
    return FailureList(
        groups=[FailureGroup.model_validate(group) for group in found.groups],
        letters=found.letters,
        refused=found.refused,
        as_of=board.letters.as_of,
        broker_away_since=board.letters.away_since,
        ledger_error=found.ledger_error,
        limits=list(found.limits),
    )


@router.get("/letters", summary="Dead letters, the oldest first")
def show_letters(
    board: TheBoard,
    _: Reader,
    queue: Word,
    reason: Word | None = None,
    error: Word | None = None,
    errorless: bool = False,
    start: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> list[LetterSummary]:
    """At most 100. Of a queue with very many only the first and the last 2,000 can be listed."""
    chosen = Chosen(board, Letters(queue=queue, reason=reason, error=error, errorless=errorless))
    kept = board.letters.letters(chosen.selection)
    return [LetterSummary.model_validate(letter) for letter in kept[start : start + _ROWS]]


@router.get("/letters/one", summary="One dead letter in full")
def show_letter(
    board: TheBoard,
    person: Reader,
    queue: Word,
    identity: Annotated[str, Query(alias="id", max_length=500)],
    digest: Word | None = None,
) -> LetterInFull:
    """Fields that are masked stay masked."""
    return _in_full(board, letter_of(board, queue, identity, digest), person.may_write)


@router.post("/letters/replay", status_code=202, summary="Put dead letters back where they died")
def replay(board: TheBoard, person: Operator, wanted: Letters) -> OperationState:
    """They go to their own work queues and nowhere else."""
    operation = Chosen(board, wanted).replay(By(person, wanted.why))
    return OperationState.model_validate(operation)


@router.post("/letters/discard", status_code=202, summary="Throw dead letters away")
def discard(board: TheBoard, person: Operator, wanted: Letters) -> OperationState:
    """For good."""
    operation = Chosen(board, wanted).discard(By(person, wanted.why))
    return OperationState.model_validate(operation)


@router.post("/letters/edit", status_code=202, summary="Replay a dead letter with another payload")
def edit(board: TheBoard, person: Operator, edited: Edited) -> OperationState:
    """The original is kept in the audit. What is no event of that queue is not sent: 422."""
    letter = letter_of(board, edited.queue, edited.id, edited.digest)
    try:
        form_of(board, letter).edited(edited.text, person.name)
    except MessageError as exc:
        raise HTTPException(422, str(exc)) from exc
    operation = Repairs(board).edit(
        letter, lambda found: form_of(board, found).edited(edited.text, person.name), By(person, edited.why)
    )
    return OperationState.model_validate(operation)


@router.post("/failures/retry", status_code=202, summary="Tell the engine again of refused or waiting events")
def retry_events(board: TheBoard, person: Operator, wanted: Events) -> OperationState:
    """By id, by business key, or all of a cause."""
    return OperationState.model_validate(retry(board, wanted, By(person, wanted.why)))


def _in_full(board: Board, letter: Letter, sees_raw: bool) -> LetterInFull:
    summary: dict[str, Any] = LetterSummary.model_validate(letter).model_dump()
    return LetterInFull(
        **summary,
        properties=table_of(letter.raw.properties, board.mask),
        headers=table_of(letter.raw.headers, board.mask),
        body=LetterBody.model_validate(Body.of(letter.raw.body, board.mask, sees_raw)),
        on_replay=fate(letter),
    )
