"""The state of one process instance: one small JSON value.

    {"variables": {"amount": 150},
     "tokens": [{"at": "Review", "scope": 0, "visit": 2}],
     "scopes": [{"id": 0, "of": null, "token": null}],
     "path": [["Start", 1732440000.1, 1732440000.1], …, ["Review", 1732440000.1, null]],
     "end": null}

What is awaited is derived from the tokens and never stored a second time. Times are epoch seconds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Self

from trackflow.engines.variables import Scalar


@dataclass(slots=True)
class Token:
    """Something that waits.

    Attributes:
        at: id of the element where it waits.
        scope: id of the scope that it lives in.
        visit: its place in the path; no other token of the instance ever has the same.
        names: element id → message name, where the model has an expression; evaluated when the wait began.
    """

    at: str
    scope: int
    visit: int
    names: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Scope:
    """A process or subprocess that tokens live in.

    Attributes:
        id: unique in the instance.
        of: id of the subprocess element; None for the process itself.
        token: visit of the token that waits at that element until the scope is done.
    """

    id: int
    of: str | None
    token: int | None


@dataclass(slots=True)
class Visit:
    """One element that a token came to. Times are epoch seconds; `left` is None while it is there."""

    element: str
    entered: float
    left: float | None


@dataclass(slots=True)
class State:
    """Where one process instance is. Changed only by a step, on a copy of its own.

    Attributes:
        variables: process variables; all have the scope of the process.
        tokens: everything that waits, in the order of arrival.
        scopes: the process and the subprocesses that are active.
        path: every element that was entered, in that order.
        end: how it ended (`completed`); None while it runs.
    """

    variables: dict[str, Scalar] = field(default_factory=dict)
    tokens: list[Token] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    path: list[Visit] = field(default_factory=list)
    end: str | None = None

    def copy(self) -> State:
        """A state that shares nothing with this one that a step changes."""
        return State(
            variables=dict(self.variables),
            tokens=[Token(t.at, t.scope, t.visit, t.names) for t in self.tokens],
            scopes=[Scope(s.id, s.of, s.token) for s in self.scopes],
            path=[Visit(v.element, v.entered, v.left) for v in self.path],
            end=self.end,
        )

    def to_json(self) -> str:
        """As text, in ASCII: any database stores it, whatever the variables hold."""
        return json.dumps(
            {
                "variables": self.variables,
                "tokens": [_token_to_json(token) for token in self.tokens],
                "scopes": [{"id": s.id, "of": s.of, "token": s.token} for s in self.scopes],
                "path": [(visit.element, visit.entered, visit.left) for visit in self.path],
                "end": self.end,
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of `to_json`."""
        value = json.loads(text)
        return cls(
            variables=value["variables"],
            tokens=[Token(**token) for token in value["tokens"]],
            scopes=[Scope(**scope) for scope in value["scopes"]],
            path=[Visit(*visit) for visit in value["path"]],
            end=value["end"],
        )


def _token_to_json(token: Token) -> dict[str, Any]:
    value: dict[str, Any] = {"at": token.at, "scope": token.scope, "visit": token.visit}
    return value | {"names": token.names} if token.names else value
