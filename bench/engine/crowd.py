"""A ledger in which many instances have ended and some run, made from rows that the engine itself wrote."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from bench.engine import steps
from bench.system import EVENTS, TENANT
from trackflow.bpmn import read
from trackflow.engines.answers import Outcome
from trackflow.engines.embedded import EmbeddedEngine, create_tables, store
from trackflow.message import Message
from trackflow.tracking.ledger import Ledger

_START, *_FOLLOWING = EVENTS
_SEED = 7
_NEW_ID = {
    "sqlite": "lower(hex(randomblob(16)))",
    "postgresql": "replace(CAST(gen_random_uuid() AS text), '-', '')",
}


@dataclass
class Crowd:
    """A ledger, its engine, and the numbers of its running instances that were not told anything yet."""

    ledger: Ledger
    engine: EmbeddedEngine
    untold: list[int]
    filled: float = 0  # seconds

    def orders(self, count: int) -> Sequence[Sequence[Message]]:
        """For so many more orders the events to tell: a start of a new one, the rest of one that runs."""
        numbers = [self.untold.pop() for _ in range(count)]
        return [
            [_event(_START, _key("new", number))]
            + [_event(name, _key("running", number)) for name in _FOLLOWING]
            for number in numbers
        ]

    def tell(self, event: Message) -> None:
        """Tell the engine an event in a transaction of its own, as the tracker does."""
        answer = self.ledger.write(lambda transaction: self.engine.correlate(event, transaction))
        if answer.outcome is not Outcome.ACCEPTED:
            raise RuntimeError(f"{event}: {answer.outcome}, {answer.reason}")


def crowd(ledger_url: str, ended: int, running: int) -> Crowd:
    """Fill a new ledger. Its commits do not wait for the disk, whose moods are not the engine's."""
    began = time.perf_counter()
    ledger = Ledger(ledger_url, survives_power_cut=False)
    ledger.create(create_tables)
    engine = EmbeddedEngine(ledger.database)
    engine.deploy([read(steps.TRACK_FLOW)], TENANT)
    crowd = Crowd(ledger, engine, random.Random(_SEED).sample(range(1, running + 1), running))
    for name in EVENTS:
        crowd.tell(_event(name, "pattern-ended"))
    crowd.tell(_event(_START, "pattern-running"))
    with ledger.writing() as transaction:
        _multiply(transaction, "ended", ended)
        _multiply(transaction, "running", running)
    _settle(ledger)
    crowd.filled = time.perf_counter() - began
    return crowd


def _multiply(transaction: Connection, name: str, count: int) -> None:
    """So many rows like the engine's own, each with an id and a business key of its own."""
    fresh = {"id": _NEW_ID[transaction.dialect.name], "business_key": _key_in_sql(name)}
    columns = [column.name for column in store.instances.c]
    values = [fresh.get(column, f"pattern.{column}") for column in columns]
    transaction.execute(
        text(
            f"INSERT INTO {store.instances.name} ({', '.join(columns)}) "
            "WITH RECURSIVE numbers(number) AS "
            "(SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < :count) "
            f"SELECT {', '.join(values)} FROM numbers CROSS JOIN {store.instances.name} AS pattern "
            "WHERE pattern.business_key = :pattern"
        ),
        {"count": count, "pattern": f"pattern-{name}"},
    )


def _settle(ledger: Ledger) -> None:
    """Let the database do now what it would do soon after: no maintenance while events are measured."""
    pooled = ledger.database.raw_connection()
    driver: Any = pooled.driver_connection
    if ledger.database.dialect.name == "sqlite":
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    else:
        driver.autocommit = True
        driver.execute("VACUUM ANALYZE")
        driver.execute("CHECKPOINT")
        driver.autocommit = False
    pooled.close()


def _key(name: str, number: int) -> str:
    return f"{name}-{number:07d}"


def _key_in_sql(name: str) -> str:
    return f"'{name}-' || substr(CAST(10000000 + number AS text), 2)"


def _event(name: str, key: str) -> Message:
    return Message.new(business_key=key, tenant=TENANT, event=name)
