"""Replaces queues that are not as wanted, and keeps what is in them.

A broker cannot change a queue in place. So its messages wait in a queue beside it, `<queue>.migration`, while
it is deleted and declared again:

1. Set aside. The queue beside it is bound to the same routing keys, then the old one to none, and what is in
   the old one is copied, confirmed, before it is acked.
2. Replace. The old one is deleted once it holds nothing, and declared as wanted.
3. Put back, and delete the queue beside it.

Each step can be done twice: killed anywhere, every message is in some queue, and the next run goes on. A
message may then be there twice, with one `message_id`.

While a work queue is replaced, its retry queues are set aside too: what comes due and finds no queue, the
broker keeps where AMQP shows it to nobody, and tries again after three minutes (RabbitMQ 3.10).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from amqp.exceptions import AMQPNotImplementedError, PreconditionFailed, ResourceLocked
from kombu import Connection, Queue

from trackflow.errors import MessageError, TopologyError
from trackflow.messaging.choreography import migration_queue_name
from trackflow.messaging.event_queue import EventQueue, migration_queue
from trackflow.upkeep.migration_plan import Migration, Move, plan
from trackflow.upkeep.raw import RawReader
from trackflow.upkeep.raw_writer import RawWriter
from trackflow.upkeep.topology import bindings, peek, throw_away_channel

_BATCH = 500  # messages that are confirmed at once
# By then an event is in the old queue that was published just before its binding went (seconds).
_SETTLED = 0.5
_ENDING = 10  # seconds until the broker must have noticed that a reader of ours has ended


def migrate(connection: Connection, queues: Sequence[EventQueue]) -> None:
    """Replace what differs, and finish what an earlier run left.

    Raises:
        TopologyError: it cannot be done, or not now. Every message is in some queue.
        PublishError, kombu.exceptions.OperationalError: the broker failed; likewise.
    """
    # Without heartbeats: nobody sends them while many messages are copied on other connections.
    with connection.clone(heartbeat=0) as own, _alone(own, queues):
        for migration in plan(own, queues):
            _declare_missing(own, migration)
            for move in reversed(migration.moves):  # dead letters first: what waits may expire into them
                _listen_beside(own, migration, move)
            for move in migration.moves:
                _set_aside(own, move)
            for move in migration.moves:
                _delete_old(own, move)
            with throw_away_channel(own) as channel:
                migration.work(channel).declare()
            for move in migration.moves:
                _put_back(own, migration, move)


def delete_if_empty(connection: Connection, queue: str) -> bool:
    """Delete a queue if it holds nothing and nobody consumes it; whether it is gone."""
    found = peek(connection, queue)
    if found.messages or found.consumers:
        return False
    own = connection.clone(heartbeat=0)
    asking: Any = own.channel()
    try:
        asking.queue_delete(queue, if_unused=True, if_empty=True)
    except AMQPNotImplementedError:  # a quorum queue knows no conditions
        with throw_away_channel(connection) as channel:
            channel.queue_delete(queue)
    except PreconditionFailed:  # something came in between
        return False
    finally:
        own.collect()  # that error has ended it
    return True


@contextmanager
def _alone(connection: Connection, queues: Sequence[EventQueue]) -> Iterator[None]:
    """One migration of a tenant at a time: an exclusive queue is a lock that ends with its connection."""
    lock = f"{migration_queue_name(queues[0].exchange.name)}.lock"
    channel: Any = connection.channel()
    try:
        channel.queue_declare(lock, durable=False, exclusive=True)
    except ResourceLocked as exc:
        raise TopologyError("another migration of this tenant is running") from exc
    yield


def _declare_missing(connection: Connection, migration: Migration) -> None:
    if not migration.missing:
        return
    with throw_away_channel(connection) as channel:
        for queue in migration.missing:
            Queue.declare(queue(channel))  # not with what is behind it: that differs
    names = " and ".join(queue.name for queue in migration.missing)
    raise TopologyError(
        f"{names} was missing, and is there again: messages that found no queue come within three minutes; "
        "run it again then"
    )


def _listen_beside(connection: Connection, migration: Migration, move: Move) -> None:
    """From now on new events come to the queue beside the old one."""
    if move.action == "put back":
        return
    work, beside = migration.work, move.beside.name
    with throw_away_channel(connection) as channel:
        if not move.beside.exists:
            migration_queue(move.queue, migration.dead_queue)(channel).queue_declare()
        if move.queue is work:
            work.exchange(channel).declare()
            for binding in bindings(work):
                channel.queue_bind(beside, work.exchange.name, binding.routing_key)
            for binding in bindings(work):  # only now: an event may come twice, but comes
                channel.queue_unbind(work.name, work.exchange.name, binding.routing_key)


def _set_aside(connection: Connection, move: Move) -> None:
    if move.action != "put back" and move.found.exists:
        _move_all(connection, move.queue.name, move.beside.name)


def _delete_old(connection: Connection, move: Move) -> None:
    if move.action == "replace" and move.found.exists:
        _empty_and_delete(connection, move.queue.name, into=move.beside.name)


def _put_back(connection: Connection, migration: Migration, move: Move) -> None:
    work, beside = migration.work, move.beside.name
    if move.queue is work:
        with throw_away_channel(connection) as channel:
            for binding in bindings(work):
                channel.queue_unbind(beside, work.exchange.name, binding.routing_key)
    _empty_and_delete(connection, beside, into=move.queue.name)


def _empty_and_delete(connection: Connection, queue: str, into: str) -> None:
    while True:
        _move_all(connection, queue, into)
        deadline = time.monotonic() + _ENDING
        while peek(connection, queue).consumers:
            if time.monotonic() > deadline:
                raise TopologyError(f"queue {queue} is consumed now: stop that worker, then run it again")
            time.sleep(_SETTLED)
        time.sleep(_SETTLED)
        if delete_if_empty(connection, queue):
            return


def _move_all(connection: Connection, source: str, target: str) -> None:
    """Move every message, through an exchange that keeps its routing key and has no other queue.

    Workers look at it: an event that a service does not hear may come by the key of one that it hears.
    """
    exchange = migration_queue_name(target)
    with throw_away_channel(connection) as channel:
        channel.exchange_declare(exchange, "fanout", durable=True, auto_delete=True)
        channel.queue_bind(target, exchange)
    while _move_some(connection, source, exchange):
        pass
    with throw_away_channel(connection) as channel:
        channel.queue_unbind(target, exchange)  # its last binding, so the broker deletes it


def _move_some(connection: Connection, source: str, exchange: str) -> bool:
    """Move what a queue holds now; False if it holds nothing."""
    with RawReader(connection) as reader, RawWriter(connection) as writer:
        ready = reader.count(source) or 0
        messages = reader.read(source, ready)
        while batch := list(islice(messages, _BATCH)):
            try:
                for message in batch:
                    writer.move(exchange, message)
            except MessageError as exc:
                raise TopologyError(
                    f"queue {source} holds a message that cannot be moved: {exc}; nothing is lost: "
                    "take it out of the queue, then run it again"
                ) from exc
            writer.confirm()
            reader.ack(*batch)
    return ready > 0
