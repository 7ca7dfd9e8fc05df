"""What is hostile, and what is away."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import expect

from tests.board.browser import trouble
from tests.board.browser.conftest import Visitor
from tests.board.browser.test_every_page import open_page
from tests.board.browser.world import SECONDS, World
from tests.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.broker, pytest.mark.timeout(300)]

Visit = Callable[..., Visitor]


@pytest.mark.parametrize("key", trouble.HOSTILE)
def test_a_hostile_order_is_text(visit: Visit, world: World, key: str) -> None:
    page = visit(world).sign_in().page
    open_page(page, f"/order?{urlencode({'key': key})}")
    assert page.get_by_role("heading", level=1).inner_text() == key
    # Its payload too
    page.locator("details.payload summary").first.click()
    expect(page.locator("details.payload").first).to_contain_text(trouble.SCRIPT)
    assert page.title() != "owned"
    # In a list, its link leads there
    page.goto("/orders?state=completed")
    page.locator(f'main a.key[href="/order?key={quote(key, safe="")}"]').click()
    expect(page.get_by_role("heading", level=1)).to_have_text(key)


def test_a_payload_of_a_megabyte_makes_no_page_heavy(visit: Visit, busy_world: World) -> None:
    huge = {"note": "💥" * 200_000}  # 800 kB in UTF-8
    body = {"businessKey": "huge", "tenant": busy_world.tenant, "event": "Order_Placed", "payload": huge}
    busy_world.publish_raw(json.dumps(body, ensure_ascii=False))
    until(lambda: busy_world.state("huge") == "completed", SECONDS, "it completes")
    visitor = visit(busy_world).sign_in()
    for path in ("/order?key=huge", "/orders", "/live"):
        assert len(visitor.context.request.get(path).body()) < 300_000, path
        open_page(visitor.page, path)
    open_page(visitor.page, "/order?key=huge")
    visitor.page.locator("details.payload summary").first.click()
    expect(visitor.page.locator("details.payload").first).to_contain_text("💥")


def test_a_page_says_when_its_board_is_gone_and_when_it_is_back(visit: Visit, busy_world: World) -> None:
    visitor = visit(busy_world).sign_in()
    live = visitor.page.locator("#live-state")
    expect(live).to_have_text("Live")
    # When the board ends
    assert busy_world.board is not None
    busy_world.board.kill()
    # Then the page says so
    expect(live).to_contain_text("Not updating since")
    # And when it is there again
    busy_world.start_board()
    visitor.sign_in()  # its secret is a new one
    expect(live).to_have_text("Live")
    visitor.wrong.clear()  # the browser tells of each try to reach it
