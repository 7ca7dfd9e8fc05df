"""What a migration would do, as values: shown to a person first, then done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kombu import Connection, Queue

from trackflow.errors import TopologyError
from trackflow.messaging.choreography import migration_queue_name
from trackflow.messaging.event_queue import EventQueue
from trackflow.upkeep.topology import Found, look_for_exchange, look_for_queue, peek, remedy

Action = Literal["replace", "set aside", "put back"]


@dataclass(frozen=True, slots=True)
class Move:
    """What is done with one queue. Whatever the action, its messages are in it at the end.

    Attributes:
        queue: as wanted.
        found: as the broker has it.
        beside: the queue where its messages wait, if an earlier run left it.
        action: "replace" deletes the queue and declares it as wanted, "set aside" empties it meanwhile, "put
            back" only finishes an interrupted migration.
    """

    queue: Queue
    found: Found
    beside: Found
    action: Action

    def __str__(self) -> str:
        words = []
        if self.action == "replace":
            words.append(f"{self.found.difference or 'missing'}; is replaced")
        if self.action != "put back":
            until = (
                "meanwhile" if self.action == "replace" else "lest they come due while its queue is missing"
            )
            words.append(f"{_messages(self.found.messages)} wait in {self.beside.name} {until}")
        if self.beside.exists:
            words.append(f"{_messages(self.beside.messages)} of an interrupted migration are put back")
        return "; ".join(words)


@dataclass(frozen=True, slots=True)
class Migration:
    """What is done with the queues of one subscription.

    Attributes:
        work: its work queue, as wanted.
        moves: in the order in which they are emptied: retry queues, work queue, dead letters.
        missing: the work queue or that of dead letters, if a person deleted it: others dead-letter into it.
        consumed: which of its queues have consumers, if that must not be.
    """

    work: EventQueue
    moves: tuple[Move, ...]
    missing: tuple[Queue, ...]
    consumed: tuple[Found, ...]

    @property
    def dead_queue(self) -> str:
        """Where its dead letters are safe while this goes on."""
        dead, last = self.work.behind[-1], self.moves[-1]
        is_replaced = last.queue is dead and last.action == "replace"
        return last.beside.name if is_replaced else dead.name


def plan(connection: Connection, queues: Sequence[EventQueue]) -> list[Migration]:
    """What is to be done; empty if no queue differs and nothing was left. Changes nothing.

    Raises:
        TopologyError: it cannot be done, or not now; the text says what to do first.
    """
    exchange = look_for_exchange(connection, queues[0].exchange)
    if exchange.difference:
        raise TopologyError(f"{exchange} ({remedy(exchange)})")
    migrations = [each for queue in queues if (each := _migration(connection, queue)).moves]
    consumed = [found for each in migrations for found in each.consumed]
    if consumed:
        names = ", ".join(f"{found.name} ({found.consumers})" for found in consumed)
        raise TopologyError(f"these queues are consumed, stop their workers first: {names}")
    return migrations


def _migration(connection: Connection, work: EventQueue) -> Migration:
    *retries, dead = work.behind
    in_order = (*retries, work, dead)
    found = {queue.name: look_for_queue(connection, queue) for queue in in_order}
    beside = {queue.name: peek(connection, migration_queue_name(queue.name)) for queue in in_order}
    for each in found.values():
        if each.refused:
            raise TopologyError(str(each))
    moves = []
    work_goes = _action(found[work.name], beside[work.name], work_goes=False) == "replace"
    for queue in in_order:
        here, left = found[queue.name], beside[queue.name]
        action = _action(here, left, work_goes=work_goes and queue in retries)
        if action:
            moves.append(Move(queue, here, left, action))
    differs = any(each.differences for each in found.values())
    return Migration(
        work,
        tuple(moves),
        missing=tuple(
            queue
            for queue in (work, dead)
            if differs and not found[queue.name].exists and not beside[queue.name].exists
        ),
        consumed=tuple(
            each
            for each in (*found.values(), *beside.values())
            if each.consumers and any(move.action != "put back" for move in moves)
        ),
    )


def _action(here: Found, left: Found, *, work_goes: bool) -> Action | None:
    if here.differences or (left.exists and not here.exists):
        return "replace"
    if work_goes and here.exists:
        return "set aside"
    return "put back" if left.exists else None


def _messages(number: int) -> str:
    return f"{number:,} message" if number == 1 else f"{number:,} messages"
