"""What Trackflow asks of a BPMN engine. The tracker knows no engine by name, only these questions.

There are two families. A `RemoteEngine` lives elsewhere: it may be away, and an answer may get lost, so
telling it an event exactly once takes a protocol. A `TransactionalEngine` keeps its state in the ledger's
database and changes it in the caller's transaction: exactly once, with no protocol.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from trackflow.bpmn import Model
from trackflow.engines.misfits import Misfit
from trackflow.message import Message


class Outcome(StrEnum):
    """What an engine says of an event."""

    ACCEPTED = "accepted"  # it started an instance or moved one
    NOT_AWAITED = "not awaited"  # no instance waits for it and no model starts with it: nothing changed
    AMBIGUOUS = "ambiguous"  # several executions wait for it: nothing changed
    REFUSED = "refused"  # it can never be accepted as it is: nothing changed
    FAILED = "failed"  # the engine failed at it this time: nothing changed, asking again may help


@dataclass(frozen=True, slots=True)
class Moved:
    """A business key whose instances moved by what another one did. `due_at`: as of an `Answer`."""

    business_key: str
    due_at: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """An engine's word on one event, or on a timer that is due.

    Attributes:
        outcome: what it did.
        reason: in the engine's words, unless it was accepted.
        due_at: of a `TransactionalEngine`: when the first timer that is set now for the business key is due,
            in epoch seconds; None: none is set.
        moved: of a `TransactionalEngine`: the other business keys whose instances moved, too, by a signal.
    """

    outcome: Outcome
    reason: str | None = None
    due_at: float | None = None
    moved: tuple[Moved, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One element that an instance entered."""

    element: str  # its id in the model
    name: str | None  # its label
    entered: datetime
    left: datetime | None  # None while it is active
    canceled: bool = False  # it was interrupted: by a boundary event, a terminate end event, from outside


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer that is set."""

    element: str  # id of the event that it triggers
    due: datetime
    trouble: str | None = None  # why it could not fire: it stands until somebody retries it


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
    timers: tuple[Timer, ...] = ()  # that are set, by their due times
    end: str | None = None  # once it has ended, and with its path: id of the end event that it reached last
    caller: str | None = None  # id of the instance whose call activity called it


def newest(instances: Sequence[Instance]) -> Instance | None:
    """Of an order's instances, oldest first, the one that says where it is: not one that another called."""
    roots = [each for each in instances if each.caller is None] or instances
    return roots[-1] if roots else None


def awaited(instances: Iterable[Instance]) -> tuple[str, ...]:
    """The message names that any of an order's instances would accept now, sorted."""
    return tuple(sorted({name for each in instances for name in each.awaiting}))


@dataclass(frozen=True, slots=True)
class Deployment:
    """What became of one model."""

    process: str
    version: int
    changed: bool  # False: the same content was deployed already
    notes: tuple[str, ...] = ()  # what the engine was given differently from the file, in words


BROUGHT_BACK = "it was withdrawn, and starts again"  # a note of a `Deployment`


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a process that is deployed."""

    process: str
    version: int
    running: int  # instances that are on it


@dataclass(frozen=True, slots=True)
class Running:
    """A running instance and the version that it is on."""

    id: str
    business_key: str
    process: str
    version: int


@dataclass(frozen=True, slots=True)
class Migrated:
    """What became of an instance that was to move to another version.

    Attributes:
        misfits: why it could not; empty if it did.
        is_gone: it did not run on its version any more, so there was nothing to do.
        due_at: as of an `Answer`.
    """

    misfits: tuple[Misfit, ...] = ()
    is_gone: bool = False
    due_at: float | None = None


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

    # ---- versions ------------------------------------------------------------------------------------

    @abstractmethod
    def versions(self, tenant: str) -> list[Version]:
        """All versions that are deployed, by process and number. Raises EngineUnreachable."""

    @abstractmethod
    def running_on(self, tenant: str, process: str, version: int) -> Iterator[list[Running]]:
        """The running instances of a version, in pages; they may move meanwhile. Raises EngineUnreachable."""

    @abstractmethod
    def could_migrate(self, tenant: str, instance: Running, to: int) -> Migrated:
        """What `migrate` would answer. Changes nothing. Raises EngineUnreachable, ModelError."""

    @abstractmethod
    def withdraw(self, tenant: str, process: str) -> bool:
        """Let no event start the process; what runs goes on, and so do calls of it.

        False: it was withdrawn already.

        Its start events then are not awaited, as if it had never been deployed. Deploying it again, changed
        or not, brings it back. Raises EngineRefused: it is not deployed; EngineUnreachable, AnswerUnknown.
        """

    @abstractmethod
    def withdrawn(self, tenant: str) -> frozenset[str]:
        """The processes that are deployed and withdrawn. Raises EngineUnreachable."""


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

    @abstractmethod
    def migrate(self, tenant: str, instance: Running, to: int) -> Migrated:
        """Move the instance to another version of its process, or change nothing.

        Raises EngineUnreachable, ModelError, or AnswerUnknown: then asking again is safe.
        """


Turn = Callable[[str], object]  # waits until a business key is the caller's alone


class TransactionalEngine(Engine):
    """An engine whose state lives in the ledger's database.

    It reads no clock of its own where the ledger's is given: hosts whose clocks differ then agree on what is
    due. It has no thread either: whoever tells it events also fires its timers, when `due_at` has come.
    """

    @abstractmethod
    def correlate(
        self, event: Message, transaction: Connection, now: float | None = None, turn: Turn | None = None
    ) -> Answer:
        """Tell the engine an event, in a transaction that the caller commits or rolls back.

        `now`: epoch seconds; None: by the engine's own clock. `turn` is called with each other business key
        that the event reaches by a signal, before its instances are read: it keeps everybody else off them
        until the end of the transaction, as the caller does with the event's own. None: nobody else writes.
        """

    @abstractmethod
    def running(self, event: Message, transaction: Connection) -> bool | None:
        """As `RemoteEngine.running`, within the caller's transaction."""

    @abstractmethod
    def migrate(
        self, tenant: str, instance: Running, to: int, transaction: Connection, now: float | None = None
    ) -> Migrated:
        """As `RemoteEngine.migrate`, within the caller's transaction, which has locked the case."""

    @abstractmethod
    def fire(
        self,
        tenant: str,
        business_key: str,
        transaction: Connection,
        now: float | None = None,
        turn: Turn | None = None,
    ) -> Answer:
        """Fire the one timer of a business key's instances that is the most overdue, as `correlate` does.

        NOT_AWAITED: none is due. REFUSED: it cannot fire, for this reason; it is set aside and stands until
        `resume`, while the others go on.
        """

    @abstractmethod
    def resume(self, tenant: str, business_key: str, transaction: Connection) -> int:
        """Set the timers again that were set aside, each to when it was due; how many."""
