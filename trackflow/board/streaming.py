"""Server-sent events: one look at the ledger serves everybody who watches, and nobody makes the board wait.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from starlette.concurrency import run_in_threadpool

from trackflow.errors import TrackflowError

logger = logging.getLogger(__name__)

T = TypeVar("T")

MOST_STREAMS = 200  # of a process
PING = 10.0  # seconds after which an idle stream says that it lives
LIFE = 3600.0  # seconds; then the browser comes again, and is asked again who it is


class TooManyStreams(Exception):
    """No further stream is served now."""


class Subscription(Generic[T]):
    """What one client was not sent yet. Of one that is too slow the oldest is dropped, and counted.

    Attributes:
        missed: how many were dropped since it was last asked.
    """

    def __init__(self, wants: Callable[[T], bool], most: int) -> None:
        self._wants = wants
        self._waiting: deque[T] = deque()
        self._most = most
        self._news = asyncio.Event()
        self._ended = False
        self.missed = 0

    def put(self, items: Sequence[T]) -> None:
        """Add those that it wants."""
        for item in filter(self._wants, items):
            if len(self._waiting) == self._most:
                self._waiting.popleft()
                self.missed += 1
            self._waiting.append(item)
        if self._waiting:
            self._news.set()

    def end(self) -> None:
        """Nothing comes any more."""
        self._ended = True
        self._news.set()

    async def batches(self) -> AsyncIterator[list[T]]:
        """What has come, again and again; an empty batch if nothing came for PING seconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + LIFE
        while not self._ended and loop.time() < deadline:
            try:
                await asyncio.wait_for(self._news.wait(), PING)
            except TimeoutError:
                yield []
                continue
            self._news.clear()
            batch = list(self._waiting)
            self._waiting.clear()
            if batch:
                yield batch


class Feed(Generic[T]):
    """Looks for news as long as anybody is subscribed. All but `look` runs in the event loop."""

    def __init__(
        self, look: Callable[[], Sequence[T]], every: float, most: int, begin: Callable[[], None]
    ) -> None:
        """`look` gives what is new, `begin` forgets what came while nobody looked.

        every: seconds between two looks. most: what a slow client may have waiting.
        """
        self._look = look
        self._begin = begin
        self._every = every
        self._most = most
        self._subscriptions: set[Subscription[T]] = set()
        self._wanted = asyncio.Event()

    def __len__(self) -> int:
        return len(self._subscriptions)

    @contextmanager
    def subscribed(self, wants: Callable[[T], bool] = lambda _: True) -> Iterator[Subscription[T]]:
        """A subscription for as long as the block lasts."""
        subscription = Subscription(wants, self._most)
        self._subscriptions.add(subscription)
        self._wanted.set()
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    async def run(self) -> None:
        """Look, until cancelled."""
        while True:
            await self._wanted.wait()
            await self._try(self._begin)
            while self._subscriptions:
                news = await self._try(self._look)
                for subscription in tuple(self._subscriptions):
                    subscription.put(news or ())
                await asyncio.sleep(self._every)
            self._wanted.clear()

    def end(self) -> None:
        """End all streams."""
        for subscription in tuple(self._subscriptions):
            subscription.end()

    async def _try(self, look: Callable[[], Sequence[T] | None]) -> Sequence[T] | None:
        try:
            return await run_in_threadpool(look)
        except TrackflowError:  # the ledger is away, as the health says; it comes back
            return None
        except Exception:
            logger.exception("nothing can be streamed")
            return None


class Streams:
    """All streams of a board's process."""

    def __init__(self, *feeds: Feed[Any]) -> None:
        self._feeds = feeds
        self._tasks: list[asyncio.Task[None]] = []
        self._has_ended = False

    def start(self) -> None:
        """Begin, in the running event loop."""
        self._tasks = [asyncio.create_task(feed.run()) for feed in self._feeds]

    def require_room(self) -> None:
        """Raises TooManyStreams if another one would be too many."""
        if self._has_ended:
            raise TooManyStreams("the board is ending")
        if sum(map(len, self._feeds)) >= MOST_STREAMS:
            raise TooManyStreams(f"{MOST_STREAMS} streams are open already: close some pages")

    def end(self) -> None:
        """End all streams: an open one would keep the server from ending."""
        self._has_ended = True
        for feed in self._feeds:
            feed.end()

    def stop(self) -> None:
        """End everything."""
        self.end()
        for task in self._tasks:
            task.cancel()
