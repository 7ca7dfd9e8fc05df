"""The models that instances run on, as they were deployed: each is read from the engine and parsed once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from trackflow.bpmn import Model, parse
from trackflow.engines.port import Engine
from trackflow.errors import EngineError, ModelError

logger = logging.getLogger(__name__)

_AGAIN = 60.0  # seconds until a model that could not be had is asked for again


class DeployedModels:
    """One tenant's models, for any thread. A version never changes once it is deployed."""

    def __init__(self, engine: Engine, tenant: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._tenant = tenant
        self._clock = clock
        self._models: dict[tuple[str, int], Model] = {}
        self._missing: dict[tuple[str, int], float] = {}  # when to ask again

    def of(self, process: str, version: int) -> Model | None:
        """The model of a version; None if the engine is away, has it no more, or if we cannot read it."""
        key = (process, version)
        if key not in self._models and self._missing.get(key, 0.0) <= self._clock():
            self._read(process, version)
        return self._models.get(key)

    def _read(self, process: str, version: int) -> None:
        key = (process, version)
        try:
            source = self._engine.source(self._tenant, process, version)
            if source is not None:
                self._models[key] = parse(source, f"version {version} of process {process!r}", deployed=True)
                return
        except (EngineError, ModelError) as exc:
            logger.warning("cannot read a model: %s", exc)
        self._missing[key] = self._clock() + _AGAIN
