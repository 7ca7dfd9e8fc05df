"""Compares what a broker has with what the choreography wants, and declares what is missing.

AMQP has no question for "what is there". A passive declaration answers whether a queue exists; an active one
with other arguments is refused. Either error closes its channel, so each question gets a channel of its own.
Bindings cannot be asked for; declaring one that is there, or removing one that is not, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from amqp.exceptions import ChannelError, NotFound
from kombu import Connection, Exchange, Queue

from trackflow.errors import TopologyError
from trackflow.messaging.choreography import migration_queue_name
from trackflow.messaging.event_queue import EventQueue
from trackflow.upkeep.difference import Difference, Value, differences

_FLAGS = frozenset({"type", "durable", "exclusive", "auto_delete"})


class Binding(NamedTuple):
    """What a queue hears through the tenant's exchange."""

    queue: str
    routing_key: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a broker has under one name.

    Attributes:
        kind: "exchange" or "queue".
        name: of the exchange or queue.
        exists: whether there is one of this name.
        differences: the arguments that are not as wanted.
        refused: the broker's words if it does not compare: it is another connection's exclusive queue, say.
        messages: how many messages are ready in the queue; 0 for an exchange.
        consumers: how many consumers the queue has; 0 for an exchange.
    """

    kind: Literal["exchange", "queue"]
    name: str
    exists: bool
    differences: tuple[Difference, ...] = ()
    refused: str | None = None
    messages: int = 0
    consumers: int = 0

    @property
    def difference(self) -> str | None:
        """How it is not as wanted, in words; None if it is."""
        return self.refused or ", ".join(map(str, self.differences)) or None

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.difference or ('as wanted' if self.exists else 'missing')}"


def compare(connection: Connection, queues: Sequence[EventQueue]) -> list[Found]:
    """Every exchange and queue of the choreography, as the broker has it. Changes nothing."""
    exchanges = {queue.exchange.name: queue.exchange for queue in queues}
    return [
        *(look_for_exchange(connection, exchange) for exchange in exchanges.values()),
        *(look_for_queue(connection, each) for each in all_queues(queues)),
    ]


def declare(connection: Connection, queues: Sequence[EventQueue], keys: Iterable[str]) -> list[Found]:
    """Declare exchange, queues and bindings; returns what was there before.

    Of the choreography's routing `keys` a queue hears only those that it should afterwards, whoever bound it
    to others. What an interrupted migration left hears nothing more: its queue is there again.

    Raises:
        TopologyError: something exists and is not as wanted. Then nothing was declared.
    """
    before = compare(connection, queues)
    for found in before:
        if found.difference:
            raise TopologyError(f"{found} ({remedy(found)})")
    with throw_away_channel(connection) as channel:
        for queue in queues:
            queue(channel).declare()
    unbind(connection, queues[0].exchange.name, unwanted_bindings(queues, keys))
    return before


def left_by_migration(connection: Connection, queues: Sequence[EventQueue]) -> list[Found]:
    """The queues that hold messages of an interrupted migration."""
    names = [migration_queue_name(each.name) for each in all_queues(queues)]
    return [found for found in (peek(connection, name) for name in names) if found.exists]


def all_queues(queues: Iterable[EventQueue]) -> Iterator[Queue]:
    """The work queues, each followed by those behind it."""
    for queue in queues:
        yield from (queue, *queue.behind)


def bindings(queue: EventQueue) -> list[Binding]:
    """What a work queue should be bound to."""
    return [Binding(queue.name, key) for key in sorted({queue.routing_key, *_more_keys(queue)})]


def unwanted_bindings(queues: Sequence[EventQueue], keys: Iterable[str]) -> list[Binding]:
    """Each of the keys at each queue that must not hear it."""
    wanted = {each for queue in queues for each in bindings(queue)}
    names = [name for each in all_queues(queues) for name in (each.name, migration_queue_name(each.name))]
    return [each for key in set(keys) for name in names if (each := Binding(name, key)) not in wanted]


def unbind(connection: Connection, exchange: str, unwanted: Iterable[Binding]) -> None:
    """Remove bindings; RabbitMQ is silent about those that are not there."""
    with throw_away_channel(connection) as channel:
        for each in unwanted:
            channel.queue_unbind(each.queue, exchange, each.routing_key)


def look_for_exchange(connection: Connection, exchange: Exchange) -> Found:
    """An exchange as the broker has it."""
    wanted: dict[str, Value] = {
        "type": exchange.type,
        "durable": exchange.durable,
        "auto_delete": exchange.auto_delete,
        **(exchange.arguments or {}),
    }

    def ask(arguments: Mapping[str, Value]) -> None:
        with throw_away_channel(connection) as channel:
            channel.exchange_declare(exchange.name, **_declaration(arguments))

    try:
        with throw_away_channel(connection) as channel:
            channel.exchange_declare(exchange.name, exchange.type, passive=True)
    except NotFound:
        return Found("exchange", exchange.name, exists=False)
    return Found("exchange", exchange.name, True, *_compared(wanted, ask))


def look_for_queue(connection: Connection, queue: Queue) -> Found:
    """A queue as the broker has it."""
    wanted: dict[str, Value] = {
        "durable": queue.durable,
        "exclusive": queue.exclusive,
        "auto_delete": queue.auto_delete,
        **(queue.queue_arguments or {}),
    }

    def ask(arguments: Mapping[str, Value]) -> None:
        with throw_away_channel(connection) as channel:
            channel.queue_declare(queue.name, **_declaration(arguments))

    there = peek(connection, queue.name)
    if not there.exists or there.refused:
        return there
    return Found("queue", queue.name, True, *_compared(wanted, ask), there.messages, there.consumers)


def peek(connection: Connection, queue: str) -> Found:
    """Whether there is a queue of this name, whatever its arguments, and what it holds."""
    try:
        with throw_away_channel(connection) as channel:
            there = channel.queue_declare(queue, passive=True)
    except NotFound:
        return Found("queue", queue, exists=False)
    except ChannelError as exc:  # another connection's exclusive queue, or no permission
        return Found("queue", queue, exists=True, refused=str(exc.reply_text))
    return Found("queue", queue, True, messages=there.message_count, consumers=there.consumer_count)


def product(connection: Connection) -> str:
    """The broker's name and version, as it says them: `RabbitMQ 3.10.8`."""
    says: dict[str, Any] = connection.connection.server_properties
    return f"{says.get('product', 'a broker')} {says.get('version', '')}".strip()


def remedy(found: Found) -> str:
    """What to do about an exchange or queue that is not as wanted."""
    if found.kind == "exchange":
        return (
            "it cannot be replaced without losing what is published meanwhile: "
            "stop whoever publishes, delete it, then deploy again"
        )
    if found.refused:
        return "the broker says no more"
    return "a broker cannot change it in place: `deploy --migrate` replaces it and keeps its messages"


@contextmanager
def throw_away_channel(connection: Connection) -> Iterator[Any]:
    """A channel for one question: the broker closes it with the first error."""
    channel: Any = connection.channel()
    try:
        yield channel
    finally:
        channel.close()


def _compared(
    wanted: Mapping[str, Value], ask: Callable[[Mapping[str, Value]], None]
) -> tuple[tuple[Difference, ...], str | None]:
    try:
        return tuple(differences(wanted, ask)), None
    except ChannelError as exc:
        return (), str(exc.reply_text)


def _declaration(arguments: Mapping[str, Value]) -> dict[str, Any]:
    """As py-amqp takes it: flags by their names, all else in one table."""
    flags: dict[str, Any] = {name: value for name, value in arguments.items() if name in _FLAGS}
    return flags | {"arguments": {name: value for name, value in arguments.items() if name not in _FLAGS}}


def _more_keys(queue: EventQueue) -> list[str]:
    return [each.routing_key for each in queue.bindings]
