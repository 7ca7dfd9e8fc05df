"""What Trackflow asks of a BPMN engine. The tracker knows no engine by name, only these questions.

There are two families. A `RemoteEngine` lives elsewhere: it may be away, and an answer may get lost, so
telling it an event exactly once takes a protocol. A `TransactionalEngine` keeps its state in the ledger's
database and changes it in the caller's transaction: exactly once, with no protocol.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Connection

from trackflow.bpmn import Model
from trackflow.engines.answers import Answer, Deployment, Instance, Migrated, Running, Version
from trackflow.message import Message


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
