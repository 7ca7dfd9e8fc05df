"""What must hold of every page, whatever it shows."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.board.browser import trouble
from tests.board.browser.conftest import Visitor
from tests.board.browser.crawling import Crawl
from tests.board.browser.world import World

pytestmark = [pytest.mark.browser, pytest.mark.broker, pytest.mark.timeout(300)]

Visit = Callable[..., Visitor]
NAMED = ("/", "/orders", "/failures", "/processes", "/live", "/audit")
SHOWN = ("A-0000", "A-0001", "A-0002", "B-0000", "C-0000", "D-0000", "E-0001", "R-9999", *trouble.HOSTILE)
ORDERS = tuple(f"/order?{urlencode({'key': key})}" for key in SHOWN)
_OF_EACH_STATE = 8  # orders; the others have only hostile keys
THEMES, WIDTHS = ("light", "dark"), (390, 1280)


@pytest.fixture(scope="module")
def crawl(browser: Browser, world: World) -> Crawl:
    """Every page that an operator can click to, and the orders of each kind."""
    visitor = Visitor(browser, world).sign_in()
    found = Crawl(visitor.context.request, world.url, (*NAMED, *ORDERS))
    visitor.context.close()
    return found


def test_no_link_leads_nowhere(crawl: Crawl) -> None:
    assert crawl.broken == []
    assert set(crawl.pages) >= {*NAMED, *ORDERS}


def test_no_page_has_an_error_or_asks_another_host(visit: Visit, world: World, crawl: Crawl) -> None:
    visitor = visit(world).sign_in()
    for path in crawl.pages:
        open_page(visitor.page, path)  # `visit` looks at what was wrong
        assert visitor.page.get_by_role("heading", level=1).count() == 1, path


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing(visit: Visit, world: World, crawl: Crawl, theme: str, width: int) -> None:
    size = {"width": width, "height": 900}
    visitor = visit(world, color_scheme=theme, viewport=size, reduced_motion="reduce").sign_in()
    found = []
    for path in dict.fromkeys((*NAMED, *ORDERS[:_OF_EACH_STATE], *crawl.of_each_path)):
        open_page(visitor.page, path)
        for violation in Axe().run(visitor.page).response["violations"]:
            targets = [str(node["target"]) for node in violation["nodes"][:3]]
            found.append(f"{path}: {violation['id']} ({violation['impact']}): {', '.join(targets)}")
    assert found == []


def test_nothing_is_wider_than_a_small_phone(visit: Visit, world: World, crawl: Crawl) -> None:
    visitor = visit(world, viewport={"width": 360, "height": 740}).sign_in()
    wide = []
    for path in crawl.pages:
        open_page(visitor.page, path)
        width = visitor.page.evaluate("() => document.scrollingElement.scrollWidth")
        if width > 360:
            wide.append(f"{path}: {width}")
    assert wide == []


def test_without_script_every_page_can_be_read(visit: Visit, world: World, crawl: Crawl) -> None:
    visitor = visit(world, java_script_enabled=False).sign_in()
    for path in crawl.pages:
        visitor.page.goto(path)
        assert visitor.page.get_by_role("heading", level=1).inner_text(), path
        assert len(visitor.page.get_by_role("main").inner_text()) > 40, path


def open_page(page: Page, path: str) -> None:
    """Open it, and wait until its diagrams are drawn."""
    page.goto(path)
    page.wait_for_function("() => !document.querySelector('.diagram[aria-busy]')")
