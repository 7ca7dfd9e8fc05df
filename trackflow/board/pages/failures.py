"""The pages of failures: all of them in groups, a group's letters or events, and one letter."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from trackflow.board.context import Board, TheBoard
from trackflow.board.rendering import page
from trackflow.board.repair.chosen import STORABLE, WHY, Chosen, Events, Letters, letter_of, retry
from trackflow.board.repair.failures import (
    failures,
    in_words,
    limits_of_letters,
    limits_of_refused,
    refusals_of,
)
from trackflow.board.repair.letter_view import Body, LetterForm, form_of, table_of
from trackflow.board.repair.operations import Operation
from trackflow.board.repair.repairs import By, Repairs
from trackflow.board.security.people import Operator, Person, Reader
from trackflow.errors import LedgerError, MessageError
from trackflow.projection.refusals import Place, Refusals
from trackflow.tracking.audit import Act, Audit
from trackflow.upkeep.letter import Letter
from trackflow.upkeep.letter_text import fate

router = APIRouter()

_ROWS = 50
Text = Annotated[str, Query(max_length=500, pattern=STORABLE)]
_OF_GROUP = {"queue", "reason", "error", "errorless"}


@router.get("/failures")
def show_all(request: Request, board: TheBoard, _: Reader) -> Response:
    """Groups, the largest first."""
    return page(
        request,
        "failures.html",
        failures=failures(board),
        letters=board.letters,
        operations=board.operations.running(),
        acts=_acts(board),
    )


@router.get("/failures/state")
def show_state(request: Request, board: TheBoard, _: Reader) -> Response:
    """How many there are now: the fragment that keeps itself up to date."""
    return page(request, "failures_state.html", failures=failures(board), letters=board.letters)


@router.get("/failures/letters")
def show_letters(
    request: Request,
    board: TheBoard,
    _: Reader,
    queue: Text,
    reason: Text | None = None,
    error: Text | None = None,
    errorless: bool = False,
    start: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """The letters of a group or of a queue, the oldest first."""
    wanted = Letters(queue=queue, reason=reason, error=error, errorless=errorless)
    chosen = Chosen(board, wanted)
    kept = board.letters.letters(chosen.selection)
    return page(
        request,
        "failures_letters.html",
        chosen=wanted.model_dump(include=_OF_GROUP, exclude_defaults=True),
        queue=chosen.selection.queue,
        groups=chosen.groups,
        total=chosen.total,
        kept=len(kept),
        rows=kept[start : start + _ROWS],
        start=start,
        next=start + _ROWS if start + _ROWS < len(kept) else None,
        letters=board.letters,
        limits_of_it=limits_of_letters(board, chosen.selection.queue),
        in_words=in_words,
    )


@router.get("/failures/events")
def show_events(
    request: Request,
    board: TheBoard,
    _: Reader,
    event: Text,
    cause: Text,
    at: float | None = None,
    after: Text | None = None,
) -> Response:
    """Refused events of one cause, the newest first."""
    before = Place(at, after) if at is not None and after is not None else None
    refusals = Refusals(board.trackflow.ledger, board.trackflow.settings.tenant)
    rows = refusals.events(event, cause, _ROWS + 1, before)
    groups = refusals_of(board)
    group = next((each for each in groups if (each.event, each.cause) == (event, cause)), None)
    if group is None and not rows:
        raise HTTPException(404, "no event is refused for this cause; it may have been retried")
    shown = rows[:_ROWS]
    return page(
        request,
        "failures_events.html",
        event=event,
        cause=cause,
        group=group,
        limits_of_it=limits_of_refused(sum(each.count for each in groups)),
        rows=shown,
        next=shown[-1].place if len(rows) > _ROWS else None,
        is_first=before is None,
    )


@router.get("/failures/letter")
def show_letter(
    request: Request,
    board: TheBoard,
    person: Reader,
    queue: Text,
    identity: Annotated[str, Query(alias="id", max_length=500)],
    digest: Text = "",
) -> Response:
    """One letter with all that is known of it."""
    return _letter_page(request, board, person, letter_of(board, queue, identity, digest))


@router.post("/failures/replay")
def replay(board: TheBoard, person: Operator, wanted: Annotated[Letters, Form()]) -> Response:
    """Put letters back where they died."""
    return _to(Chosen(board, wanted).replay(By(person, wanted.why)))


@router.post("/failures/discard")
def discard(board: TheBoard, person: Operator, wanted: Annotated[Letters, Form()]) -> Response:
    """Throw letters away."""
    return _to(Chosen(board, wanted).discard(By(person, wanted.why)))


@router.post("/failures/retry")
def retry_events(board: TheBoard, person: Operator, wanted: Annotated[Events, Form()]) -> Response:
    """Tell the engine again."""
    return _to(retry(board, wanted, By(person, wanted.why)))


@router.post("/failures/edit")
async def edit(
    request: Request,
    board: TheBoard,
    person: Operator,
    queue: Annotated[str, Form()],
    identity: Annotated[str, Form(alias="id")],
    text: Annotated[str, Form()],
    digest: Annotated[str, Form()] = "",
    why: Annotated[str, Form(max_length=WHY)] = "",
) -> Response:
    """Replay a letter with another payload. What is no event is not sent: the form says why."""
    letter = await run_in_threadpool(letter_of, board, queue, identity, digest)
    form, by = form_of(board, letter), By(person, why or None)
    try:
        form.edited(text, person.name)
    except MessageError as exc:
        form.text = text
        return await run_in_threadpool(_letter_page, request, board, person, letter, form, str(exc), why)
    return _to(Repairs(board).edit(letter, lambda found: form_of(board, found).edited(text, person.name), by))


def _letter_page(
    request: Request,
    board: Board,
    person: Person,
    letter: Letter,
    form: LetterForm | None = None,
    problem: str | None = None,
    why: str = "",
) -> Response:
    """`problem`: why an edited letter was not sent; `form` then has what was typed."""
    return page(
        request,
        "failures_letter.html",
        422 if problem else 200,
        letter=letter,
        words=in_words(letter.reason, letter.error, letter.message),
        body=Body.of(letter.raw.body, board.mask, person.may_write),
        properties=table_of(letter.raw.properties, board.mask),
        headers=table_of(letter.raw.headers, board.mask),
        fate=fate(letter),
        form=(form or form_of(board, letter)) if person.may_write else None,
        problem=problem,
        why=why,
        acts=_acts(board, letter.id),
        letters=board.letters,
    )


def _acts(board: Board, event_id: str | None = None) -> list[Act] | None:
    """What was done to a letter, or the last things that were done at all; None: the ledger is away."""
    try:
        audit = Audit(board.trackflow.ledger, board.trackflow.settings.tenant)
        return audit.newest(5) if event_id is None else audit.acts(event_id)
    except LedgerError:
        return None


def _to(operation: Operation) -> Response:
    return RedirectResponse(f"/operations/{operation.id}", 303)
