"""The user's project, as the command line finds it: `-A tasks` names an app, and the app has a Trackflow."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from trackflow.cli.errors import Failure
from trackflow.extension import Trackflow

P = ParamSpec("P")
R = TypeVar("R")


def pass_trackflow(command: Callable[Concatenate[Trackflow, P], R]) -> Callable[P, R]:
    """Call the command with the app's Trackflow."""

    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        return command(_trackflow(click.get_current_context().obj.app), *args, **kwargs)

    return update_wrapper(wrapped, command)


def _trackflow(app: Any) -> Trackflow:
    trackflow = getattr(app, "trackflow", None)
    if not isinstance(trackflow, Trackflow):
        raise Failure(
            f"the Celery app {app.main or 'default'!r} has no Trackflow: name the one that has "
            "(`celery -A tasks track …`)"
        )
    return trackflow
