"""Moves running orders to another version of their model, at somebody's wish."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from trackflow.engines.answers import Migrated, Running
from trackflow.engines.port import Engine, RemoteEngine, TransactionalEngine
from trackflow.errors import AnswerUnknown
from trackflow.tracking.audit import Audit, Entry
from trackflow.tracking.case import Case
from trackflow.tracking.cases import Cases

_AT_ONCE = 16  # orders, as a tracker's worker has threads


class Moved(NamedTuple):
    """What became of one instance."""

    instance: Running
    migrated: Migrated


class Migrating:
    """For one tenant. Trackers may run meanwhile, and events may come.

    Each instance moves by itself: whoever stops in the middle leaves the rest as it stood, and may go on with
    those later. An engine in the ledger's database moves it in the transaction that has locked its case, a
    remote one lets whoever comes second try again, be it an event or a migration.
    """

    def __init__(self, cases: Cases, engine: Engine, audit: Audit, tenant: str) -> None:
        self._cases = cases
        self._engine = engine
        self._audit = audit
        self._tenant = tenant

    def check(self, pages: Iterable[list[Running]], to: int) -> Iterator[list[Moved]]:
        """What would become of them. Changes nothing. Raises EngineError, ModelError."""
        with self._pool() as pool:
            for page in pages:
                yield list(pool.map(lambda each: self._checked(each, to), page))

    def migrate(self, pages: Iterable[list[Running]], to: int, why: str | None) -> Iterator[list[Moved]]:
        """Move them, page by page, so that there may be many. Raises EngineError, ModelError, LedgerError."""
        with self._pool() as pool:
            for page in pages:
                checked = list(pool.map(lambda each: self._checked(each, to), page))
                possible = [each.instance for each in checked if not _stays(each.migrated)]
                self._audit.write("migrate", [_entry(each, to) for each in possible], why)
                moved = pool.map(lambda each: Moved(each, self._migrate(each, to)), possible)
                yield [*(each for each in checked if _stays(each.migrated)), *moved]

    def _checked(self, instance: Running, to: int) -> Moved:
        return Moved(instance, self._engine.could_migrate(self._tenant, instance, to))

    def _migrate(self, instance: Running, to: int) -> Migrated:
        engine = self._engine
        if isinstance(engine, TransactionalEngine):
            return self._cases.change(
                instance.business_key, lambda case: self._migrate_locked(engine, case, instance, to)
            )
        assert isinstance(engine, RemoteEngine)
        try:
            migrated = engine.migrate(self._tenant, instance, to)
        except AnswerUnknown:  # it may have moved
            self._cases.change(instance.business_key, Case.moved)
            raise
        if not _stays(migrated):
            self._cases.change(instance.business_key, Case.moved)
        return migrated

    def _migrate_locked(
        self, engine: TransactionalEngine, case: Case, instance: Running, to: int
    ) -> Migrated:
        migrated = engine.migrate(self._tenant, instance, to, case.transaction, case.now)
        if not _stays(migrated):
            case.timer_at = migrated.due_at
            case.moved()
        return migrated

    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="migrate")


def _stays(migrated: Migrated) -> bool:
    return bool(migrated.misfits) or migrated.is_gone


def _entry(instance: Running, to: int) -> Entry:
    words = f"from version {instance.version} to {to} of {instance.process!r}"
    return Entry(instance.id, instance.business_key, words)
