"""What `check` says of one thing that it looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

# "failed": something would not work, or is not as deployed. "warning": nothing to mend in the deployment, but
# somebody must act.
Result = Literal["ok", "warning", "failed"]

SIGNS: Mapping[Result, str] = {"ok": "✓", "warning": "!", "failed": "✗"}
STYLES: Mapping[Result, str] = {"ok": "green", "warning": "yellow", "failed": "red"}

DEPLOY = "`celery -A tasks track deploy`"
MIGRATE = "`celery -A tasks track deploy --migrate`"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        kind: what was found, for machines; it never changes its meaning. `<what>-ok` if all is well.
        what: "broker", "exchange", "queue", "binding", "ledger", "engine", "model", "service" or "event".
        name: of the thing, if it has one.
        result: how it is.
        words: for people.
        details: what else a machine may want: `argument`, `wanted` and `found`, say.
    """

    kind: str
    what: str
    name: str | None
    result: Result
    words: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """`name` and the details only if there are any."""
        named = {} if self.name is None else {"name": self.name}
        document = {"kind": self.kind, "what": self.what, **named, "result": self.result, "words": self.words}
        return {**document, **self.details}


def fine(what: str, name: str | None, words: str, **details: Any) -> Finding:
    """All is well."""
    return Finding(f"{what}-ok", what, name, "ok", words, details)


def warning(kind: str, what: str, name: str | None, words: str, **details: Any) -> Finding:
    """Somebody must act."""
    return Finding(kind, what, name, "warning", words, details)


def failed(kind: str, what: str, name: str | None, words: str, **details: Any) -> Finding:
    """Something would not work, or is not as deployed."""
    return Finding(kind, what, name, "failed", words, details)
