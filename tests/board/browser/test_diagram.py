"""The diagram: marks are text whatever they hold, can change without a new drawing, and are told in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.board.browser.conftest import Visitor
from tests.board.browser.world import World
from tests.integration.workers import ROOT

pytestmark = pytest.mark.broker

Visit = Callable[..., Visitor]
HOSTILE = "<img src=x onerror=alert(1)>\u202e</script>🦆"
MODEL = (ROOT / "bpmn" / "track-flow.bpmn").read_text()
MARKS = {
    "counts": {"payment_done": 12_345, "nothing here": 1},
    "late": {"goods_fetched": 37},
    "passed": ["order_placed", "order_placed_to_payment_done"],
    "at": ["payment_done"],
    "skipped": ["goods_shipped"],
    "labels": {"goods_fetched": HOSTILE},
}


def opened(visit: Visit, world: World, model: str = MODEL) -> Page:
    """The page of a process, its diagram drawn of this model; it does not update itself meanwhile."""
    page = visit(world).sign_in().page
    page.route("**/model", lambda route: route.fulfill(body=model, content_type="application/xml"))
    page.goto("/process?id=order_fulfillment")
    expect(page.locator(".diagram").first).not_to_have_attribute("aria-busy", "true", timeout=60_000)
    return page


def paint(page: Page, marks: dict[str, Any]) -> None:
    page.locator(".diagram").first.evaluate(
        "(element, detail) => element.dispatchEvent(new CustomEvent('diagram:paint', {detail}))", marks
    )


def test_marks_are_text_and_the_model_is_not_drawn_again(visit: Visit, world: World) -> None:
    page = opened(visit, world)
    diagram = page.locator(".diagram").first
    diagram.locator("svg[role=img]").evaluate("(drawing) => { drawing.dataset.first = 'yes' }")
    paint(page, MARKS)
    expect(diagram.locator(".pill-label")).to_have_text(HOSTILE)
    expect(diagram.locator(".pill-count")).to_have_text("12.3k")
    expect(diagram.locator(".pill-late")).to_have_text("37 late")
    expect(diagram.locator("img, script")).to_have_count(0)
    # The flow and the message that came with it are marked with the element.
    for id_, mark in (
        ("order_placed_to_payment_done", "passed"),
        ("publish_order_placed", "passed"),
        ("payment_done", "at"),
        ("goods_shipped", "skipped"),
    ):
        expect(diagram.locator(f"g[data-element-id={id_}]")).to_have_class(re.compile(rf"mark-{mark}\b"))
    # Painted again, what was marked before is not.
    paint(page, {"at": ["goods_shipped"]})
    expect(diagram.locator(".pill")).to_have_count(0)
    expect(diagram.locator("g[data-element-id=payment_done]")).not_to_have_class(re.compile("mark-"))
    expect(diagram.locator(".mark-skipped")).to_have_count(0)
    expect(diagram.locator("svg[data-first=yes]")).to_have_count(1)


def test_the_same_is_told_in_words(visit: Visit, world: World) -> None:
    page = opened(visit, world)
    paint(page, MARKS)
    facts = page.get_by_role("list", name="The diagram in words").first.get_by_role("listitem")
    expect(facts).to_have_text(
        [
            "Order placed: passed",
            "Payment done: the order is here, 12345 here",
            f"Goods fetched: 37 late, {HOSTILE}",
            "Goods shipped: skipped",
        ]
    )


def test_a_model_without_a_drawing_says_so_and_is_told_in_words(visit: Visit, world: World) -> None:
    undrawn = re.sub(r"<bpmndi:BPMNDiagram.*</bpmndi:BPMNDiagram>", "", MODEL, flags=re.DOTALL)
    page = opened(visit, world, undrawn)
    diagram = page.locator(".diagram").first
    expect(diagram.get_by_role("status")).to_contain_text("This model has no drawing")
    paint(page, {"at": ["payment_done"]})
    expect(diagram.get_by_role("listitem")).to_have_text(["Payment done: the order is here"])


def test_it_can_be_moved_about_by_its_buttons(visit: Visit, world: World) -> None:
    page = opened(visit, world)
    diagram = page.locator(".diagram").first
    viewport = diagram.locator("g.viewport")
    whole = viewport.get_attribute("transform")
    diagram.get_by_role("button", name="Zoom in").press("Enter")
    expect(viewport).not_to_have_attribute("transform", str(whole))
    diagram.get_by_role("button", name="Show all of it").press("Enter")
    expect(viewport).to_have_attribute("transform", str(whole))
