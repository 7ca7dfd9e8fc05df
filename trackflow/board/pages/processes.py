"""`/processes`: which processes there are; `/process?id=…`: one of them, with its orders on its diagram."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from trackflow.board.context import Board, TheBoard
from trackflow.board.process import difference as difference_view
from trackflow.board.process import heat
from trackflow.board.process import view as process_view
from trackflow.board.process import words as process_words
from trackflow.board.process.links import Links
from trackflow.board.process.processes import (
    KnownProcess,
    compared,
    figures,
    known_process,
    known_processes,
    model_of,
    nearest,
)
from trackflow.board.process.selections import Other, Selected, Selection
from trackflow.board.process.words import Elements
from trackflow.board.rendering import page
from trackflow.board.security.people import Reader
from trackflow.errors import LedgerError
from trackflow.message import SHORT

router = APIRouter()

Sort = Literal["name", "-name", "visits", "-visits", "share", "-share", "p50", "-p50", "p95", "-p95"]


@router.get("/processes")
def processes(request: Request, board: TheBoard, _: Reader) -> Response:
    """The list; the page of the only one if there is only one."""
    try:
        known = known_processes(board)
    except LedgerError as exc:
        return _away(request, exc)
    if len(known) == 1:
        return RedirectResponse(f"/process?{urlencode({'id': known[0].id})}", 303)
    return page(request, "processes.html", processes=known, trouble=None)


@router.get("/process")
def process(
    request: Request,
    board: TheBoard,
    _: Reader,
    selected: Selected,
    other: Other,
    identity: Annotated[str, Query(alias="id", max_length=SHORT)],
    compare: Literal["before"] | None = None,
    show: heat.Show | None = None,
    sort: Sort | None = None,
) -> Response:
    """One process; `compare=before`: against the period of the same length before."""
    links = Links(identity, selected, other, compare, show, sort)
    if compare == "before":
        other = selected.before()
    try:
        known = known_process(board, identity)
        shown = _shown(board, known, selected, other, show or "often", sort)
    except LedgerError as exc:
        return _away(request, exc)
    return page(request, "process.html", process=known, selected=selected, other=other, links=links, **shown)


def _away(request: Request, trouble: LedgerError) -> Response:
    return page(request, "processes.html", processes=[], trouble=str(trouble))


def _shown(
    board: Board,
    known: KnownProcess,
    selected: Selection,
    other: Selection | None,
    show: heat.Show,
    sort: str | None,
) -> dict[str, Any]:
    now = time.time()
    drawn = known.newest if selected.version is None else selected.version
    elements = Elements(model_of(board, known.id, drawn))
    found = figures(board, known.id, selected)
    shown = {
        "figures": found,
        "nearest": nearest(board, known.id, selected) if found.empty else None,
        "drawn": drawn,
        "show": show,
        "shows": heat.SHOWS,
        "charts": process_view.charts(found, now),
        "rows": process_view.element_rows(found, elements, sort),
        "sort": sort or "",
        "deviations": process_view.deviation_rows(found, elements, known.id, selected.version),
        "marks": heat.marks(found, elements.model, show),
        "differences": None,
        "words": process_words,
        "elements": elements,
    }
    if other is None:
        return shown
    differences = compared(board, known.id, selected, other, now)
    sides = process_words.sides(other, selected)
    return shown | {
        "differences": differences,
        "shows": heat.CHANGES,
        "marks": heat.change_marks(differences, elements.model, show),
        "sides": sides,
        "difference": difference_view.differences(differences, elements, sides),
    }
