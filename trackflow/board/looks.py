"""Looks at broker, engine, ledger and projection, one function each. Whatever one raises: it is away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from kombu import Connection
from kombu.exceptions import ChannelError

from trackflow.board.health import Look, QueueHealth, Seen
from trackflow.board.projecting import Projecting
from trackflow.errors import LedgerError
from trackflow.extension import Trackflow
from trackflow.messaging.choreography import dead_queue_name
from trackflow.messaging.event_queue import EventQueue
from trackflow.tracking.search import Search
from trackflow.upkeep.topology import Found, peek, product
from trackflow.words import counted, span

_BEHIND = 15.0  # seconds; the projector rests most of the time, so a few are no delay
_SECONDS = 5  # for a connection to the broker, and for each of its answers


def looks(trackflow: Trackflow, projector: Projecting, *, has_worker: bool) -> Mapping[str, Look]:
    """How to look at each part of a project; `has_worker`: a worker runs in this process, on `memory://`."""
    return {
        "broker": _broker_look(trackflow, has_worker),
        "engine": lambda: Seen("ok", trackflow.engine.ping()),
        "ledger": partial(_ledger, trackflow),
        "projection": partial(_projection, projector),
    }


def _broker_look(trackflow: Trackflow, has_worker: bool) -> Look:
    if trackflow.publisher.is_amqp:
        return partial(_broker, trackflow)
    return partial(_memory, trackflow) if has_worker else _no_broker


def _no_broker() -> Seen:
    return Seen(
        "none", "AMQP_URL is memory://, which lives within each process: there is no broker to look at"
    )


def _broker(trackflow: Trackflow) -> Seen:
    limits = {"read_timeout": _SECONDS, "write_timeout": _SECONDS}
    connection: Connection = trackflow.app.connection_for_read(
        connect_timeout=_SECONDS, transport_options=limits
    )
    with connection:
        # Each node of a cluster once: whoever looks again in three seconds need not insist.
        connection.ensure_connection(max_retries=max(len(connection.alt) - 1, 0), timeout=_SECONDS)
        queues = [_queue(connection, queue) for queue in trackflow.queues]
        return Seen("ok", f"{connection.as_uri()}: {product(connection)}", queues)


def _queue(connection: Connection, queue: EventQueue) -> QueueHealth:
    work = peek(connection, queue.name)
    dead = peek(connection, dead_queue_name(queue.name)).messages
    return QueueHealth(
        name=queue.name,
        task=queue.task,
        messages=work.messages,
        consumers=work.consumers,
        dead=dead,
        problem=_problem(work),
        since=datetime.now(UTC),
    )


def _problem(work: Found) -> str | None:
    if not work.exists:
        return f"The queue {work.name} is missing: `celery -A tasks track deploy` declares it."
    if work.refused:
        return f"The queue {work.name} cannot be looked at: {work.refused}"
    return None if work.consumers else f"The queue {work.name} has no consumer."


def _memory(trackflow: Trackflow) -> Seen:
    with trackflow.app.connection_for_read() as connection:
        queues = [
            QueueHealth(
                name=queue.name,
                task=queue.task,
                messages=_depth(connection, queue.name),
                consumers=None,
                dead=_depth(connection, dead_queue_name(queue.name)),
                problem=None,
                since=datetime.now(UTC),
            )
            for queue in trackflow.queues
        ]
    return Seen("ok", "memory://: within this process", queues)


def _depth(connection: Connection, queue: str) -> int:
    channel: Any = connection.default_channel
    try:
        declared = channel.queue_declare(queue, passive=True)
    except ChannelError:  # not declared yet
        return 0
    return int(declared.message_count)


def _ledger(trackflow: Trackflow) -> Seen:
    untold = Search(trackflow.ledger, trackflow.settings.tenant).open()
    backlog = f", {counted(untold, 'event')} still to be told" if untold else ""
    return Seen("ok", f"{trackflow.ledger}{backlog}")


def _projection(projector: Projecting) -> Seen:
    try:
        progress = projector.progress()
    except LedgerError:
        return Seen("behind", "it waits for the ledger")
    left = f"{counted(progress.left, 'order')} still to be shown"
    if progress.share is not None:
        return Seen("behind", f"it is being filled: {progress.share:.0%}, {left}")
    if progress.error is not None:
        return Seen("behind", f"{progress.error}; {left}")
    if progress.behind > _BEHIND:
        return Seen("behind", f"{left}, one of them since {span(progress.behind)}")
    return Seen("ok", "it shows what the ledger has")
