"""A tracker, an engine and a projector at work, and what the projection should hold by their word."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from trackflow.bpmn import Model
from trackflow.engines.embedded import EmbeddedEngine, create_tables
from trackflow.engines.port import Engine
from trackflow.errors import EngineUnreachable
from trackflow.message import Message
from trackflow.messaging import EVERY_EVENT, Choreography, Subscription
from trackflow.projection.histogram import Histogram
from trackflow.projection.measuring import Measured
from trackflow.projection.projector import Projector
from trackflow.projection.standing import Case, Standings
from trackflow.projection.steps import Speed
from trackflow.projection.tables import awaited, measures, places, projectors, standings, tallies
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.queries import Queries
from trackflow.tracking.tables import cases, events
from trackflow.tracking.tracker import open_tracker

TENANT = "showcase"
ORDER = ("Order_Placed", "Payment_Done", "Goods_Fetched", "Goods_Shipped")
CHOREOGRAPHY = Choreography(
    events={name: name for name in ORDER}, subscriptions=(Subscription("tracker", hears=EVERY_EVENT),)
)
EAGER = Speed(asked_again=1e9, asked_after=-1.0)


class Shop:
    """One tenant's orders on the embedded engine."""

    def __init__(self, ledger: Ledger, models: list[Model], engine: Engine | None = None) -> None:
        self.ledger = ledger
        ledger.create(create_tables)
        self.engine = engine or EmbeddedEngine(ledger.database)
        self.engine.deploy(models, TENANT)
        self.models = {(model.process, 1): model for model in models}
        starts = frozenset[str]().union(*(model.starts for model in models))
        self.tracker = open_tracker(ledger, self.engine, TENANT, starts)
        self.choreography = CHOREOGRAPHY

    def hear(self, event: str, key: str, **fields: Any) -> str:
        return self.tracker.handle(Message.new(tenant=TENANT, business_key=key, event=event, **fields))

    def projector(self, **settings: Any) -> Projector:
        return Projector(self.ledger, self.engine, TENANT, self.choreography, **settings)

    def another_projector(self, **settings: Any) -> Projector:
        """Of another board, once the lease of the one before is over."""
        projector = self.projector(**settings)
        self.set(projectors, claimed_until=0.0)
        return projector

    def rows(self, table: sa.Table) -> list[dict[str, Any]]:
        with self.ledger.reading() as transaction:
            return [dict(row) for row in transaction.execute(sa.select(table)).mappings()]

    def standing(self, key: str) -> dict[str, Any]:
        (row,) = (row for row in self.rows(standings) if row["business_key"] == key)
        return row

    def set(self, table: sa.Table, **values: Any) -> None:
        """Change every row of a table, as time would."""
        with self.ledger.writing() as transaction:
            transaction.execute(sa.update(table).values(values))


def settle(projector: Projector, steps: int = 10_000) -> None:
    """Step until nothing is left to do."""
    for _ in range(steps):
        if not projector.step():
            return
    raise AssertionError(f"still at work after {steps} steps")


def tallied(shop: Shop) -> Counter[tuple[Any, ...]]:
    return Counter(
        {
            (row["process"], row["version"], row["kind"], row["name"]): row["number"]
            for row in shop.rows(tallies)
        }
    )


def counted(shop: Shop) -> Counter[tuple[Any, ...]]:
    """What `tallies` should hold by what `standings` and `places` hold."""
    found = Counter[tuple[Any, ...]]()
    for row in shop.rows(standings):
        of_order = (row["process"], row["version"])
        found[*of_order, "state", row["state"]] += 1
        found[*of_order, "refused", ""] += row["refused"] > 0
        found[*of_order, "late orders", ""] += row["late"]
    for row in shop.rows(places):
        found[row["process"], row["version"], "element", row["element"]] += 1
        found[row["process"], row["version"], "late", row["element"]] += row["late"]
    return +found


def measured(shop: Shop) -> dict[tuple[Any, ...], Any]:
    return {
        (row["process"], row["size"], row["start"], row["version"], row["kind"], row["name"]): (
            row["number"],
            json.loads(row["histogram"] or "{}"),
        )
        for row in shop.rows(measures)
    }


def measured_from_scratch(shop: Shop) -> dict[tuple[Any, ...], Any]:
    """What `measures` should hold by the ledger and the engine alone."""
    everything = Measured()
    standing = Standings(TENANT, lambda *which: shop.models.get(which), lambda *_: None)
    with shop.ledger.reading() as transaction:
        keys = transaction.execute(sa.select(cases)).all()
        told = transaction.execute(sa.select(events).order_by(events.c.received_at)).all()
    histories = shop.engine.histories(TENANT, [row.business_key for row in keys])
    for row in keys:
        of_order = [event for event in told if event.business_key == row.business_key]
        case = Case(row.business_key, None, row.version, row.open, row.first_at, row.last_at, of_order)
        instances = histories[row.business_key]
        shown = standing.stand(case, instances, None, 0.0)
        everything.differ(None, shown.standing)
        if shown.standing["measured"]:
            everything.end(shown.standing, instances, lambda *which: shop.models.get(which))
    return {
        tuple(key): (number, json.loads((durations or Histogram()).to_json()))
        for key, number, durations in everything.additions()
    }


def check_all(shop: Shop) -> None:
    """Everything that is shown is what ledger and engine say, and every count is right."""
    shown = {row["business_key"]: row for row in shop.rows(standings)}
    queries = Queries(shop.ledger, shop.engine, TENANT)
    said = {order.business_key: order for order in queries.orders(limit=10_000)}
    assert shown.keys() == said.keys()
    histories = shop.engine.histories(TENANT, list(said))
    for key, order in said.items():
        row = shown[key]
        assert (row["state"], row["last_event"]) == (order.state, order.last_event), key
        assert row["instance_id"] == order.instance_id
        assert (row["started_at"], row["updated_at"]) == (
            order.started_at.timestamp(),
            order.updated_at.timestamp(),
        ) or abs(row["started_at"] - order.started_at.timestamp()) < 1e-5
        running = [each for each in histories[key] if each.state == "running"]
        where = {row["element"] for row in shop.rows(places) if row["business_key"] == key}
        assert where == {element for each in running for element in each.active}, key
        waits = {row["event"] for row in shop.rows(awaited) if row["business_key"] == key}
        assert waits == {event for each in running for event in each.awaiting}, key
    assert tallied(shop) == counted(shop)
    assert measured(shop) == measured_from_scratch(shop)


def counts(shop: Shop, kind: str) -> Mapping[str, int]:
    """The tallies of one kind, by name."""
    return {name: number for (_, _, of, name), number in tallied(shop).items() if of == kind}


class Absent:
    """Makes an engine that answers nothing, for as long as it is used as a context."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __enter__(self) -> None:
        def away(*_: Any) -> Any:
            raise EngineUnreachable("connection refused")

        self._engine.histories = away  # type: ignore[method-assign]

    def __exit__(self, *_: object) -> None:
        del self._engine.histories
