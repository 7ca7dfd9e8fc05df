"""Everything that a request needs, opened once for a board: `TheBoard` hands it to a route."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from trackflow.board.health import Health
from trackflow.board.kept import Kept
from trackflow.board.looks import looks
from trackflow.board.projecting import Projecting
from trackflow.board.pulse import Pulse, Tick
from trackflow.board.repair.letters import LetterBox
from trackflow.board.repair.operations import Operations
from trackflow.board.security.csrf import Csrf
from trackflow.board.security.peers import LOOPBACK
from trackflow.board.security.sessions import Sessions
from trackflow.board.security.sign_in import SignIn
from trackflow.board.settings import BoardSettings
from trackflow.board.streaming import Feed, Streams
from trackflow.extension import Trackflow
from trackflow.masking import Mask
from trackflow.projection.passing import Passed, Passing
from trackflow.projection.projector import Projector

_TICK, _LOOK = 1.0, 0.5  # seconds between two looks at what is shown, and at the events that pass
_WAITING_EVENTS = 500  # of a slow client


@dataclass(frozen=True, slots=True)
class Board:
    """One tenant's board.

    Attributes:
        has_worker: a worker runs in this process, so a broker in memory is of use.
    """

    trackflow: Trackflow
    settings: BoardSettings
    has_worker: bool
    mask: Mask
    health: Health
    kept: Kept
    projector: Projecting
    letters: LetterBox
    operations: Operations
    sessions: Sessions
    csrf: Csrf
    sign_in: SignIn
    passing: Passing
    ticks: Feed[Tick]
    events: Feed[Passed]
    streams: Streams

    @property
    def is_open(self) -> bool:
        """Whether everybody who reaches it may read."""
        return not self.settings.users and self.settings.proxy is None

    @property
    def may_publish(self) -> bool:
        """Whether operators may publish test events: in memory they harm nobody."""
        if self.settings.publish is None:
            return self.is_open and self.has_worker and not self.trackflow.publisher.is_amqp
        return self.settings.publish

    @property
    def hosts(self) -> frozenset[str]:
        """Names by which it may be asked for; empty: any. An open board is for this machine alone."""
        return frozenset(self.settings.hosts) or (LOOPBACK if self.is_open else frozenset())


def board_of(connection: HTTPConnection) -> Board:
    """The board of the application that serves the request."""
    board = connection.app.state.board
    assert isinstance(board, Board)
    return board


TheBoard = Annotated[Board, Depends(board_of)]


def open_board(
    trackflow: Trackflow,
    settings: BoardSettings | None = None,
    *,
    with_link: bool = False,
    has_worker: bool = False,
    url: str = "",
) -> Board:
    """A board of a project. Nothing is asked and no thread runs before the application starts.

    Args:
        settings: what is said of the board; otherwise what the project's settings say.
        with_link: whoever started the board can become an operator (see `SignIn.token`).
        has_worker: a worker runs in this process.
        url: the board's own address, for whoever is told of a stuck order.
    """
    settings = settings or BoardSettings.of(trackflow.settings)
    tenant = trackflow.settings.tenant
    projector = Projecting(partial(_projector, trackflow, settings, url))
    health = Health(looks(trackflow, projector, has_worker=has_worker))
    letters = LetterBox(trackflow)
    pulse = Pulse(lambda: trackflow.ledger, tenant, health, letters)
    ticks = Feed(pulse.look, _TICK, most=1, begin=pulse.begin)
    passing = Passing(lambda: trackflow.ledger, tenant)
    events = Feed(passing.look, _LOOK, most=_WAITING_EVENTS, begin=passing.skip)
    return Board(
        trackflow=trackflow,
        settings=settings,
        has_worker=has_worker,
        mask=Mask(settings.mask),
        health=health,
        kept=Kept(is_away=lambda: health.report.ledger.state == "away"),
        projector=projector,
        letters=letters,
        operations=Operations(),
        sessions=Sessions(settings.secret),
        csrf=Csrf(settings.secret),
        sign_in=SignIn(settings.users, with_link=with_link),
        passing=passing,
        ticks=ticks,
        events=events,
        streams=Streams(ticks, events),
    )


def _projector(trackflow: Trackflow, settings: BoardSettings, url: str) -> Projector:
    return Projector(
        trackflow.ledger,
        trackflow.engine,
        trackflow.settings.tenant,
        trackflow.choreography,
        hook=settings.stuck_hook,
        url=url,
    )
