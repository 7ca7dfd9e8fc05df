"""Who asks, and what they may do. Every route has one of `Reader` and `Operator`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException
from starlette.requests import Request

from trackflow.board.context import Board, TheBoard
from trackflow.board.security import csrf
from trackflow.board.security.peers import is_loopback, is_trusted
from trackflow.board.security.sessions import COOKIE
from trackflow.board.settings import ProxyHeaders, Role


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever sent a request.

    Attributes:
        name: as in `BOARD_USERS`, or as the proxy says; "anyone" where nobody has to sign in.
        role: what they may do.
        session: what their CSRF tokens are made of; None: they may only read, so there is nothing to protect.
        signed_in: they have a session of ours, so they can sign out.
    """

    name: str
    role: Role
    session: str | None = None
    signed_in: bool = False

    @property
    def may_write(self) -> bool:
        """Whether they may change something."""
        return self.role == "operator"


ANYONE = Person("anyone", "reader")


class NotSignedIn(HTTPException):
    """Whoever asks must sign in first."""

    def __init__(self) -> None:
        super().__init__(401, "sign in first")


def person_of(request: Request, board: Board) -> Person:
    """Whoever sent the request. Raises NotSignedIn if they must say who they are."""
    if board.settings.proxy is not None:
        return _named_by_proxy(request, board, board.settings.proxy)
    session = board.sessions.read(request.cookies.get(COOKIE), board.sign_in.users)
    if session is not None:
        return Person(session.user.name, session.user.role, session.id, signed_in=True)
    if board.settings.users:
        raise NotSignedIn
    if request.client is None or not is_loopback(request.client.host):  # however the server was started
        raise HTTPException(403, "nobody has to sign in at this board, so it is for its own machine only")
    return ANYONE


def known_person(request: Request, board: Board) -> Person:
    """Whoever sent the request, for a page that everybody may see: an error's."""
    try:
        return getattr(request.state, "person", None) or person_of(request, board)
    except HTTPException:
        return ANYONE


def _named_by_proxy(request: Request, board: Board, headers: ProxyHeaders) -> Person:
    if not is_trusted(request.client, board.settings.peers):
        raise HTTPException(403, "this board is reached through its proxy only")
    name = request.headers.get(headers.user, "").strip()
    if not name:
        raise HTTPException(403, f"the proxy did not say who asks: its header {headers.user} is missing")
    role: Role = "operator" if _role_header(request, headers) == "operator" else "reader"
    return Person(name[:64], role, session=f"proxy:{name}")


def _role_header(request: Request, headers: ProxyHeaders) -> str:
    return request.headers.get(headers.role, "").strip().lower() if headers.role else ""


async def reader(request: Request, board: TheBoard) -> Person:
    """Whoever may read."""
    person = person_of(request, board)
    request.state.person = person
    return person


Reader = Annotated[Person, Depends(reader)]


async def operator(request: Request, board: TheBoard, person: Reader) -> Person:
    """Whoever may write; their request comes from a page of ours."""
    if not person.may_write:
        raise HTTPException(403, "this takes the role operator")
    if request.method not in csrf.SAFE_METHODS:
        await _require_own_page(request, board, person)
    return person


async def _require_own_page(request: Request, board: Board, person: Person) -> None:
    if csrf.is_from_elsewhere(request):
        raise HTTPException(403, "the request comes from a page of another site")
    if person.session is None or not board.csrf.is_right(await csrf.token_of(request), person.session):
        raise HTTPException(403, "the CSRF token is missing or old: load the page again")


Operator = Annotated[Person, Depends(operator)]
