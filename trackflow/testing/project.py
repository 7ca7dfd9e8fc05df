"""The project that is tested: its app and its models, found as `celery -A …` finds them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from celery.app.utils import find_app

from trackflow.bpmn import Model, read
from trackflow.errors import ModelError, TrackflowError
from trackflow.extension import Trackflow

TENANT = "test"  # of models without an app


class Project:
    """Found once a session.

    Args:
        app: what stands behind `celery -A`; None: what the environment's `APP` says, as for Celery; if that
            says nothing, either, the project has none.
        models: a BPMN file or a folder of them; None: the app's, or without one the folder `bpmn`.
        root: where relative paths begin.
    """

    def __init__(self, app: str | None, models: str | None, root: Path) -> None:
        self._app = app or os.environ.get("APP") or None
        self._models = models
        self._root = root
        self._read: dict[Path, Model] = {}

    @cached_property
    def trackflow(self) -> Trackflow | None:
        """The app's Trackflow; None without an app. Raises TrackflowError: the app has none, or is none."""
        if self._app is None:
            return None
        if str(self._root) not in sys.path:
            sys.path.insert(0, str(self._root))  # as Celery does with the working directory
        try:
            app = find_app(self._app)
        except (ImportError, AttributeError, ValueError) as exc:
            raise TrackflowError(f"cannot import the Celery app {self._app!r}: {exc}") from exc
        trackflow = getattr(app, "trackflow", None)
        if not isinstance(trackflow, Trackflow):
            raise TrackflowError(f"the Celery app {self._app!r} has no Trackflow")
        return trackflow

    @cached_property
    def models(self) -> Sequence[Model]:
        """What a test runs that names no other. Raises ModelError."""
        if self._models is not None:
            return self.models_at([self._models])
        if self.trackflow is not None:
            return self._parsed(sorted((self._root / self.trackflow.models_folder).glob("*.bpmn")))
        return self.models_at(["bpmn"])

    def models_at(self, paths: Sequence[str | Path]) -> Sequence[Model]:
        """The models of these files and folders, each read once. Raises ModelError."""
        return self._parsed([file for path in paths for file in self._files(self._root / path)])

    def _parsed(self, files: Sequence[Path]) -> Sequence[Model]:
        for file in files:
            if file not in self._read:
                self._read[file] = read(self._shown(file))
        return tuple(self._read[file] for file in files)

    def _files(self, path: Path) -> Sequence[Path]:
        if not path.is_dir():
            return [path]
        if files := sorted(path.glob("*.bpmn")):
            return files
        raise ModelError(f"{path}: there is no *.bpmn in this folder")

    def _shown(self, path: Path) -> Path:
        """As people write it, if that is the same file from where we are."""
        here = Path.cwd()
        return path.relative_to(here) if path.is_relative_to(here) else path
