"""The dead letters as they were a moment ago: pages show these, since to read letters is to hold them.

They lie in the broker, which has no question for "how many of what kind". So a thread looks at how many there
are, which holds none, and reads those queues again whose number has changed. A reading takes about a second
for 15,000 letters, then all are given back. It begins only while nobody else reads (see `DeadLetters`).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime

from amqp.exceptions import AMQPError
from kombu.exceptions import OperationalError

from trackflow.board.repair.shelf import Shelf
from trackflow.extension import Trackflow
from trackflow.messaging.choreography import dead_queue_name
from trackflow.upkeep.dead_letters import DeadLetters, Progress, Selection
from trackflow.upkeep.groups import Group
from trackflow.upkeep.letter import Letter
from trackflow.upkeep.raw import RawReader
from trackflow.urls import said

logger = logging.getLogger(__name__)

BROKER_ERRORS = (OperationalError, AMQPError, OSError)

_LOOK = 3.0  # seconds between two looks at how many there are
_SHARE = 9  # a reading is followed by a pause of so many times as long
_CONNECT = 5  # seconds
_OLD = 60.0  # seconds after which a queue is read again though it is as long: one may have gone and one come
_PATIENCE = 5.0  # seconds that a page waits for whoever replays or discards
_ENDING = 20.0  # seconds that a reading may still take when the board ends


class LetterBox:
    """The dead letters of one project; any thread may ask.

    Attributes:
        is_amqp: whether there is a broker that keeps dead letters.
    """

    def __init__(self, trackflow: Trackflow) -> None:
        self.is_amqp = trackflow.publisher.is_amqp
        self._app = trackflow.app
        self._queues = tuple(queue.name for queue in trackflow.queues)
        self._shelves: Mapping[str, Shelf] = {}
        self._as_of: datetime | None = None
        self._away_since: datetime | None = None
        self._why_away: str | None = None
        self._hands = threading.Lock()  # only one reads the letters
        self._readings = 0
        self._changed: frozenset[str] = frozenset()  # queues that somebody wants to be read again
        self._read_at: dict[str, float] = {}  # monotonic
        self._wake = threading.Event()
        self._ends = threading.Event()
        self._rests_until = 0.0  # monotonic
        self._thread: threading.Thread | None = None

    # ---- what it knows -------------------------------------------------------------------------------

    @property
    def as_of(self) -> datetime | None:
        """When the broker was looked at last (UTC); None: not yet."""
        return self._as_of

    @property
    def away_since(self) -> datetime | None:
        """Since when the broker does not answer (UTC); None: it does."""
        return self._away_since

    @property
    def why_away(self) -> str | None:
        """What it said, or why it could not be asked."""
        return self._why_away

    @property
    def shelves(self) -> Sequence[Shelf]:
        """What is known of each queue that has letters, in the order of the choreography."""
        known = self._shelves
        return [known[queue] for queue in self._queues if queue in known and known[queue].depth]

    @property
    def count(self) -> int:
        """How many letters there are."""
        return sum(shelf.count for shelf in self.shelves)

    @property
    def readings(self) -> int:
        """How often a queue was read: what is known may be another whenever this is."""
        return self._readings

    def groups(self) -> list[Group]:
        """All groups, the largest first."""
        groups = [group for shelf in self.shelves for group in shelf.groups]
        return sorted(groups, key=lambda group: -group.count)

    def letters(self, chosen: Selection) -> list[Letter]:
        """Those that are kept, of each queue the first and the last."""
        shelves = [shelf for shelf in self.shelves if chosen.queue in (None, shelf.queue)]
        return [letter for shelf in shelves for letter in shelf.letters if chosen.has(letter)]

    def of_order(self, business_key: str) -> list[Letter]:
        """Those of an order that are kept."""
        return [letter for shelf in self.shelves for letter in shelf.of_order(business_key)]

    def find(self, queue: str, identity: str, digest: str | None = None) -> Letter | None:
        """One letter; one that is not kept is looked for at the broker. Raises OperationalError."""
        chosen = Selection(frozenset({identity}), queue=queue, digest=digest)
        found = next(iter(self.letters(chosen)), None)
        shelf = self._shelves.get(queue)
        if found is not None or shelf is None or shelf.has_all:
            return found
        with self.reading(_PATIENCE) as dead, closing(dead.letters(chosen)) as letters:
            return next(letters, None)

    # ---- how it knows it -----------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to look."""
        if self.is_amqp:
            self._thread = threading.Thread(target=self._run, name="letters", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._ends.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(_ENDING)

    def look_again(self) -> None:
        """Somebody wants to see what has changed: as soon as may be."""
        self._changed, self._rests_until = frozenset(self._queues), 0.0
        self._wake.set()

    @contextmanager
    def reading(self, seconds: float = -1, progress: Progress | None = None) -> Iterator[DeadLetters]:
        """The letters themselves, while the box keeps its hands off them.

        Raises OperationalError: the broker is away, or somebody else has the letters for longer than that.
        """
        if not self._hands.acquire(timeout=seconds):
            raise OperationalError("the dead letters are being replayed or discarded: try again in a moment")
        try:
            with self._app.connection_for_write(connect_timeout=_CONNECT) as connection:
                yield DeadLetters(connection, self._queues, progress)
        finally:
            self._hands.release()

    def look(self) -> None:
        """Look once, and read what has changed. That the broker is away is noted, not raised."""
        try:
            with (
                self._app.connection_for_write(connect_timeout=_CONNECT) as connection,
                RawReader(connection) as reader,
            ):
                self._look(reader)
        except BROKER_ERRORS as exc:
            self._is_away(exc)

    def _run(self) -> None:
        while not self._ends.is_set():
            try:
                self._watch()
            except Exception:
                logger.exception("the dead letters cannot be looked at")
            self._pause()

    def _watch(self) -> None:
        """Look again and again on one connection, as long as it lasts."""
        try:
            with (
                self._app.connection_for_write(connect_timeout=_CONNECT) as connection,
                RawReader(connection) as reader,
            ):
                while not self._ends.is_set():
                    self._look(reader)
                    self._pause()
        except BROKER_ERRORS as exc:
            self._is_away(exc)

    def _pause(self) -> None:
        self._wake.wait(_LOOK)
        self._wake.clear()

    def _look(self, reader: RawReader) -> None:
        has_rested = time.monotonic() >= self._rests_until  # asked once: all that has changed is read then
        for queue in self._queues:
            if self._ends.is_set():
                return
            self._look_at(reader, queue, has_rested)
        self._as_of = datetime.now(UTC)
        self._away_since = self._why_away = None

    def _look_at(self, reader: RawReader, queue: str, has_rested: bool) -> None:
        dead = dead_queue_name(queue)
        depth = reader.count(dead) or 0
        if not self._is_due(queue, depth, has_rested) or reader.consumers(dead) or self._hands.locked():
            return
        began = time.monotonic()
        with self.reading() as letters:
            shelf = Shelf.read(letters, queue, depth) if depth else Shelf(queue)
        self._shelves = {**self._shelves, queue: shelf}
        self._changed -= {queue}
        self._readings += 1
        self._read_at[queue] = ended = time.monotonic()
        self._rests_until = max(self._rests_until, ended) + _SHARE * (ended - began)

    def _is_due(self, queue: str, depth: int, has_rested: bool) -> bool:
        known, now = self._shelves.get(queue), time.monotonic()
        if known is None:
            return True
        is_old = bool(depth) and now - self._read_at[queue] > _OLD
        return (known.depth != depth or queue in self._changed or is_old) and has_rested

    def _is_away(self, error: Exception) -> None:
        self._away_since = self._away_since or datetime.now(UTC)
        self._why_away = said(error)
