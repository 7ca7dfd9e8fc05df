"""The project's own services in a test: an event runs whoever hears it before `given` or `gets` returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import JsonValue

from trackflow.errors import ChoreographyError
from trackflow.extension import InMemory, Trackflow
from trackflow.message import Message
from trackflow.testing.bench import Bench

Function = Callable[[Message], Message | Iterable[Message] | None]

_EAGER = {"task_always_eager": True, "task_eager_propagates": True, "broker_url": "memory://"}
_OPENED = ("ledger", "engine", "tracker", "queries", "inbox")  # by a Trackflow, when they are first used


class Services:
    """The fixture `services`: with it in a test the services run, too.

    Attributes:
        trackflow: the app's own, on the test's ledger, engine and clock.
    """

    def __init__(self, trackflow: Trackflow, monkeypatch: pytest.MonkeyPatch) -> None:
        self.trackflow = trackflow
        self._monkeypatch = monkeypatch

    def replace(self, service: str, function: Function) -> None:
        """Let a function stand in for a service to the end of the test.

            services.replace("payment", lambda order: order.followed_by("Payment_Failed"))
            services.replace("payment", lambda order: None)

        Raises ChoreographyError: there is no such service.
        """
        tasks = self.trackflow.app.tasks
        names = [each.name for each in self.trackflow.choreography.subscriptions]
        if service not in names:
            raise ChoreographyError(f"service {service!r}: there are {', '.join(names)}")
        self._monkeypatch.setattr(tasks[service], "run", function)

    def deliver(self, event: str, key: str, payload: JsonValue) -> None:
        """Emit an event, and run everything that follows from it."""
        __tracebackhide__ = True
        self.trackflow.emit(event, key, payload)


@contextmanager
def eager(trackflow: Trackflow, bench: Bench) -> Iterator[None]:
    """The project's Trackflow on a test's bench, in Celery's eager mode; afterwards all is as it was.

    Whatever its settings say: no broker, no REST engine and no database of theirs is asked.
    """
    app, opened, settings = trackflow.app, vars(trackflow), trackflow.settings
    configured = {name: app.conf.get(name) for name in _EAGER}
    kept = {name: opened.pop(name) for name in _OPENED if name in opened}
    opened.update(_own(bench))
    trackflow.settings = InMemory(tenant=bench.tenant, ledger_url="sqlite://")
    app.conf.update(_EAGER)
    app.loader.import_default_modules()  # as a worker does when it starts
    try:
        yield
    finally:
        app.conf.update(configured)
        trackflow.settings = settings
        for name in _OPENED:
            opened.pop(name, None)
        opened.update(kept)


def _own(bench: Bench) -> dict[str, Any]:
    return {name: getattr(bench, name) for name in _OPENED if hasattr(bench, name)}
