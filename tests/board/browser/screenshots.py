"""Takes the pictures of the board in docs/images/board, from a real run with failures in it.

    make screenshots

A month of orders is filled in first, so that there is a past to show; what fails then fails while we look.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

from bench.board.filling import fill
from tests.board.browser import trouble
from tests.board.browser.conftest import CHROMIUM, Visitor
from tests.board.browser.test_every_page import open_page
from tests.board.browser.world import SECONDS, World
from tests.integration.workers import ROOT
from tests.servers.rabbitmq import RabbitMQ
from tests.waiting import until

FOLDER = ROOT / "docs" / "images" / "board"
_PAST = 6000  # orders
_TAKES_TIME = "A-0100"  # so that there is work on its timeline
_TALLEST = 1080  # pixels: what is below that nobody reads in a picture


class Size(NamedTuple):
    name: str
    width: int
    height: int


WIDE, PHONE = Size("", 1280, 800), Size("-phone", 390, 844)
PAGES = {
    "overview": "/",
    "orders": "/orders",
    "order-waiting": "/order?key=D-0000",
    "order-completed": f"/order?key={_TAKES_TIME}",
    "order-failed": "/order?key=B-0000",
    "failures": "/failures",
    "process": "/process?id=order_fulfillment&period=30d&show=slow",
    "live": "/live",
}
ON_A_PHONE = ("overview", "orders", "order-waiting", "failures")


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _shop() as world, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        wrong = list(_taken(browser, world))
        browser.close()
    for file in sorted(FOLDER.iterdir()):
        print(f"{file.stat().st_size / 1000:5.0f} kB {file.relative_to(ROOT)}")
    print(*wrong, sep="\n")


@contextmanager
def _shop() -> Iterator[World]:
    with tempfile.TemporaryDirectory(prefix="trackflow-screenshots-") as name:
        folder = Path(name)
        for part in ("rabbitmq", "shop"):
            (folder / part).mkdir()
        node = RabbitMQ(folder / "rabbitmq")
        try:
            node.start()
            world = World(folder / "shop", node.url, tenant="showcase")
            fill(world.ledger_url, world.tenant, _PAST)
            world.start()
            trouble.happen(world)
            world.publish("Order_Placed", _TAKES_TIME, {"amount": 99, "country": "CH", "slow": 0.7})
            until(lambda: world.state(_TAKES_TIME) == "completed", SECONDS, "it completes")
            yield world
            world.close()
        finally:
            node.stop()


def _taken(browser: Browser, world: World) -> Iterator[str]:
    """Take all of them; what the pages complained of."""
    for theme in ("light", "dark"):
        for size in (WIDE, PHONE):
            viewport = {"width": size.width, "height": size.height}
            visitor = Visitor(browser, world, viewport=viewport, color_scheme=theme, reduced_motion="reduce")
            visitor.sign_in()
            for name in PAGES if size is WIDE else ON_A_PHONE:
                _take(visitor.page, PAGES[name], FOLDER / f"{name}{size.name}-{theme}.png", size)
            yield from visitor.wrong
            visitor.context.close()


def _take(page: Page, path: str, file: Path, size: Size) -> None:
    open_page(page, path)
    page.wait_for_timeout(300)  # fonts and the first words of the stream: a picture, not a test
    height = page.evaluate("() => document.scrollingElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": size.width, "height": min(height, _TALLEST)}
    page.screenshot(path=file, full_page=True, clip=clip, animations="disabled")


if __name__ == "__main__":
    main()
