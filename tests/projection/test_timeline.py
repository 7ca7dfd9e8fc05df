"""When what happened: queue, work, engine; and the drawing of who caused what."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.projection.known import SERVICES, ago, event
from trackflow.projection.sequence import AWAITED, sequence
from trackflow.projection.services import Services
from trackflow.projection.timeline import WIDTH, Scale, Stretch, rows

PLACED = event("Order_Placed", at=ago(seconds=10))
PAID = event(
    "Payment_Done",
    cause="order_placed",
    at=ago(seconds=7),
    taken_at=ago(seconds=8),
    attempts=2,
    outcome="waiting",
)


def seconds(stretch: Stretch | None) -> float | None:
    return stretch and stretch.seconds


def test_an_effect_tells_of_its_causes_time_in_the_queue_and_in_work() -> None:
    placed, paid = rows([PLACED, PAID], SERVICES)
    assert (placed.service, placed.queue, placed.work) == (None, None, None)
    assert seconds(placed.engine) == pytest.approx(0.005)
    assert paid.service == "payment"
    assert (seconds(paid.queue), seconds(paid.work)) == (2, 1)
    assert paid.engine is None  # it did not take effect


def test_what_a_publisher_left_out_is_not_known() -> None:
    (row,) = rows([event("Payment_Done", cause="elsewhere", published_at=None)], SERVICES)
    assert (row.queue, row.work, row.at) == (None, None, row.event.received_at)


def test_a_clock_that_is_behind_makes_no_negative_time() -> None:
    early = event("Payment_Done", cause="order_placed", at=ago(seconds=12), taken_at=ago(seconds=11))
    _, paid = rows([PLACED, early], SERVICES)
    assert (seconds(paid.queue), seconds(paid.work)) == (0, 0)


def test_the_scale_keeps_the_order_of_time_and_its_bounds() -> None:
    told = rows([PLACED, PAID], SERVICES)
    scale = Scale(told)
    moments = [ago(seconds=each) for each in (60, 10, 9, 8, 7, 0)]
    places = [scale.at(each) for each in moments]
    assert places == sorted(places)
    assert (places[0], places[-1]) == (0, WIDTH)
    assert scale.cuts == ()


def test_a_long_pause_is_cut_and_named() -> None:
    later = event("Goods_Fetched", id="3", at=ago(seconds=10) + timedelta(hours=2))
    (cut,) = Scale(rows([PLACED, PAID, later], SERVICES)).cuts
    assert cut.seconds == pytest.approx(2 * 3600 - 3, abs=0.1)
    assert 0 < cut.x < WIDTH


def test_nothing_happened_in_a_story_without_events() -> None:
    assert Scale([]).at(ago(seconds=1)) == 0


def test_the_drawing_has_a_line_for_everybody_who_takes_part() -> None:
    drawing = sequence(rows([PLACED, PAID], SERVICES), SERVICES, ["Goods_Fetched"])
    assert [each.name for each in drawing.lifelines] == ["outside", "payment", "inventory", "tracker"]
    x = {each.name: each.x for each in drawing.lifelines}
    placed, paid, fetched = drawing.arrows
    assert (placed.start, placed.heads) == (x["outside"], (x["payment"], x["tracker"]))
    assert (paid.start, paid.heads) == (x["payment"], (x["inventory"], x["tracker"]))
    assert (fetched.start, fetched.outcome) == (x["inventory"], AWAITED)
    (work,) = drawing.activities
    assert (work.x, work.y, work.height) == (x["payment"], placed.y, paid.y - placed.y)


def test_the_drawing_says_the_same_in_words() -> None:
    assert sequence(rows([PLACED, PAID], SERVICES), SERVICES, ["Goods_Fetched"]).words == (
        "Somebody outside published Order_Placed, heard by payment, the tracker: correlated.",
        "payment published Payment_Done 3.0 s later, heard by inventory, the tracker: waiting.",
        "Goods_Fetched is awaited.",
    )


def test_who_emits_an_event_is_whoever_hears_its_cause() -> None:
    both = Services(
        SERVICES.choreography, emits={"inventory": ("Goods_Shipped",), "shipment": ("Goods_Shipped",)}
    )
    assert both.emitter("Goods_Shipped", "Goods_Fetched") == "shipment"
    assert both.emitter("Goods_Shipped", "Payment_Done") == "inventory"
    assert both.emitter("Order_Placed") is None


def test_a_service_that_is_not_known_is_found_by_its_department() -> None:
    table_only = Services(SERVICES.choreography)
    assert table_only.emitter("Payment_Done") == "payment"
    assert table_only.emitter("Order_Placed") is None


def test_an_unknown_event_has_no_emitter_and_a_circle_of_causes_ends() -> None:
    loop = [event("Order_Placed", cause="2", id="1"), event("Nothing_Known", cause="1", id="2")]
    told = rows(loop, SERVICES)
    assert [row.service for row in told] == [None, None]
    assert len(sequence(told, SERVICES).arrows) == 2
