"""How long an engine keeps ended instances (`HistoryTimeToLiveParser`)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trackflow.bpmn.lint.finding import Finding, error
from trackflow.bpmn.model import Model

REFUSED = error("refused-time-to-live")

_DAYS = re.compile(r"P([0-9]+)D|\+?([0-9]+)")
_MOST = 2**31 - 1  # days, a Java int


def unreadable(model: Model) -> Iterator[Finding]:
    """A time to live that is no number of days."""
    text = model.time_to_live
    if text is None:
        return
    found = _DAYS.fullmatch(text)
    if found is None or int(found[1] or found[2]) > _MOST:
        words = f"process {model.process!r}: its historyTimeToLive {text!r} should be days like P30D or 30"
        yield REFUSED.of(model, words)
