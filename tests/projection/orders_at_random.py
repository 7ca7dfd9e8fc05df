"""Orders at random in a ledger and its projection: what lists and filters are tried on."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from trackflow.projection import tables
from trackflow.projection.parameters import OUTCOMES, STATES
from trackflow.tracking import tables as ledger_tables
from trackflow.tracking.ledger import Ledger

TENANT = "showcase"
NOW = 1_800_000_000.0
EVENTS = ("Order_Placed", "Payment_Done", "Goods_Fetched", "Goods_Shipped")
DEVIATIONS = ("early:Payment_Done", "early:Payment", "unmatched:Zoë")
ELEMENTS = ("Wait_Payment", "Wait_Goods", "Wait_Shipment")
HOSTILE = (
    "<script>alert(1)</script>",
    "'; DROP TABLE standings; --",
    "../../etc/passwd",
    "..",
    "%",
    "_",
    "a/b?c=d&e#f",
    "=cmd|' /C calc'!A0",
    "\u202etxt.exe",
    "🦊🦊",
    "\U0010ffff\U0010ffff",
    "\ud7ff!",
    "Ä",
    "x" * 255,
    " blank ",
)


@dataclass
class Order:
    """One order, as it is written into the tables."""

    key: str
    state: str = "running"
    process: str = "track-flow"
    version: int = 1
    started_at: float = NOW
    updated_at: float = NOW
    last_event: str = "Order_Placed"
    counts: Mapping[str, int] = field(default_factory=dict)
    late: bool = False
    deviates: bool = False
    deviations: Sequence[str] = ()
    elements: Mapping[str, float] = field(default_factory=dict)  # and since when
    awaits: Sequence[str] = ()
    payloads: Sequence[Any] = (None,)  # of its events
    tenant: str = TENANT


def at_random(number: int, seed: int = 1) -> list[Order]:
    """So many orders, some of which began at the same moment."""
    dice = random.Random(seed)
    keys = [*HOSTILE, *(f"{dice.choice('abc')}-{index:05}" for index in range(number - len(HOSTILE)))]
    return [_at_random(dice, key) for key in keys[:number]]


def _at_random(dice: random.Random, key: str) -> Order:
    started = NOW - dice.choice((0, 60, 3600, 86_400)) - dice.randrange(500) / 4
    state = dice.choice(STATES)
    moves = state == "running"
    elements = dice.sample(ELEMENTS, dice.randrange(3)) if moves else ()
    payload = {
        "amount": dice.choice((150, 150.5, "150", True, None)),
        "to": {"city": dice.choice(("Bern", "Zoë"))},
    }
    deviates = dice.random() < 0.2
    return Order(
        key=key,
        state=state,
        process=dice.choice(("track-flow", "claim")),
        version=dice.choice((1, 2)),
        started_at=started,
        updated_at=started + dice.randrange(50),
        last_event=dice.choice(EVENTS),
        counts={outcome: dice.choice((0, 0, 1, 2)) for outcome in OUTCOMES},
        late=moves and dice.random() < 0.3,
        deviates=deviates,
        deviations=dice.sample(DEVIATIONS, dice.randrange(1, 3)) if deviates else (),
        elements={element: started + dice.randrange(40) for element in elements},
        awaits=dice.sample(EVENTS, dice.randrange(3)) if moves else (),
        payloads=(payload, dice.choice((None, [1], "text", {"amount": "x"}))),
    )


def write(ledger: Ledger, orders: Sequence[Order]) -> None:
    """Into the ledger and its projection."""
    rows: dict[sa.Table, list[dict[str, Any]]] = {}
    for order in orders:
        for table, row in _rows(order):
            rows.setdefault(table, []).append(row)
    with ledger.writing() as transaction:
        tables.create_tables(transaction)
        for table, some in rows.items():
            transaction.execute(sa.insert(table), some)


def _rows(order: Order) -> Any:
    mine = {"tenant": order.tenant, "business_key": order.key}
    yield (
        tables.standings,
        mine
        | {
            "process": order.process,
            "version": order.version,
            "instance_id": None,
            "state": order.state,
            "last_event": order.last_event,
            "started_at": order.started_at,
            "updated_at": order.updated_at,
            "ended_at": None,
            **{outcome: order.counts.get(outcome, 0) for outcome in OUTCOMES},
            "deviates": order.deviates,
            "deviations": json.dumps(order.deviations) if order.deviations else None,
            "late_at": None,
            "late": order.late,
            "measured": False,
            "asked_at": None,
        },
    )
    where = {"process": order.process, "version": order.version, "late_at": None, "late": False}
    for element, since in order.elements.items():
        yield tables.places, mine | where | {"element": element, "since": since}
    for event in order.awaits:
        yield tables.awaited, mine | {"event": event, "started_at": order.started_at}
    yield (
        ledger_tables.cases,
        mine
        | {
            "version": 1,
            "ended": False,
            "idle": 0,
            "open": 0,
            "first_at": order.started_at,
            "last_at": order.updated_at,
        },
    )
    for number, payload in enumerate(order.payloads):
        yield ledger_tables.events, mine | event_row(order, number, payload)


def event_row(order: Order, number: int, payload: Any) -> dict[str, Any]:
    """One of its events."""
    name = EVENTS[number % len(EVENTS)]
    body = {
        "businessKey": order.key,
        "tenant": order.tenant,
        "event": name,
        "command": None,
        "payload": payload,
    }
    return {
        "event_id": f"{order.key.encode().hex()[:200]}-{number}",
        "name": name,
        "starts": number == 0,
        "cause": None,
        "body": json.dumps(body, ensure_ascii=False),
        "published_at": order.started_at - 0.5,
        "received_at": order.started_at + number / 8,
        "correlated_at": order.started_at + number / 8 + 0.25,
        "outcome": "correlated",
        "reason": None,
        "attempted": False,
        "seen_version": 0,
        "deliveries": 1,
        "failures": 0,
    }
