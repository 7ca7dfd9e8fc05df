"""What `deploy` says: what it would migrate, and what it has changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from trackflow.cli.console import console, table
from trackflow.cli.earlier import Earlier, left_in_words, stale_in_words, unfinished_in_words
from trackflow.cli.versions import staying, staying_in_words
from trackflow.engines.answers import Deployment, Version
from trackflow.upkeep.migration_plan import Migration
from trackflow.upkeep.topology import Found
from trackflow.words import counted


@dataclass(frozen=True, slots=True)
class Plan:
    """What `--migrate` would do beside what `deploy` always does."""

    migrations: Sequence[Migration] = ()
    deleted: Sequence[Found] = ()

    def __bool__(self) -> bool:
        return bool(self.migrations or self.deleted)

    @property
    def replaced(self) -> set[str]:
        """Names of the queues that are deleted and declared again."""
        moves = (move for migration in self.migrations for move in migration.moves)
        return {move.queue.name for move in moves if move.action == "replace"}

    def print(self) -> None:
        """For a person who will be asked."""
        rows = table("queue", "what is done with it", wraps="what is done with it")
        for migration in self.migrations:
            for move in migration.moves:
                rows.add_row(move.queue.name, str(move))
        for queue in self.deleted:
            rows.add_row(queue.name, "is deleted: of an earlier deployment, and empty")
        console().print(rows)

    def as_json(self) -> list[dict[str, Any]]:
        """One object for each queue."""
        moves = [
            {
                "name": move.queue.name,
                "action": move.action,
                "messages": move.found.messages,
                "left": move.beside.messages,
                "differences": [
                    {"argument": each.argument, "wanted": each.wanted, "found": each.found}
                    for each in move.found.differences
                ],
            }
            for migration in self.migrations
            for move in migration.moves
        ]
        return [*moves, *({"name": queue.name, "action": "delete"} for queue in self.deleted)]


@dataclass(frozen=True, slots=True)
class AtBroker:
    """What was done at the broker.

    Attributes:
        plan: what was migrated.
        before: every exchange and queue as it was before it was declared.
        earlier: what earlier deployments had left.
        deleted: names of the queues of earlier deployments that were deleted.
        unfinished: queues of an interrupted migration.
    """

    plan: Plan
    before: Sequence[Found]
    earlier: Earlier
    deleted: Sequence[str]
    unfinished: Sequence[Found]

    @property
    def changes(self) -> int:
        """How many things are not as they were."""
        changed = sum(self.change(found) != "unchanged" for found in self.before)
        return changed + len(self.earlier.stale) + len(self.deleted)

    def change(self, found: Found) -> str:
        """In one word."""
        if found.name in self.plan.replaced:
            return "replaced"
        return "unchanged" if found.exists else "created"

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """Kind, name, change: for people."""
        for found in self.before:
            yield found.kind, found.name, self.change(found)
        for binding in self.earlier.stale:
            yield "binding", binding.queue, f"removed: {stale_in_words(binding)}"
        for queue in self.earlier.queues:
            yield "queue", queue.name, "deleted" if queue.name in self.deleted else left_in_words(queue)
        for queue in self.unfinished:
            yield "queue", queue.name, unfinished_in_words(queue)

    def as_json(self) -> dict[str, Any]:
        """The same for machines."""
        return {
            "topology": [
                {"kind": found.kind, "name": found.name, "change": self.change(found)}
                for found in self.before
            ],
            "removedBindings": [
                {"queue": each.queue, "routingKey": each.routing_key} for each in self.earlier.stale
            ],
            "leftQueues": [
                {
                    "name": each.name,
                    "messages": each.messages,
                    "consumers": each.consumers,
                    "change": "deleted" if each.name in self.deleted else "unchanged",
                }
                for each in self.earlier.queues
            ],
            "unfinishedMigrations": [
                {"name": each.name, "messages": each.messages} for each in self.unfinished
            ],
        }


_NO_BROKER: dict[str, Any] = {
    "topology": None,
    "removedBindings": [],
    "leftQueues": [],
    "unfinishedMigrations": [],
}


def print_deployed(
    at_broker: AtBroker | None, deployments: Sequence[Deployment], versions: Sequence[Version]
) -> None:
    """For a person."""
    out = console()
    rows = table("", "name", "change", wraps="change")
    for row in at_broker.rows() if at_broker else ():
        rows.add_row(*row)
    for deployment in deployments:
        rows.add_row("model", deployment.process, _change(deployment, staying(deployment, versions)))
    out.print(rows)
    if at_broker is None:
        out.print("AMQP_URL is memory://: each process declares its own exchange and queues.")
    changes = _changes(at_broker, deployments)
    out.print(f"{counted(changes, 'change')}." if changes else "Nothing changed.")


def deployed_as_json(
    tenant: str,
    at_broker: AtBroker | None,
    deployments: Sequence[Deployment],
    versions: Sequence[Version],
) -> dict[str, Any]:
    """For a machine."""
    return {
        "tenant": tenant,
        **(at_broker.as_json() if at_broker else _NO_BROKER),
        "models": [
            {
                "process": each.process,
                "version": each.version,
                "change": "deployed" if each.changed else "unchanged",
                "notes": list(each.notes),
                "runningBefore": [
                    {"version": older.version, "orders": older.running} for older in staying(each, versions)
                ],
            }
            for each in deployments
        ],
        "changes": _changes(at_broker, deployments),
    }


def _change(deployment: Deployment, older: Sequence[Version]) -> str:
    change = "deployed" if deployment.changed else "unchanged"
    words = "; ".join((f"version {deployment.version} {change}", *deployment.notes))
    return f"{words} ({staying_in_words(older)})" if older else words


def _changes(at_broker: AtBroker | None, deployments: Sequence[Deployment]) -> int:
    return (at_broker.changes if at_broker else 0) + sum(each.changed for each in deployments)
