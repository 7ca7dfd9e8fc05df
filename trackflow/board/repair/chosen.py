"""Which failures a request means: the same words in a page's form and in the API's JSON."""

from __future__ import annotations

from typing import Annotated

from fastapi import HTTPException
from pydantic import BaseModel, ConfigDict, Field

from trackflow.board.context import Board
from trackflow.board.repair.operations import Operation
from trackflow.board.repair.repairs import By, Repairs
from trackflow.message import SHORT
from trackflow.messaging.event_queue import EventQueue
from trackflow.upkeep.dead_letters import Selection
from trackflow.upkeep.groups import Group
from trackflow.upkeep.letter import Letter
from trackflow.words import counted

MOST_IDS = 1000  # that one request may name
WHY = 500  # characters
STORABLE = r"^[^\x00]*$"  # PostgreSQL stores no NUL, and fails at a question that has one

Text = Annotated[str, Field(pattern=STORABLE)]


def queue_of(board: Board, name: str) -> EventQueue:
    """The work queue of this name, with or without the tenant before it. Raises 404."""
    for queue in board.trackflow.queues:
        if name in (queue.name, queue.task):
            return queue
    raise HTTPException(404, f"there is no queue {name[:80]!r}")


def letter_of(board: Board, queue: str, identity: str, digest: str | None = None) -> Letter:
    """One dead letter. Raises 404."""
    letter = board.letters.find(queue_of(board, queue).name, identity, digest or None)
    if letter is None:
        raise HTTPException(
            404, f"there is no dead letter {identity[:80]!r} in {queue[:80]}; it may be repaired"
        )
    return letter


class Letters(BaseModel):
    """Which dead letters: some by id, a group of a queue, a queue, or everything."""

    model_config = ConfigDict(frozen=True)

    queue: str | None = Field(
        None, max_length=SHORT, description="the work queue, with or without the tenant"
    )
    ids: list[str] = Field(default_factory=list, alias="id", max_length=MOST_IDS, description="of letters")
    reason: str | None = Field(None, max_length=SHORT, description="why they are dead")
    error: str | None = Field(None, max_length=SHORT, description="the type of their error")
    errorless: bool = Field(False, description="only those that name no error")
    everything: bool = Field(False, description="all of all queues")
    why: str | None = Field(None, max_length=WHY, description="kept in the audit")


class Events(BaseModel):
    """Which events: some by id, those of some orders, or the refused ones of a cause."""

    model_config = ConfigDict(frozen=True)

    ids: list[Text] = Field(default_factory=list, alias="id", max_length=MOST_IDS, description="of events")
    keys: list[Text] = Field(
        default_factory=list, alias="key", max_length=MOST_IDS, description="business keys"
    )
    event: Text | None = Field(None, max_length=SHORT, description="the name of refused events")
    cause: Text | None = Field(None, max_length=WHY, description="why they were refused, as groups have it")
    why: str | None = Field(None, max_length=WHY, description="kept in the audit")


class Chosen:
    """The dead letters that are meant. Raises 422 if none is: an empty request must not mean all."""

    def __init__(self, board: Board, wanted: Letters) -> None:
        if not (wanted.queue or wanted.ids or wanted.everything):
            raise HTTPException(422, "which letters? Give ids, a queue, or everything")
        self._board = board
        self._name = queue_of(board, wanted.queue).name if wanted.queue else None
        self._ids = frozenset(wanted.ids)
        error = "" if wanted.errorless else wanted.error or None
        self.selection = Selection(self._ids or None, wanted.reason or None, self._name, error)

    @property
    def words(self) -> str:
        """What is chosen."""
        of = f" of {self._name}" if self._name else ""
        if self._ids:
            return f"{counted(len(self._ids), 'dead letter')}{of}"
        if self.selection.reason is not None:
            died = ", ".join(each for each in (self.selection.reason, self.selection.error) if each)
            return f"the dead letters{of} that died of: {died}"
        return f"all dead letters{of}"

    @property
    def total(self) -> int:
        """How many they are, as far as is known."""
        if self._ids:
            return len(self._ids)
        return sum(group.count for group in self.groups)

    @property
    def groups(self) -> list[Group]:
        """The groups that are chosen as a whole."""
        chosen = self.selection
        return [
            group
            for group in self._board.letters.groups()
            if chosen.queue in (None, group.queue)
            and chosen.reason in (None, group.reason)
            and chosen.error in (None, group.error or "")
        ]

    def replay(self, by: By) -> Operation:
        """Start it. Raises 429."""
        return Repairs(self._board).replay(self.selection, self.words, self.total, by)

    def discard(self, by: By) -> Operation:
        """Start it. Raises 429."""
        return Repairs(self._board).discard(self.selection, self.words, self.total, by)


def retry(board: Board, wanted: Events, by: By) -> Operation:
    """Start a retry. Raises 429; 422 if no event is chosen."""
    repairs = Repairs(board)
    if wanted.ids:
        return repairs.retry_events(wanted.ids, by)
    if wanted.keys:
        return repairs.retry_orders([wanted.keys], counted(len(wanted.keys), "order"), None, by)
    if wanted.event and wanted.cause:
        return repairs.retry_cause(wanted.event, wanted.cause, None, by)
    raise HTTPException(422, "which events? Give ids, business keys, or an event and a cause")
