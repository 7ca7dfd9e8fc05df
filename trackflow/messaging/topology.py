"""Compares what a broker has with what the choreography wants, and declares what is missing.

AMQP has no question for "what is there". A passive declaration answers whether a queue exists; an active one
with other arguments is refused with 406, and the text names the argument, what we want and what the broker
has. Either error closes its channel, so each question gets a channel of its own. Bindings cannot be asked
for; declaring one that is there changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from amqp.exceptions import ChannelError, NotFound, PreconditionFailed
from kombu import Connection, Exchange, Queue

from trackflow.errors import TopologyError
from trackflow.messaging.event_queue import EventQueue

# RabbitMQ 3.10: "inequivalent arg 'x-message-ttl' for queue 'q' in vhost '/': received '77' but current is
# '5000'". A value that the other side lacks has its type beside it: "the value '77' of type 'signedint'".
_DIFFERENCE = re.compile(r"inequivalent arg '([^']+)'.*: received (.+) but current is (.+)$", re.DOTALL)
_VALUE = re.compile(r"(?:the value )?'(.*?)'(?: of type '\w+')?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Found:
    """What a broker has under one name.

    Attributes:
        kind: "exchange" or "queue".
        name: of the exchange or queue.
        exists: whether there is one of this name.
        difference: how it is not as wanted, in words; None if it is.
        messages: how many messages are ready in the queue; 0 for an exchange.
        consumers: how many consumers the queue has; 0 for an exchange.
    """

    kind: Literal["exchange", "queue"]
    name: str
    exists: bool
    difference: str | None = None
    messages: int = 0
    consumers: int = 0

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.difference or ('as wanted' if self.exists else 'missing')}"


def compare(connection: Connection, queues: Sequence[EventQueue]) -> list[Found]:
    """Every exchange and queue of the choreography, as the broker has it. Changes nothing."""
    exchanges = {queue.exchange.name: queue.exchange for queue in queues}
    return [
        *(_look_for_exchange(connection, exchange) for exchange in exchanges.values()),
        *(_look_for_queue(connection, each) for queue in queues for each in (queue, *queue.behind)),
    ]


def declare(connection: Connection, queues: Sequence[EventQueue]) -> list[Found]:
    """Declare exchange, queues and bindings; returns what was there before.

    Raises:
        TopologyError: something exists and is not as wanted. Then nothing was declared.
    """
    before = compare(connection, queues)
    for found in before:
        if found.difference:
            raise TopologyError(f"{found} (a broker cannot change it in place: delete it, then deploy again)")
    with _channel(connection) as channel:
        for queue in queues:
            queue(channel).declare()
    return before


def _look_for_exchange(connection: Connection, exchange: Exchange) -> Found:
    def ask(channel: Any, passive: bool) -> None:
        exchange(channel).declare(passive=passive)

    exists, difference, _ = _look(connection, ask)
    return Found("exchange", exchange.name, exists, difference)


def _look_for_queue(connection: Connection, queue: Queue) -> Found:
    def ask(channel: Any, passive: bool) -> Any:
        return queue(channel).queue_declare(passive=passive)

    exists, difference, there = _look(connection, ask)
    messages, consumers = (there.message_count, there.consumer_count) if there else (0, 0)
    return Found("queue", queue.name, exists, difference, messages, consumers)


def _look(connection: Connection, ask: Callable[[Any, bool], Any]) -> tuple[bool, str | None, Any]:
    """Whether it exists, how it differs, and the broker's answer to the passive declaration."""
    there = None
    try:
        with _channel(connection) as channel:
            there = ask(channel, True)
        with _channel(connection) as channel:
            ask(channel, False)
    except NotFound:
        return False, None, None
    except ChannelError as exc:  # other arguments, another connection's exclusive queue, or no permission
        return True, _in_words(exc), there
    return True, None, there


@contextmanager
def _channel(connection: Connection) -> Iterator[Any]:
    """A throw-away channel: the broker closes it with the first error."""
    channel: Any = connection.channel()
    try:
        yield channel
    finally:
        channel.close()


def _in_words(error: ChannelError) -> str:
    match = _DIFFERENCE.search(str(error.reply_text)) if isinstance(error, PreconditionFailed) else None
    if match is None:
        return str(error.reply_text)
    argument, wanted, found = match.groups()
    return f"{argument} is {_value(found)}, should be {_value(wanted)}"


def _value(text: str) -> str:
    match = _VALUE.fullmatch(text)
    return repr(match.group(1)) if match else text
