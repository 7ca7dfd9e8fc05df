"""A browser that notices whatever a page does wrong, and a choreography with failures in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.board.browser import trouble
from tests.board.browser.world import OPERATOR, PASSWORD, World
from tests.servers.needed import need

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
# Everything that a page can complain of is told to the console.
_TELL_VIOLATIONS = """
    document.addEventListener("securitypolicyviolation", (event) =>
        console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or what CHROMIUM names."""
    need(None if CHROMIUM else "Chromium (Debian's package chromium)")
    with sync_playwright() as playwright:
        # As root, as in CI's container, Chromium has no sandbox.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def world(amqp_url: str, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """For tests that only look. It has a bit of all trouble."""
    world = World(tmp_path_factory.mktemp("shop"), amqp_url)
    try:
        world.start()
        trouble.happen(world)
        trouble.attack(world)
        yield world
    finally:
        world.close()
        print(world.complaints())


@pytest.fixture(scope="package")
def busy_world(amqp_url: str, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """For tests that change something: each with orders of its own."""
    world = World(tmp_path_factory.mktemp("busy"), amqp_url)
    try:
        world.start()
        yield world
    finally:
        world.close()
        print(world.complaints())


class Visitor:
    """A person with a browser: pages open in a context of their own, and what goes wrong there is kept."""

    def __init__(self, browser: Browser, world: World, **options: object) -> None:
        self.world = world
        self.wrong: list[str] = []
        self.context: BrowserContext = browser.new_context(base_url=world.url, **options)
        self.context.add_init_script(_TELL_VIOLATIONS)
        self.context.on("console", self._said)
        self.context.on("weberror", lambda error: self.wrong.append(f"script: {error.error}"))
        self.context.on("request", self._asked)
        self.page: Page = self.context.new_page()

    def sign_in(self, name: str = OPERATOR) -> Visitor:
        self.page.goto("/sign-in")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(lambda url: "sign-in" not in url)
        return self

    def _said(self, message: object) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(f"console: {message.text} ({message.location.get('url')})")

    def _asked(self, request: object) -> None:
        host = urlsplit(request.url)
        if host.scheme not in ("data", "blob") and f"{host.scheme}://{host.netloc}" != self.world.url:
            self.wrong.append(f"asked {request.url}")


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """`visit(world, **options of the browser's context)`: somebody looks; at the end nothing was wrong."""
    visitors: list[Visitor] = []
    with ExitStack() as open_contexts:

        def visit(world: World, **options: object) -> Visitor:
            visitor = Visitor(browser, world, **options)
            visitors.append(visitor)
            open_contexts.callback(visitor.context.close)
            return visitor

        yield visit
    assert [wrong for visitor in visitors for wrong in visitor.wrong] == []
