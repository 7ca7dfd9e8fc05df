"""What `check` finds at the broker: everything that is not as the choreography wants it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kombu import Connection

from trackflow.cli import earlier
from trackflow.cli.errors import Failure, broker
from trackflow.cli.findings import DEPLOY, MIGRATE, Finding, failed, fine, warning
from trackflow.errors import LedgerError
from trackflow.extension import Trackflow
from trackflow.tracking.orders import iso
from trackflow.upkeep.topology import Found, compare, left_by_migration, product, remedy
from trackflow.words import counted


def broker_findings(trackflow: Trackflow) -> Iterator[Finding]:
    """The broker, and what it has."""
    if not trackflow.publisher.is_amqp:
        yield fine("broker", None, "memory://: within each process; for real set AMQP_URL=amqp://…")
        return
    try:
        with broker(trackflow.app) as connection:
            yield fine("broker", None, f"{connection.as_uri()}: {product(connection)}")
            yield from _topology(trackflow, connection)
            yield from _left_by_migration(trackflow, connection)
            yield from _left_by_deployment(trackflow, connection)
    except Failure as exc:
        yield failed("broker-away", "broker", None, exc.message)


def _topology(trackflow: Trackflow, connection: Connection) -> Iterator[Finding]:
    found = {each.name: each for each in compare(connection, trackflow.queues)}
    exchange = found[trackflow.settings.tenant]
    yield from _judged(exchange) or [fine("exchange", exchange.name, exchange.name)]
    for queue in trackflow.queues:
        yield from _queues(found[queue.name], [found[each.name] for each in queue.behind])


def _queues(work: Found, behind: Sequence[Found]) -> Iterator[Finding]:
    """A work queue, and those behind it as far as there is something to say about them."""
    if not any(each.exists for each in (work, *behind)):
        words = f"{work.name} and the queues behind it are missing: {DEPLOY} declares them"
        yield failed("queue-missing", "queue", work.name, words)
        return
    yield from _judged(work)
    if work.exists:
        yield from _consumed(work)
    for each in behind:
        yield from _judged(each)
    dead = behind[-1]
    if dead.messages:
        words = f"{dead.name}: {counted(dead.messages, 'dead letter')}; `track dead list` says why"
        yield warning("dead-letters", "queue", dead.name, words, messages=dead.messages)


def _judged(found: Found) -> list[Finding]:
    """What is wrong with an exchange or a queue; nothing if it is as wanted."""
    if not found.exists:
        words = f"{found.name} is missing: {DEPLOY} declares it"
        return [failed(f"{found.kind}-missing", found.kind, found.name, words)]
    if found.refused:
        words = f"{found.name}: {found.refused}"
        return [failed(f"{found.kind}-refused", found.kind, found.name, words)]
    mend = f"{MIGRATE} replaces it" if found.kind == "queue" else remedy(found)
    return [
        failed(
            f"{found.kind}-differs",
            found.kind,
            found.name,
            f"{found.name}: {each}; {mend}",
            argument=each.argument,
            wanted=each.wanted,
            found=each.found,
        )
        for each in found.differences
    ]


def _consumed(queue: Found) -> Iterator[Finding]:
    counts = {"messages": queue.messages, "consumers": queue.consumers}
    waiting = f"{counted(queue.messages, 'event')} waiting"
    if not queue.consumers:
        words = f"{queue.name}: no worker consumes it, {waiting}"
        yield warning("queue-unconsumed", "queue", queue.name, words, **counts)
    elif not queue.difference:
        words = f"{queue.name}: {counted(queue.consumers, 'consumer')}, {waiting}"
        yield fine("queue", queue.name, words, **counts)


def _left_by_migration(trackflow: Trackflow, connection: Connection) -> Iterator[Finding]:
    for found in left_by_migration(connection, trackflow.queues):
        words = f"{found.name}: {earlier.unfinished_in_words(found)}"
        yield failed("migration-unfinished", "queue", found.name, words, messages=found.messages)


def _left_by_deployment(trackflow: Trackflow, connection: Connection) -> Iterator[Finding]:
    try:
        left = earlier.look(trackflow, connection)
    except LedgerError:
        return  # a finding of its own
    for binding in left.stale:
        yield failed(
            "binding-stale",
            "binding",
            binding.queue,
            f"{earlier.stale_in_words(binding)}; {DEPLOY} removes the binding",
            routingKey=binding.routing_key,
            deployedAt=iso(binding.deployed_at),
        )
    for found in left.queues:
        words = earlier.left_in_words(found)
        counts = {"messages": found.messages, "consumers": found.consumers}
        judge = failed if found.messages or found.consumers else warning
        yield judge("queue-left", "queue", found.name, words, **counts)
