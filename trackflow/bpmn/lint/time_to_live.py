"""How long an engine keeps what has ended."""

from __future__ import annotations

from collections.abc import Iterator

from trackflow.bpmn.lint.finding import Finding, warning
from trackflow.bpmn.model import Model

NO_TIME_TO_LIVE = warning("no-time-to-live")


def unlimited(model: Model) -> Iterator[Finding]:
    """A process that does not say it; Camunda 7 and its forks would refuse it."""
    if not model.time_to_live:
        words = (
            f"process {model.process!r} has no time to live: camunda:historyTimeToLive should be P30D, say"
        )
        yield NO_TIME_TO_LIVE.of(model, words)
