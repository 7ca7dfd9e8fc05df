"""`/api/stream` and `/api/events/stream`: what a page that updates itself listens to."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, HTTPException, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from trackflow.board.api.events import EventOut, WatchedEvents
from trackflow.board.context import TheBoard
from trackflow.board.pulse import Tick
from trackflow.board.security.people import Reader
from trackflow.board.streaming import Subscription, TooManyStreams
from trackflow.errors import LedgerError
from trackflow.projection.passing import Passed

router = APIRouter(prefix="/api", tags=["live"])

_AGAIN = 1000  # milliseconds until a browser comes again after the end of a stream
_CAUGHT_UP = 200  # events that are sent first, of those that came while nobody listened

_PING = ServerSentEvent(event="ping", data={})


async def _ticks(board: TheBoard, _: Reader) -> AsyncIterator[Subscription[Tick]]:
    _require_room(board)
    with board.ticks.subscribed() as subscription:
        yield subscription


async def _events(board: TheBoard, _: Reader, watched: WatchedEvents) -> AsyncIterator[Subscription[Passed]]:
    _require_room(board)
    with board.events.subscribed(watched.has) as subscription:
        yield subscription


def _require_room(board: TheBoard) -> None:
    try:
        board.streams.require_room()
    except TooManyStreams as exc:
        raise HTTPException(503, str(exc)) from exc


@router.get(
    "/stream",
    summary="Says when something that the board shows has changed",
    response_class=EventSourceResponse,
)
async def stream(
    subscription: Annotated[Subscription[Tick], Depends(_ticks)],
) -> AsyncIterable[ServerSentEvent]:
    """Server-sent events: `tick` at first and at most once a second, `ping` while nothing changes."""
    yield ServerSentEvent(event="tick", data={}, retry=_AGAIN)
    async for ticks in subscription.batches():
        yield ServerSentEvent(event="tick", data={"at": ticks[-1].at}) if ticks else _PING


@router.get(
    "/events/stream",
    summary="Events as they pass",
    response_class=EventSourceResponse,
)
async def events(
    board: TheBoard,
    subscription: Annotated[Subscription[Passed], Depends(_events)],
    watched: WatchedEvents,
    after: Annotated[
        float | None,
        Query(ge=0, le=1e11, description="epoch seconds: first what came after this time"),
    ] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> AsyncIterable[ServerSentEvent]:
    """Server-sent events: `event` (its id is when it came), `missed` with a number, `ping` while none comes.

    An event comes again when it has another outcome.
    """
    yield ServerSentEvent(event="ping", data={}, retry=_AGAIN)
    since = _time(last_event_id, after)
    if since is not None:
        try:
            earlier = await run_in_threadpool(board.passing.newest, watched, _CAUGHT_UP, since)
        except LedgerError:
            earlier = []
        for passed in reversed(earlier):
            yield _event(passed)
    async for batch in subscription.batches():
        if subscription.missed:
            yield ServerSentEvent(event="missed", data={"number": subscription.missed})
            subscription.missed = 0
        for passed in batch:
            yield _event(passed)
        if not batch:
            yield _PING


def _event(passed: Passed) -> ServerSentEvent:
    return ServerSentEvent(event="event", id=repr(passed.received_at), data=EventOut.of(passed))


def _time(last_event_id: str | None, after: float | None) -> float | None:
    """Whoever lost the stream goes on where it broke."""
    try:
        return float(last_event_id) if last_event_id else after
    except ValueError:
        return after
