"""What an earlier deployment left at the broker, and the choreography no longer wants.

The broker cannot be asked for bindings, so the ledger remembers those of each deployment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kombu import Connection

from trackflow.cli.findings import MIGRATE
from trackflow.extension import Trackflow
from trackflow.tracking.bindings import ITSELF, Bindings, Remembered
from trackflow.upkeep.migration import delete_if_empty
from trackflow.upkeep.topology import Binding, Found, all_queues, bindings, peek, unbind
from trackflow.words import counted


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is left of earlier deployments.

    Attributes:
        stale: bindings that bring a queue events which it must not hear, or of a queue that nobody wants.
        queues: queues that nobody wants, as the broker has them.
        gone: rows about what the broker has no more.
    """

    stale: tuple[Remembered, ...]
    queues: tuple[Found, ...]
    gone: tuple[Remembered, ...]


def memory(trackflow: Trackflow) -> Bindings:
    """The tenant's bindings in the ledger. Raises LedgerError."""
    return Bindings(trackflow.ledger, trackflow.settings.tenant)


def look(trackflow: Trackflow, connection: Connection) -> Earlier:
    """What was deployed and is not wanted, as it is at the broker. Changes nothing. Raises LedgerError."""
    wanted = _wanted(trackflow)
    unwanted = [each for each in memory(trackflow).remembered() if each[:2] not in wanted]
    there = {name: peek(connection, name) for name in sorted({each.queue for each in unwanted})}
    kept = {name for name, _ in wanted}
    return Earlier(
        stale=tuple(each for each in unwanted if there[each.queue].exists and each.routing_key != ITSELF),
        queues=tuple(found for name, found in there.items() if found.exists and name not in kept),
        gone=tuple(each for each in unwanted if not there[each.queue].exists),
    )


def deletable(queues: Sequence[Found]) -> list[Found]:
    """Those that hold nothing, that nobody consumes, and that nothing comes due into; those behind first."""
    kept, empty = list[str](), list[Found]()
    for found in sorted(queues, key=lambda each: each.name, reverse=True):
        if found.messages or found.consumers or any(name.startswith(f"{found.name}.") for name in kept):
            kept.append(found.name)
        else:
            empty.append(found)
    return empty


def clear(
    trackflow: Trackflow, connection: Connection, earlier: Earlier, unwanted: Sequence[Found]
) -> list[str]:
    """Remove stale bindings, delete unwanted queues if they are empty still, and remember what is deployed.

    Returns the names of the queues that were deleted. Raises LedgerError.
    """
    stale = [Binding(each.queue, each.routing_key) for each in earlier.stale]
    unbind(connection, trackflow.settings.tenant, stale)
    deleted = [found.name for found in unwanted if delete_if_empty(connection, found.name)]
    known = memory(trackflow)
    known.remember(_wanted(trackflow))
    known.forget([*stale, *(each[:2] for each in earlier.gone), *((name, ITSELF) for name in deleted)])
    return deleted


def stale_in_words(binding: Remembered) -> str:
    """Which queue hears what it should not, and since when."""
    deployed = binding.deployed_at.strftime("%Y-%m-%d %H:%M UTC")
    return f"{binding.queue} hears the routing key {binding.routing_key!r}, as it was deployed at {deployed}"


def left_in_words(queue: Found) -> str:
    """A queue that nobody wants, and what to do about it."""
    holds = f"{queue.name}: of an earlier deployment, {counted(queue.messages, 'message')}"
    if queue.consumers:
        return f"{holds}, {counted(queue.consumers, 'consumer')}; stop its workers"
    if queue.messages:
        return f"{holds}; bring its subscription back to have them handled, or delete it at the broker"
    return f"{holds}; {MIGRATE} deletes it"


def unfinished_in_words(queue: Found) -> str:
    """What an interrupted migration left, and what to do about it."""
    return f"{counted(queue.messages, 'message')} of an interrupted migration; {MIGRATE} puts them back"


def _wanted(trackflow: Trackflow) -> set[tuple[str, str]]:
    heard = {(queue, key) for each in trackflow.queues for queue, key in bindings(each)}
    return heard | {(queue.name, ITSELF) for queue in all_queues(trackflow.queues)}
