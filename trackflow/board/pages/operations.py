"""The pages of operations: what goes on, how far it is, and a button that stops it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from trackflow.board.context import TheBoard
from trackflow.board.rendering import page
from trackflow.board.repair.operations import operation_of
from trackflow.board.security.people import Operator, Reader

router = APIRouter()


@router.get("/operations")
def show_all(request: Request, board: TheBoard, _: Reader) -> Response:
    """All since the board started, the newest first."""
    return page(request, "operations.html", operations=board.operations.newest())


@router.get("/operations/{identity}")
def show(request: Request, board: TheBoard, _: Reader, identity: str) -> Response:
    """One."""
    return page(request, "operation.html", operation=operation_of(board.operations, identity))


@router.get("/operations/{identity}/progress")
def show_progress(request: Request, board: TheBoard, _: Reader, identity: str) -> Response:
    """The fragment that is asked for again and again until it is over."""
    return page(request, "operation_progress.html", operation=operation_of(board.operations, identity))


@router.post("/operations/{identity}/stop")
def stop(board: TheBoard, _: Operator, identity: str) -> Response:
    """Stop between two steps: what is done stays done."""
    operation_of(board.operations, identity).stop()
    return RedirectResponse(f"/operations/{identity}", 303)
