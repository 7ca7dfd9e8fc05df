"""What broker, engine and ledger say after a run, each asked for itself and none through Trackflow's code."""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import NullPool, Row, create_engine, select

from tests.chaos.checkout import connected
from tests.chaos.system import TENANT, System
from tests.chaos.watch import RETRY, WORK, ask, ready
from trackflow.tracking.tables import cases, events

_PAGE = 2000


@dataclass(frozen=True)
class Recorded:
    """An event of the ledger."""

    id: str
    name: str
    outcome: str
    reason: str | None = None
    deliveries: int = 1


@dataclass
class Instance:
    """Of the engine's history."""

    state: str
    activities: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Evidence:
    """By business key: events and instances; the keys of cases that somebody holds; messages by queue."""

    events: Mapping[str, list[Recorded]]
    claimed: frozenset[str]
    instances: Mapping[str, list[Instance]]
    messages: Mapping[str, int]


def gather(system: System) -> Evidence:
    """The workers must have ended: only then every message is ready, and can be counted."""
    with contextlib.closing(connected(system.broker.url)) as connection:
        messages = ready(connection, (*WORK, *RETRY))
    with create_engine(system.ledger.url, poolclass=NullPool).connect() as reading:
        recorded = _by_key(reading.execute(select(events)))
        claimed = reading.scalars(select(cases.c.business_key).where(cases.c.token.is_not(None))).all()
    return Evidence(recorded, frozenset(claimed), _instances(system.engine.url), messages)


def _by_key(rows: Iterable[Row[Any]]) -> dict[str, list[Recorded]]:
    found: dict[str, list[Recorded]] = defaultdict(list)
    for row in rows:
        event = Recorded(row.event_id, row.name, row.outcome, row.reason, row.deliveries)
        found[row.business_key].append(event)
    return found


def _instances(engine_url: str) -> dict[str, list[Instance]]:
    by_key: dict[str, list[Instance]] = defaultdict(list)
    by_id: dict[str, Instance] = {}
    for row in _rows(engine_url, "/history/process-instance", sortBy="instanceId"):
        instance = by_id[row["id"]] = Instance(row["state"])
        by_key[row["businessKey"]].append(instance)
    for row in _rows(engine_url, "/history/activity-instance", sortBy="activityInstanceId"):
        by_id[row["processInstanceId"]].activities[row["activityId"]] += 1
    return by_key


def _rows(engine_url: str, path: str, **query: str) -> Iterator[Mapping[str, Any]]:
    first, sorting = 0, {**query, "sortOrder": "asc", "tenantIdIn": TENANT}
    while page := ask(engine_url, path, **sorting, firstResult=first, maxResults=_PAGE):
        yield from page
        first += _PAGE
