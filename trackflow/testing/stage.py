"""What one test uses: behind its fixtures stands one `Stage`, which opens what the test asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pydantic import JsonValue

from trackflow.bpmn import Model
from trackflow.errors import TrackflowError
from trackflow.message import Message
from trackflow.testing.bench import Bench
from trackflow.testing.clock import Clock, Time
from trackflow.testing.expectations import Expectation
from trackflow.testing.names import Names
from trackflow.testing.order import Deliver, Order
from trackflow.testing.project import TENANT, Project
from trackflow.testing.services import Services, eager

if TYPE_CHECKING:
    import pytest


class Given(Protocol):
    """The fixture `given`."""

    def __call__(self, event: str, key: str | None = None, payload: JsonValue = None) -> Order:
        """A new order with its first event. Without a key it is called `order-1`, `order-2`, …"""


class UseModels(Protocol):
    """The fixture `model`."""

    def __call__(self, *models: str | Path | Model) -> Sequence[Model]:
        """Let this test run these models (files, folders, or parsed ones) instead of the project's."""


Expect = Callable[[Order], Expectation]


class Stage:
    """One test's own."""

    def __init__(self, project: Project, closing: Callable[[Bench], None]) -> None:
        """`closing` has a last look at the bench, if one was opened."""
        self._project = project
        self._closing = closing
        self._clock = Clock()
        self._chosen: Sequence[Model] | None = None
        self._services: Services | None = None
        self._exit = ExitStack()
        self._orders = 0

    def given(self, event: str, key: str | None = None, payload: JsonValue = None) -> Order:
        """See `Given`."""
        __tracebackhide__ = True
        self._orders += 1
        key = f"order-{self._orders}" if key is None else key
        return Order(key, self.bench, self.names, self._deliver).gets(event, payload)

    def use_models(self, *models: str | Path | Model) -> Sequence[Model]:
        """See `UseModels`."""
        __tracebackhide__ = True
        if self._orders:
            raise TrackflowError("model(…) comes too late: name the models before the first order")
        chosen = list[Model]()
        for each in models:
            chosen += [each] if isinstance(each, Model) else self._project.models_at([each])
        self._chosen = tuple(chosen)
        self._open_anew()
        return self._chosen

    @cached_property
    def bench(self) -> Bench:
        """Opened when it is first used. Raises ModelError, TrackflowError."""
        models = self._project.models if self._chosen is None else self._chosen
        trackflow = self._project.trackflow
        tenant = TENANT if trackflow is None else trackflow.settings.tenant
        variables = None if trackflow is None else trackflow.choreography.variables
        bench = Bench(models, self._clock, tenant, variables)
        self._exit.callback(bench.close)
        self._exit.callback(self._closing, bench)
        if trackflow is not None and self._services is not None:
            self._exit.enter_context(eager(trackflow, bench))
        return bench

    @cached_property
    def names(self) -> Names:
        """What the test's models and choreography know."""
        trackflow = self._project.trackflow
        # A test of other models than the app's is about their messages alone.
        is_of_app = trackflow is not None and (self._chosen is None or self._services is not None)
        return Names(self.bench.models, trackflow.choreography.events if trackflow and is_of_app else None)

    @cached_property
    def time(self) -> Time:
        """The test's clock, for the test."""
        return Time(self._clock, lambda: self.bench)

    def run_services(self, monkeypatch: pytest.MonkeyPatch) -> Services:
        """The project's services hear the test's events. Raises TrackflowError: there is no app."""
        if self._project.trackflow is None:
            raise TrackflowError(
                "services need the Celery app: pytest's ini option `trackflow_app = tasks` names it"
            )
        if self._orders:
            raise TrackflowError("the fixture `services` comes too late: name it in the test's parameters")
        self._services = Services(self._project.trackflow, monkeypatch)
        self._open_anew()
        return self._services

    def close(self) -> None:
        """Put everything back."""
        self._exit.close()

    def _open_anew(self) -> None:
        """Nothing has happened yet, but with services the app must never see its own ledger again."""
        self.close()
        for name in ("bench", "names"):
            vars(self).pop(name, None)
        if self._services is not None:
            _ = self.bench

    @property
    def _deliver(self) -> Deliver:
        return self._tell if self._services is None else self._services.deliver

    def _tell(self, event: str, key: str, payload: JsonValue) -> None:
        message = Message.new(business_key=key, tenant=self.bench.tenant, event=event, payload=payload)
        self.bench.handle(message)
