"""What Trackflow asks of a BPMN engine. The tracker knows no engine by name, only these questions.

There are two families. A `RemoteEngine` lives elsewhere: it may be away, and an answer may get lost, so
telling it an event exactly once takes a protocol. A `TransactionalEngine` keeps its state in the ledger's
database and changes it in the caller's transaction: exactly once, with no protocol.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from trackflow.bpmn import Model
from trackflow.message import Message


class Outcome(StrEnum):
    """What an engine says of an event."""

    ACCEPTED = "accepted"  # it started an instance or moved one
    NOT_AWAITED = "not awaited"  # no instance waits for it and no model starts with it: nothing changed
    AMBIGUOUS = "ambiguous"  # several executions wait for it: nothing changed
    REFUSED = "refused"  # it can never be accepted as it is: nothing changed
    FAILED = "failed"  # the engine failed at it this time: nothing changed, asking again may help


@dataclass(frozen=True, slots=True)
class Answer:
    """An engine's word on one event."""

    outcome: Outcome
    reason: str | None = None  # in the engine's words, unless it was accepted


@dataclass(frozen=True, slots=True)
class Step:
    """One element that an instance entered."""

    element: str  # its id in the model
    name: str | None  # its label
    entered: datetime
    left: datetime | None  # None while it is active


@dataclass(frozen=True, slots=True)
class Instance:
    """Where one process instance is, and how it got there. Times are UTC."""

    id: str
    process: str  # the id of the BPMN process
    version: int  # of the deployed model
    state: str  # "running", "completed", or "terminated" (ended from outside)
    awaiting: tuple[str, ...]  # message names that would be accepted now, sorted
    active: tuple[str, ...]  # ids of the elements where it waits, sorted
    path: tuple[Step, ...]  # in the order in which they were entered
    started: datetime
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class Deployment:
    """What became of one model."""

    process: str
    version: int
    changed: bool  # False: the same content was deployed already
    notes: tuple[str, ...] = ()  # what the engine was given differently from the file, in words


class Engine(ABC):
    """The questions that every engine answers."""

    @abstractmethod
    def ping(self) -> str:
        """Name and version, for people. Raises EngineUnreachable."""

    @abstractmethod
    def deploy(self, models: Sequence[Model], tenant: str) -> list[Deployment]:
        """Make the models known for the tenant: all or none. The same content is not deployed again.

        Raises ModelError for what the engine cannot run (element by name), EngineRefused, EngineUnreachable.
        """

    @abstractmethod
    def deployed(self, models: Sequence[Model], tenant: str) -> Mapping[str, bool]:
        """For each model's process id: whether exactly this content is what is deployed last."""

    @abstractmethod
    def instances(self, tenant: str, business_keys: Iterable[str]) -> dict[str, list[Instance]]:
        """The process instances of some business keys, oldest first, without their paths (they are empty).

        Every asked key is in the answer. Raises EngineUnreachable.
        """

    @abstractmethod
    def histories(self, tenant: str, business_keys: Iterable[str]) -> dict[str, list[Instance]]:
        """The same with their paths."""

    def history(self, tenant: str, business_key: str) -> list[Instance]:
        """The process instances of one business key, oldest first, with their paths."""
        return self.histories(tenant, [business_key])[business_key]

    @abstractmethod
    def source(self, tenant: str, process: str, version: int) -> bytes | None:
        """The BPMN file of a version of a process; None if it is not there. Raises EngineUnreachable."""


class RemoteEngine(Engine):
    """An engine behind a network."""

    request_seconds: float  # the longest that one request can take, from its start to our giving up

    @abstractmethod
    def correlate(self, event: Message) -> Answer:
        """Tell the engine an event.

        In the same transaction as the event's effect the engine sets the process variable `event:<id>` (of a
        long id, its hash). Raises EngineUnreachable (surely nothing happened) or AnswerUnknown (it may have).
        """

    @abstractmethod
    def happened(self, event: Message) -> bool:
        """Whether the event took effect: its own variable is in the engine's history.

        Raises EngineUnreachable.
        """

    @abstractmethod
    def running(self, event: Message) -> bool | None:
        """Whether any instance of the event's business key still runs; None if there never was one."""

    @abstractmethod
    def end_twins(self, start: Message) -> int:
        """End all but the oldest of the running root instances that one start event made; how many it ended.

        Two can arise only when a request outlives the tracker's quarantine. Raises EngineUnreachable.
        """


class TransactionalEngine(Engine):
    """An engine whose state lives in the ledger's database."""

    @abstractmethod
    def correlate(self, event: Message, transaction: Connection) -> Answer:
        """Tell the engine an event, in a transaction that the caller commits or rolls back."""

    @abstractmethod
    def running(self, event: Message, transaction: Connection) -> bool | None:
        """As `RemoteEngine.running`, within the caller's transaction."""
