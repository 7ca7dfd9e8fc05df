"""Fills a ledger with orders, as the tracker and the embedded engine would have left them, but in bulk.

What one event changes is known (tests/tracking); here only the rows count, and a million orders take a
minute instead of an hour. Indexes are made at the end, all at once.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Index, Table, text

from bench.board.orders import Order, orders
from bench.system import ROOT
from trackflow.bpmn import read
from trackflow.engines.embedded import EmbeddedEngine, create_tables, store
from trackflow.engines.embedded.models.prepare import prepare
from trackflow.engines.embedded.steps import interpreter
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.tables import OPEN, Outcome, cases, events

MODEL = ROOT / "bpmn" / "track-flow.bpmn"
_AT_ONCE = 20_000  # orders in one transaction
_TOMORROW = 86_400.0  # seconds: so that no sweeper looks at what waits while the board is measured


def fill(ledger_url: str, tenant: str, count: int) -> float:
    """Fill a new ledger; how many seconds it took."""
    began, now = time.perf_counter(), time.time()
    ledger = Ledger(ledger_url)
    ledger.create(create_tables)
    EmbeddedEngine(ledger.database).deploy([read(MODEL)], tenant)
    states = States(MODEL)
    indexes = [index for table in (events, cases, store.instances) for index in table.indexes]
    with ledger.database.connect() as connection:
        _in_a_hurry(connection)
        _without(connection, indexes)
        placed = orders(count, now)
        while some := list(islice(placed, _AT_ONCE)):
            with connection.begin():
                _insert(connection, events, [row for order in some for row in _events(order, tenant)])
                _insert(connection, cases, [_case(order, tenant) for order in some])
                _insert(connection, store.instances, _instances(some, tenant, states))
        with connection.begin():
            for index in indexes:
                index.create(connection)
    ledger.close()
    return time.perf_counter() - began


def process() -> str:
    """The id of the process that the orders are on."""
    return read(MODEL).process


class States:
    """What the engine keeps of an instance that took so many events, with its own times put in."""

    def __init__(self, model: Path) -> None:
        process = prepare(read(model))
        self.process = process.id
        state: Any = interpreter.start(process, "Order_Placed", {}, _mark(0))
        self._texts = [_template(state.to_json())]
        while not state.end:
            wait = next(interpreter.awaited(process, state))
            state = interpreter.take(process, state, wait, {}, _mark(len(self._texts)))
            self._texts.append(_template(state.to_json()))

    def text(self, times: Sequence[float]) -> str:
        """After events that were told at these times."""
        return self._texts[len(times) - 1].format(*map(repr, times))

    def is_end(self, told: int) -> bool:
        """Whether the process ends with this event."""
        return told == len(self._texts)


def _mark(event: int) -> float:
    return 90_000.5 + event  # in the JSON nothing else looks like it


def _template(state: str) -> str:
    return re.sub(r"9000(\d)\.5", r"{\1}", state.replace("{", "{{").replace("}", "}}"))


def _events(order: Order, tenant: str) -> Iterator[Mapping[str, Any]]:
    for event in order.events:
        body = {"businessKey": order.key, "tenant": tenant, "event": event.name}
        yield {
            "tenant": tenant,
            "event_id": event.id,
            "business_key": order.key,
            "name": event.name,
            "starts": event.name == "Order_Placed",
            "cause": event.cause,
            "body": json.dumps(body | {"command": None, "payload": order.payload}, separators=(",", ":")),
            "traceparent": None,
            "published_at": event.published,
            "taken_at": event.taken,
            "attempts": 1,
            "received_at": event.received,
            "correlated_at": event.correlated,
            "outcome": event.outcome.value,
            "reason": event.reason,
            "attempted": False,
            "seen_version": -1,
            "deliveries": 1,
            "failures": 0,
        }


def _case(order: Order, tenant: str) -> Mapping[str, Any]:
    told = _told(order)
    last = order.events[-1].received
    is_open = sum(event.outcome in OPEN for event in order.events)
    return {
        "tenant": tenant,
        "business_key": order.key,
        "version": len(told),
        "start_event_id": order.events[0].id if told else None,
        "ended": any(event.outcome is Outcome.UNMATCHED for event in order.events),
        "token": None,
        "claimed_until": None,
        "due_at": time.time() + _TOMORROW if is_open else None,
        "timer_at": None,
        "idle": 0,
        "open": is_open,
        "first_at": order.events[0].received,
        "last_at": last,
        "unshown": last,
    }


def _instances(some: Iterable[Order], tenant: str, states: States) -> list[Mapping[str, Any]]:
    rows = []
    for order in some:
        if not (told := _told(order)):
            continue
        is_end = states.is_end(len(told))
        rows.append(
            {
                "id": uuid4().hex,
                "tenant": tenant,
                "business_key": order.key,
                "process": states.process,
                "version": 1,
                "started": told[0],
                "ended": told[-1] if is_end else None,
                "how": "completed" if is_end else None,
                "state": states.text(told),
            }
        )
    return rows


def _told(order: Order) -> list[float]:
    return [event.correlated for event in order.events if event.correlated is not None]


def _insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """By the driver's own way for many rows."""
    columns = [column.name for column in table.c]
    values = ([row[name] for name in columns] for row in rows)
    names = ", ".join(columns)
    cursor: Any = connection.connection.cursor()
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        cursor.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", values)
        return
    with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
        for row in values:
            copy.write_row(row)


def _in_a_hurry(connection: Connection) -> None:
    """A power cut may spoil what is filled only to be measured."""
    with connection.begin():
        if connection.dialect.name == "sqlite":
            connection.execute(text("PRAGMA cache_size = -1000000"))  # KiB: the event ids come in no order
        else:
            connection.execute(text("SET synchronous_commit = off"))


def _without(connection: Connection, indexes: Sequence[Index]) -> None:
    with connection.begin():
        for index in indexes:
            index.drop(connection)
