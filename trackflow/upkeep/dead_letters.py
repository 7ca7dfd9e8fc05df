"""Dead letters: looked at, put back where they died, or thrown away. Over AMQP alone, however many there are.

A letter is read without an ack, what is to be done is noted, its copy is published and confirmed, and only
then is it acked. So a kill loses none, wherever it strikes, and what is done twice has the same `message_id`.
All that is kept here is what counts by group need, and the ids of the last few thousand letters.
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from kombu import Connection

from trackflow.errors import MessageError
from trackflow.messaging.choreography import dead_queue_name
from trackflow.upkeep.groups import Group, Groups
from trackflow.upkeep.letter import Letter
from trackflow.upkeep.raw import QUIET, Enough, RawMessage, RawReader
from trackflow.upkeep.raw_writer import RawWriter

BATCH = 500  # letters that are noted, published and acked together
BATCH_BYTES = 8 * 1024 * 1024  # of their bodies: a batch is held in memory
# The copies that a killed broker leaves lie as far apart as letters died between its end and the redelivery.
REMEMBERED = 10_000  # letters among which copies are recognised
PATIENCE = QUIET  # seconds that we wait for another reader of the same letters

Note = Callable[[Sequence[Letter]], None]
Progress = Callable[[], None]  # is called for each letter that was read
Change = Callable[[Letter], RawMessage]  # what is put back in a letter's place


@dataclass(frozen=True, slots=True)
class Selection:
    """Which letters are meant: those that fit all that is given."""

    ids: frozenset[str] | None = None
    reason: str | None = None
    queue: str | None = None  # the work queue
    error: str | None = None  # the error's type; "" for the letters that name none
    digest: str | None = None  # of the body: two letters can have one id and be two

    def has(self, letter: Letter) -> bool:
        """Whether this letter is meant, whose queue is read already."""
        return (
            (self.ids is None or letter.id in self.ids)
            and self.reason in (None, letter.reason)
            and self.error in (None, letter.error or "")
            and self.digest in (None, letter.digest)
        )


@dataclass(slots=True)
class Left:
    """Letters that could not be copied, and so are still dead: how many, and why for one of them."""

    count: int
    example: str
    why: str


@dataclass(slots=True)
class Done:
    """What was done, by work queue. Copies of one letter count once."""

    letters: Counter[str] = field(default_factory=Counter)
    left: dict[str, Left] = field(default_factory=dict)


class DeadLetters:
    """The dead letters of some work queues. A dead-letter queue that is not there has none.

    Who reads letters holds them for that moment, and another reader would not see them. So whoever finds
    somebody reading waits, but not for ever: beyond PATIENCE seconds what others hold is not seen. Nor are
    letters that come later.

    Methods raise `kombu.exceptions.OperationalError` if the broker goes away.
    """

    def __init__(
        self, connection: Connection, queues: Sequence[str], progress: Progress | None = None
    ) -> None:
        self._connection = connection
        self._queues = queues
        self._progress = progress or (lambda: None)

    def count(self, queue: str | None = None) -> int:
        """How many letters there are at most: with copies."""
        with RawReader(self._connection) as reader:
            return sum(reader.count(dead_queue_name(each)) or 0 for each in self._among(queue))

    def letters(self, selection: Selection) -> Generator[Letter]:
        """The letters, queue by queue, about the oldest first; of copies the first."""
        for queue in self._among(selection.queue):
            with RawReader(self._connection) as reader:
                seen = _Remembered()
                for letter in self._read(reader, queue, selection):
                    if letter.content not in seen:
                        seen.add(letter.content)
                        yield letter

    def groups(self, selection: Selection) -> list[Group]:
        """The letters counted by queue, reason and error."""
        groups = Groups()
        for letter in self.letters(selection):
            groups.add(letter)
        return list(groups.all())

    def find(self, identity: str, queue: str | None = None) -> list[Letter]:
        """The letter of this id in each queue that has one."""
        found = []
        for each in self._among(queue):
            chosen = Selection(ids=frozenset({identity}), queue=each)
            with closing(self.letters(chosen)) as letters:
                found += [letter for letter in [next(letters, None)] if letter is not None]
        return found

    def replay(
        self, selection: Selection, note: Note, change: Change | None = None, done: Done | None = None
    ) -> Done:
        """Put letters back into their own work queue, and no other, as they were before they died.

        `note` is told of each batch before anything is done to it; what it raises ends the replay, and well
        if that is `Enough`. Of copies one is put back. A letter that cannot be copied stays where it is.
        `change` makes what is put back in a letter's place. `done` is filled batch by batch: what it holds is
        done, also when an error ends the replay.

        Raises:
            PublishError: a work queue is missing, or takes nothing.
        """
        done, change = done or Done(), change or _as_it_was
        with suppress(Enough):
            for queue in self._among(selection.queue):
                self._replay(queue, selection, note, change, done)
        return done

    def discard(self, selection: Selection, note: Note, done: Done | None = None) -> Done:
        """Throw letters away, with their copies. `note` and `done` as for `replay`."""
        done = done or Done()
        with suppress(Enough):
            for queue in self._among(selection.queue):
                self._discard(queue, selection, note, done)
        return done

    def _replay(self, queue: str, selection: Selection, note: Note, change: Change, done: Done) -> None:
        replayed = _Remembered()
        with RawReader(self._connection) as reader, RawWriter(self._connection) as writer:
            for batch in _batches(self._read(reader, queue, selection)):
                fresh = {each.content: each for each in batch if each.content not in replayed}
                note(list(fresh.values()))
                copied = 0
                for letter in fresh.values():
                    try:
                        copy = change(letter)
                        writer.publish(queue, copy, copy.headers)
                    except MessageError as exc:
                        _leave(done, letter, str(exc))
                    else:
                        replayed.add(letter.content)
                        copied += 1
                writer.confirm()
                reader.ack(*(each.raw for each in batch if each.content in replayed))
                _count(done, queue, copied)

    def _discard(self, queue: str, selection: Selection, note: Note, done: Done) -> None:
        discarded = _Remembered()
        with RawReader(self._connection) as reader:
            for batch in _batches(self._read(reader, queue, selection)):
                fresh = {each.content: each for each in batch if each.content not in discarded}
                note(list(fresh.values()))
                for content in fresh:
                    discarded.add(content)
                reader.ack(*(each.raw for each in batch))
                _count(done, queue, len(fresh))

    def _among(self, queue: str | None) -> Iterator[str]:
        return (each for each in self._queues if queue in (None, each))

    def _read(self, reader: RawReader, queue: str, selection: Selection) -> Iterator[Letter]:
        dead = dead_queue_name(queue)
        for raw in reader.read(dead, _ready(reader, dead)):
            self._progress()
            letter = Letter(queue, raw)
            if selection.has(letter):
                yield letter


class _Remembered:
    """The contents of the last letters."""

    def __init__(self) -> None:
        self._contents: OrderedDict[Any, None] = OrderedDict()

    def __contains__(self, content: Any) -> bool:
        return content in self._contents

    def add(self, content: Any) -> None:
        self._contents[content] = None
        if len(self._contents) > REMEMBERED:
            self._contents.popitem(last=False)


def _batches(letters: Iterator[Letter]) -> Iterator[list[Letter]]:
    batch: list[Letter] = []
    size = 0
    for letter in letters:
        batch.append(letter)
        size += len(letter.raw.body)
        if len(batch) >= BATCH or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _ready(reader: RawReader, dead: str) -> int:
    """How many letters there are, once nobody else holds any or our patience ends."""
    deadline = time.monotonic() + PATIENCE
    while reader.consumers(dead) and time.monotonic() < deadline:
        time.sleep(0.05)
    return reader.count(dead) or 0


def _as_it_was(letter: Letter) -> RawMessage:
    return replace(letter.raw, headers=letter.headers)


def _count(done: Done, queue: str, letters: int) -> None:
    if letters:
        done.letters[queue] += letters


def _leave(done: Done, letter: Letter, why: str) -> None:
    left = done.left.setdefault(letter.queue, Left(0, letter.id, why))
    left.count += 1
