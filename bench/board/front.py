"""What a browser must load, and when it shows something."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import sync_playwright

from trackflow.board.assets import FOLDER

_DIAGRAMS = "bpmn"  # bpmn-js is the one script that is large, and only pages with a diagram load it


def scripts() -> dict[str, float]:
    """Each script's size in kB, compressed with gzip; those of bpmn-js, which do not count, are last."""
    sizes = {str(path.relative_to(FOLDER)): _compressed(path) for path in FOLDER.rglob("*.js")}
    return dict(sorted(sizes.items(), key=lambda item: (is_of_diagrams(item[0]), item[0])))


def is_of_diagrams(name: str) -> bool:
    """Whether it is a part of bpmn-js."""
    return _DIAGRAMS in name


def first_paints(url: str, chromium: str, times: int) -> Iterator[float]:
    """Milliseconds until something of the page is seen, each time with an empty cache."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for _ in range(times):
            context = browser.new_context()
            page = context.new_page()
            page.goto(url)
            yield page.evaluate("() => performance.getEntriesByName('first-contentful-paint')[0].startTime")
            context.close()
        browser.close()


def _compressed(path: Path) -> float:
    return len(gzip.compress(path.read_bytes())) / 1000
