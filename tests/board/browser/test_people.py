"""Four people and the board: an operator, a support clerk, an engineer, and somebody from the business."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.board.browser import trouble
from tests.board.browser.conftest import Visitor
from tests.board.browser.world import OPERATOR, READER, SECONDS, World
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.broker, pytest.mark.timeout(300)]

Visit = Callable[..., Visitor]
expect.set_options(timeout=90_000)  # far more than it takes


def test_an_operator_sees_that_orders_are_stuck_and_why(visit: Visit, world: World) -> None:
    # When an operator opens the board
    page = visit(world).sign_in().page
    # Then it says in its first line that something is wrong, and beside it what
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{trouble.CLOSED} events failed")
    needs = page.get_by_role("region", name="Needs somebody")
    expect(needs).to_contain_text("BankClosedError: the bank is closed")
    expect(needs).to_contain_text("ValueError: the parcel has no address")
    # and the diagram, where orders are: those that wait too long for goods too
    elements = page.locator(".diagram").first
    expect(elements).to_contain_text(re.compile(rf"Payment done\D+{trouble.CLOSED}"))
    expect(elements).to_contain_text(re.compile(rf"Goods fetched\D+{trouble.SHELF_EMPTY}.*late", re.DOTALL))


def test_a_clerk_types_an_order_number_and_reads_its_story(visit: Visit, world: World) -> None:
    page = visit(world).sign_in(READER).page
    # When a clerk presses the slash key, types an order number and presses Enter
    page.keyboard.press("/")
    page.keyboard.type("B-0003")
    page.keyboard.press("Enter")
    # Then it is that order, what it waits for, and why
    expect(page.get_by_role("heading", level=1)).to_have_text("B-0003")
    main = page.get_by_role("main")
    expect(main).to_contain_text("Payment_Done")
    expect(main).to_contain_text("the bank is closed")
    expect(page.get_by_role("table").first).to_contain_text("Order_Placed")


def test_a_clerk_who_knows_only_the_beginning_gets_a_list(visit: Visit, world: World) -> None:
    page = visit(world).sign_in(READER).page
    page.get_by_role("searchbox").fill("B-00")
    page.keyboard.press("Enter")
    rows = page.locator("table[data-rows] tbody tr")
    expect(rows).to_have_count(trouble.CLOSED)
    assert all(text.startswith("B-00") for text in page.locator("table[data-rows] a.key").all_inner_texts())


def test_an_engineer_replays_all_dead_letters_of_a_cause(visit: Visit, busy_world: World) -> None:
    # Given 37 orders that failed as the bank was closed, and a bank that is mended
    keys = [f"engineer-{number}" for number in range(trouble.CLOSED)]
    for key in keys:
        busy_world.publish("Order_Placed", key, {"bank": "closed"})
    until(lambda: busy_world.dead("payment") == len(keys), SECONDS, "they are dead")
    busy_world.mend_the_bank()
    # When an engineer replays them with one click
    page = visit(busy_world).sign_in().page
    replay = page.get_by_role("button", name="Replay BankClosedError")
    until_there(page, "/failures", replay.is_visible)
    replay.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"Replay {len(keys)} dead letters?")
    dialog.get_by_label("Why").fill("the bank is open again")
    dialog.get_by_role("button", name="Replay").click()
    # Then the page says when it is done, and the orders complete
    expect(page.locator(".operation")).to_contain_text(re.compile(rf"{len(keys)} of {len(keys)}\s+done"))
    until(lambda: {busy_world.state(key) for key in keys} == {"completed"}, SECONDS, "they complete")
    # and the audit says who did it, and why
    page.goto("/audit")
    row = page.get_by_role("row").nth(1)
    expect(row).to_contain_text(OPERATOR)
    expect(row).to_contain_text("replay")
    expect(row).to_contain_text("the bank is open again")


def test_an_engineer_edits_a_payload_and_replays_it(visit: Visit, busy_world: World) -> None:
    # Given an order whose parcel has no address
    busy_world.publish("Order_Placed", "homeless", {"address": None, "card": "4111 1111"})
    until(lambda: busy_world.dead("shipment"), SECONDS, "it is dead")
    page = visit(busy_world).sign_in().page
    group = page.get_by_role("link", name="ValueError")
    until_there(page, "/failures", group.is_visible)
    # When an engineer writes one
    group.click()
    page.locator("table[data-rows] tbody tr a").first.click()
    text = page.get_by_label("Payload, any JSON")
    assert "4111" not in text.input_value()
    text.fill(text.input_value().replace('"address": null', '"address": "Riggenbachstrasse 16"'))
    page.get_by_role("button", name="Replay the edited event").click()
    # Then the order completes, and the audit has what it was before
    until(lambda: busy_world.state("homeless") == "completed", SECONDS, "it completes")
    page.goto("/audit?key=homeless")
    expect(page.get_by_role("main")).to_contain_text("edit")
    page.get_by_role("link", name="original").click()
    expect(page.get_by_role("main")).to_contain_text('"address": null')


def test_a_reader_may_look_and_not_touch(visit: Visit, world: World) -> None:
    visitor = visit(world).sign_in(READER)
    page = visitor.page
    page.goto("/failures")
    expect(page.get_by_role("link", name="BankClosedError")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Replay|Discard|Retry"))).to_have_count(0)
    group = {"queue": f"{world.tenant}.payment", "all": "true"}
    refused = visitor.context.request.post("/failures/discard", form=group, headers={"Origin": world.url})
    assert refused.status == 403
    assert world.dead("payment") == trouble.CLOSED + trouble.UNREADABLE


def test_somebody_from_the_business_sees_where_time_goes(visit: Visit, world: World) -> None:
    page = visit(world).sign_in(READER).page
    page.get_by_role("link", name="Processes").click()
    page.get_by_role("link", name="Order fulfillment").click()
    main = page.get_by_role("main")
    # Their own diagram, with how often and how long
    expect(page.locator(".diagram svg").first).to_be_visible()
    expect(main).to_contain_text("Followed the model")
    often = page.locator(".diagram").inner_text()
    page.get_by_role("navigation", name="What the colours show").get_by_role("link").nth(1).click()
    expect(page.locator(".diagram svg").first).to_be_visible()
    expect(page.locator(".diagram")).not_to_have_text(often, use_inner_text=True)
    # and every step as a table
    expect(page.get_by_role("row", name=re.compile("Payment done")).first).to_be_visible()


def test_live_shows_events_as_they_pass_and_can_be_paused(visit: Visit, busy_world: World) -> None:
    page = visit(busy_world).sign_in().page
    page.goto("/live")
    # Given an event that passes
    expect(page.locator("#passing-state")).to_have_text("Live")
    busy_world.publish("Order_Placed", "seen at once")
    events = page.get_by_role("table")
    expect(events).to_contain_text("seen at once")
    # When it is paused
    page.get_by_role("button", name="Pause").click()
    busy_world.publish("Order_Placed", "seen later")
    # Then what comes is counted, and shown when it goes on
    expect(page.locator("#passing-state")).to_contain_text(re.compile(r"Paused: \d+ "))
    expect(events).not_to_contain_text("seen later")
    page.locator("#pause").click()
    expect(events).to_contain_text("seen later")


def test_an_operator_publishes_a_test_event(visit: Visit, busy_world: World) -> None:
    page = visit(busy_world).sign_in().page
    page.goto("/live")
    page.get_by_label("Event", exact=True).last.select_option("Order_Placed")
    page.get_by_label("Business key").last.fill("a test")
    page.get_by_label("Payload").last.fill('{"amount": 1}')
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("main")).to_contain_text("Published")
    until(lambda: busy_world.state("a test") == "completed", SECONDS, "it completes")


def test_all_of_it_with_the_keyboard(visit: Visit, world: World) -> None:
    page = visit(world).sign_in().page
    # g l: the list of orders; j and k move in it, Enter opens
    page.keyboard.press("g")
    page.keyboard.press("l")
    page.wait_for_url("**/orders")
    keys = page.locator("table[data-rows] a.key").all_inner_texts()
    for pressed in ("j", "j", "k"):
        page.keyboard.press(pressed)
    expect(page.locator("a.key:focus")).to_have_text(keys[0])
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(keys[1])
    # ? says which keys there are, Escape closes that
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("f")
    expect(page.get_by_role("heading", level=1)).to_have_text("Failures")


def test_without_script_orders_can_be_filtered(visit: Visit, world: World) -> None:
    page = visit(world, java_script_enabled=False).sign_in().page
    page.goto("/orders")
    page.get_by_role("group", name="State").get_by_label("running").check()
    page.get_by_role("main").get_by_role("button", name="Search").click()
    keys = page.locator("table a.key").all_inner_texts()
    assert keys
    assert {key[0] for key in keys} <= {"B", "C", "D"}
    page.get_by_role("link", name=keys[0]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(keys[0])


def until_there(page: Page, path: str, is_there: Callable[[], bool]) -> None:
    """Open a page, again if need be: what comes from the broker is read every few seconds."""

    def opened() -> bool:
        page.goto(path)
        return is_there()

    until(opened, SECONDS, f"it is on {path}")
