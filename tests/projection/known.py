"""Facts of an order, as few as a situation takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from config.topology import choreography
from trackflow.bpmn import Model, read
from trackflow.engines.answers import Instance, Step
from trackflow.projection.facts import Facts
from trackflow.projection.last_known import LastKnown, Place
from trackflow.projection.services import Services
from trackflow.tracking.orders import Event, Order
from trackflow.upkeep.letter import Letter
from trackflow.upkeep.raw import RawMessage

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MODEL: Model = read(Path(__file__).parents[2] / "bpmn" / "track-flow.bpmn")
ELEMENTS = ("order_placed", "payment_done", "goods_fetched", "goods_shipped", "order_fulfilled")
STEPS = ("Order_Placed", "Payment_Done", "Goods_Fetched", "Goods_Shipped")
SERVICES = Services(
    choreography,
    emits={"payment": ("Payment_Done",), "inventory": ("Goods_Fetched",), "shipment": ("Goods_Shipped",)},
    trackers=frozenset({"order_fulfillment"}),
)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def event(name: str, outcome: str = "correlated", **fields: Any) -> Event:
    """One event; it came two hours ago unless something else is said."""
    at = fields.pop("at", ago(hours=2))
    given: dict[str, Any] = {
        "id": name.lower(),
        "event": name,
        "cause": None,
        "outcome": outcome,
        "reason": None,
        "deliveries": 1,
        "published_at": at,
        "received_at": at + timedelta(milliseconds=2),
        "correlated_at": at + timedelta(milliseconds=5) if outcome == "correlated" else None,
    }
    return Event(**given | fields)


def instance(passed: int, state: str = "running", **fields: Any) -> Instance:
    """An instance of the order process that has left so many elements."""
    began = fields.pop("began", ago(hours=2))
    path = [Step(each, None, began, began) for each in ELEMENTS[:passed]]
    active = () if state != "running" else (ELEMENTS[passed],)
    path += [Step(each, None, began, None) for each in active]
    given: dict[str, Any] = {
        "id": "i1",
        "process": "order_fulfillment",
        "version": 1,
        "state": state,
        "awaiting": (STEPS[passed],) if active else (),
        "active": active,
        "path": tuple(path),
        "started": began,
        "ended": None if active else ago(minutes=10),
    }
    return Instance(**given | fields)


def order(
    events: Sequence[Event], *instances: Instance, state: str | None = None, error: str | None = None
) -> Order:
    found = state or (instances[-1].state if instances else "waiting")
    return Order(
        business_key="4711",
        tenant="showcase",
        state="unknown" if error else found,
        last_event=events[-1].event if events else None,
        started_at=ago(hours=2),
        updated_at=ago(hours=2),
        engine_error=error,
        events=tuple(events),
        instances=instances,
    )


def facts(order: Order, **fields: Any) -> Facts:
    given: dict[str, Any] = {"now": NOW, "services": SERVICES, "model": MODEL, "starts": {"Order_Placed"}}
    return Facts(order, **given | fields)


def letter(service: str, name: str, **headers: Any) -> Letter:
    body = json.dumps({"businessKey": "4711", "tenant": "showcase", "event": name}).encode()
    said = {
        "trackflow-reason": "permanent",
        "trackflow-error": "ValueError",
        "trackflow-message": "no such customer",
    }
    queue = f"showcase.{service}"
    raw = RawMessage(body, {"message_id": f"{service}-1"}, said | headers, 1, f"{queue}.dead")
    return Letter(queue, raw)


def seen(state: str = "running", *, late: bool = False, **fields: Any) -> LastKnown:
    """What the projection shows of an order that waits for Goods_Fetched."""
    place = Place("goods_fetched", ago(hours=2), ago(hours=1, minutes=50), late)
    given: dict[str, Any] = {
        "process": "order_fulfillment",
        "version": 1,
        "instance_id": "i1",
        "ended_at": None,
        "asked_at": ago(minutes=7),
        "awaiting": ("Goods_Fetched",),
        "places": {place.element: place},
    }
    return LastKnown(state, **given | fields)
