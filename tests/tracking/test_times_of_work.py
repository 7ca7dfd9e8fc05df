"""When a service took up the cause of an event, and at which try: the ledger keeps what it is told first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from tests.messaging.shop import shop_app
from tests.tracking.order_engines import RemoteOrders
from tests.tracking.world import KEY, World
from trackflow import Message, Service
from trackflow.tracking.queries import Queries
from trackflow.tracking.tables import events

TAKEN = datetime(2026, 11, 24, 10, 0, 0, 123456, tzinfo=UTC)


def times(world: World[RemoteOrders], event_id: str) -> tuple[float | None, int | None]:
    with world.ledger.reading() as reading:
        chosen = sa.select(events.c.taken_at, events.c.attempts).where(events.c.event_id == event_id)
        row = reading.execute(chosen).one()
    return row.taken_at, row.attempts


def test_they_are_kept_as_they_came(world: World[RemoteOrders]) -> None:
    world.hear("Order_Placed", id="1", cause_taken_at=TAKEN, cause_attempts=3)
    assert times(world, "1") == (TAKEN.timestamp(), 3)


def test_a_publisher_may_leave_them_out(world: World[RemoteOrders]) -> None:
    world.hear("Order_Placed", id="1")
    assert times(world, "1") == (None, None)


def test_of_two_deliveries_the_first_counts(world: World[RemoteOrders]) -> None:
    world.hear("Order_Placed", id="1", cause_taken_at=TAKEN, cause_attempts=1)
    world.hear("Order_Placed", id="1", cause_taken_at=TAKEN + timedelta(hours=1), cause_attempts=2)
    assert times(world, "1") == (TAKEN.timestamp(), 1)


def test_an_outline_has_them_and_no_payloads(world: World[RemoteOrders]) -> None:
    for number in range(5):
        world.hear("Order_Placed", id=str(number), payload="x", cause_taken_at=TAKEN, cause_attempts=2)
    outline = Queries(world.ledger, world.engine, "showcase").outline(KEY, most=3, silence="not asked")
    assert outline is not None
    assert [event.id for event in outline.events or ()] == ["2", "3", "4"]
    assert {(event.taken_at, event.attempts, event.payload) for event in outline.events or ()} == {
        (TAKEN, 2, None)
    }
    assert (outline.state, outline.engine_error) == ("unknown", "not asked")


def test_what_is_emitted_again_keeps_the_first_times(tmp_path: Path) -> None:
    # Given a service that remembers what it has handled
    app = shop_app("t", tmp_path, task_always_eager=True, task_eager_propagates=True)
    emitted: list[Message] = []

    @app.task(shared=False, base=Service, name="till", emits=("Paid",), once=True)
    def till(order: Message) -> Message:
        return order.followed_by("Paid")

    @app.task(shared=False, base=Service, name="parcels")
    def parcels(paid: Message) -> None:
        emitted.append(paid)

    @app.task(shared=False, base=Service, name="witness")
    def witness(event: Message) -> None:
        """Nothing follows."""

    # When an event is delivered twice
    order = Message.new(tenant="t", business_key=KEY, event="Placed")
    app.trackflow.publisher.emit(order)
    app.trackflow.publisher.emit(order)
    # Then what follows says the same each time, though it is published anew
    first, again = emitted
    assert first.cause_taken_at is not None
    assert (again.id, again.cause_taken_at, again.cause_attempts) == (first.id, first.cause_taken_at, 1)
    assert first.published_at is not None
    assert again.published_at is not None
    assert again.published_at >= first.published_at
