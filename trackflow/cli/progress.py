"""How far a command is with many orders or events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import Progress

from trackflow.cli.console import console


@contextmanager
def progress(doing: str, total: Callable[[], int]) -> Iterator[Callable[[int], None]]:
    """A bar beside what is told, if a person waits; it is told how many are done since it was told last."""
    bar = console(stderr=True)
    if not bar.is_terminal:
        yield lambda _: None
        return
    with Progress(console=bar, transient=True) as bars:
        task = bars.add_task(doing, total=total())
        yield lambda number: bars.advance(task, number)
