"""What becomes of errors: a calm page, or JSON under `/api`, that says what is wrong. Never a traceback."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from amqp.exceptions import AMQPError
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from kombu.exceptions import OperationalError
from pydantic import BaseModel
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from trackflow.board.rendering import page
from trackflow.board.security.people import NotSignedIn
from trackflow.errors import EngineError, LedgerError, PublishError, TrackflowError
from trackflow.urls import said

_TITLES = {
    403: "Not allowed",
    404: "There is no such thing",
    405: "That cannot be done here",
    413: "Too much at once",
    422: "That filter is not understood",
    429: "Too many requests",
    503: "Something is away",
}


class Problem(BaseModel):
    """Why a request was not answered, in words."""

    detail: str


# For the OpenAPI: what any route of the API may answer besides its own.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "Nobody is signed in"},
    403: {"model": Problem, "description": "The role does not allow it, or the CSRF token is missing"},
    404: {"model": Problem, "description": "There is no such thing"},
    422: {"model": Problem, "description": "A parameter is not understood"},
    503: {"model": Problem, "description": "Broker, engine or ledger is away"},
}


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error that somebody outside can cause."""
    app.add_exception_handler(StarletteHTTPException, _http)
    app.add_exception_handler(RequestValidationError, _not_understood)
    for error in (LedgerError, EngineError, PublishError, OperationalError, AMQPError):
        app.add_exception_handler(error, _away)
    app.add_exception_handler(TrackflowError, _refused)
    app.add_exception_handler(Exception, _bug)


def problem(request: Request, status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """The answer that tells of a problem."""
    if request.url.path.startswith("/api/"):
        return JSONResponse({"detail": detail}, status, headers)
    response = page(request, "problem.html", status, title=_TITLES.get(status, "Not possible"), detail=detail)
    response.headers.update(headers or {})
    return response


async def _http(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, StarletteHTTPException)
    if isinstance(exc, NotSignedIn) and not request.url.path.startswith("/api/"):
        return _to_sign_in(request)
    return problem(request, exc.status_code, str(exc.detail), dict(exc.headers or {}))


async def _not_understood(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)
    return problem(request, 422, in_words(exc.errors()))


async def _away(request: Request, exc: Exception) -> Response:
    return problem(request, 503, said(exc))


async def _refused(request: Request, exc: Exception) -> Response:
    return problem(request, 422, said(exc))


async def _bug(request: Request, _exc: Exception) -> Response:
    """A bug of ours: its traceback is in the log of the board, and nowhere else."""
    return problem(request, 500, "This is a mistake of Trackflow's: the board's log has more about it.")


def _to_sign_in(request: Request) -> Response:
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    target = f"/sign-in?{urlencode({'next': asked})}" if request.method == "GET" else "/sign-in"
    if request.headers.get("hx-request"):  # a fragment of a page: the whole page must go
        return Response(status_code=401, headers={"HX-Redirect": "/sign-in"})
    return RedirectResponse(target, 303)


def in_words(errors: Sequence[Any]) -> str:
    """What is wrong with the parameters, one after the other."""
    return "; ".join(f"{_where(error['loc'])}: {_what(error['msg'])}" for error in errors)


def _where(location: Sequence[str | int]) -> str:
    return ".".join(str(each) for each in location[1:]) or str(location[0])


def _what(message: str) -> str:
    words = message.removeprefix("Value error, ").removeprefix("Input ")
    return words[:1].lower() + words[1:]
