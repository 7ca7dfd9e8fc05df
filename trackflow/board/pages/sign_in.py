"""Signing in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from trackflow.board.context import Board, TheBoard
from trackflow.board.rendering import page
from trackflow.board.security import csrf
from trackflow.board.security.peers import address_of, is_https
from trackflow.board.security.people import Reader
from trackflow.board.security.sessions import COOKIE, LASTS
from trackflow.board.security.sign_in import TooManyTries
from trackflow.board.settings import User

router = APIRouter()


@router.get("/sign-in")
def show(request: Request, board: TheBoard, next: str = "/", token: str | None = None) -> Response:  # noqa: A002
    """The form; or, with the token of the link that `track board --operator` prints, straight in."""
    if token is not None:
        user = board.sign_in.redeem(token)
        if user is None:
            raise HTTPException(403, "this link was used already, or is of another start of the board")
        return _signed_in(request, board, user, "/")
    if not board.settings.users:
        return RedirectResponse("/", 303)
    return page(request, "sign_in.html", next=next, name="", problem=None)


@router.post("/sign-in")
async def sign_in(
    request: Request,
    board: TheBoard,
    name: Annotated[str, Form()],
    password: Annotated[str, Form()],
    next: Annotated[str, Form()] = "/",  # noqa: A002
) -> Response:
    """Check a name and a password."""
    if csrf.is_from_elsewhere(request):  # nobody shall be signed in as somebody else without noticing
        raise HTTPException(403, "the request comes from a page of another site")
    address = address_of(request, board.settings.peers)
    try:
        user = await run_in_threadpool(board.sign_in.check, name, password, address)
    except TooManyTries as exc:
        response = page(request, "sign_in.html", 429, next=next, name=name, problem=str(exc))
        response.headers["Retry-After"] = str(exc.wait)
        return response
    if user is None:
        problem = "That name and password do not belong together."
        return page(request, "sign_in.html", 403, next=next, name=name, problem=problem)
    return _signed_in(request, board, user, next)


@router.post("/sign-out")
async def sign_out(request: Request, board: TheBoard, person: Reader) -> Response:
    """End the session."""
    if csrf.is_from_elsewhere(request):
        raise HTTPException(403, "the request comes from a page of another site")
    if person.signed_in and person.session is not None:
        board.sessions.end(person.session)
    response = RedirectResponse("/sign-in" if board.settings.users else "/", 303)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response


def _signed_in(request: Request, board: Board, user: User, target: str) -> Response:
    response = RedirectResponse(_own_path(target), 303)
    response.set_cookie(
        COOKIE,
        board.sessions.begin(user),
        max_age=LASTS,
        path="/",
        httponly=True,
        samesite="lax",
        secure=is_https(request, board.settings.peers),
    )
    return response


def _own_path(target: str) -> str:
    """Back to a page of ours. Browsers read `//host` and `/\\host` as another host's."""
    if not target.startswith("/") or target[1:2] in ("/", "\\") or any(sign < " " for sign in target):
        return "/"
    return target
