"""The state of one process instance: one small JSON value.

    {"variables": {"amount": 150},
     "tokens": [{"at": "Review", "scope": 0, "visit": 2, "due": {"Reminder": [1732440600.1]}}],
     "scopes": [{"id": 0, "of": null}],
     "path": [["Start", 1732440000.1, 1732440000.1], …, ["Review", 1732440000.1, null]],
     "end": null}

What is awaited is derived from the tokens and scopes and never stored a second time. Times are epoch seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from trackflow.engines.variables import Scalar

PROCESS = 0  # id of the scope that is the process itself; the first visit is a start event's, so no other's


class Due(NamedTuple):
    """When a timer fires.

    Attributes:
        at: epoch seconds.
        begun: when the wait began; None if it does not repeat.
        cycle: the repeating interval, evaluated when the wait began.
        trouble: why it could not fire; it stands until somebody retries it.
    """

    at: float
    begun: float | None = None
    cycle: str | None = None
    trouble: str | None = None


class Done(NamedTuple):
    """Something that is done and can be compensated.

    Attributes:
        element: id of the activity.
        handler: id of the activity that compensates it; None of a scope.
        inside: of a scope, what is done in it.
    """

    element: str
    handler: str | None
    inside: tuple[Done, ...] = ()


class Times(NamedTuple):
    """How often a multi-instance element runs."""

    planned: int
    completed: int = 0


@dataclass(slots=True)
class Token:
    """Something that is at an element: it waits there, or for what goes on inside.

    Attributes:
        at: id of the element.
        scope: id of the scope that it lives in.
        visit: its place in the path; no other token of the instance ever has the same.
        names: element id → message name, where the model has an expression; evaluated when the wait began.
        due: element id → when that timer fires.
        counter: which of the instances of a multi-instance element it is, from 0.
        muted: whether an event subprocess interrupted what it holds: then the element's boundary events
            listen no more.
    """

    at: str
    scope: int
    visit: int
    names: dict[str, str] = field(default_factory=dict)
    due: dict[str, Due] = field(default_factory=dict)
    counter: int | None = None
    muted: bool = False


@dataclass(slots=True)
class Scope:
    """A process, a subprocess, or all instances of a multi-instance element: what tokens live in.

    Attributes:
        id: the visit of the token that is at the element until the scope is done; `PROCESS` of the process.
        of: id of the element; None for the process itself.
        names: as of a token, of the event subprocesses' start events.
        due: likewise.
        times: of a multi-instance element; None of a process or subprocess.
        muted: whether an event subprocess interrupted it: then no other can begin.
        done: what can be compensated in it, in the order in which it was done.
    """

    id: int
    of: str | None
    names: dict[str, str] = field(default_factory=dict)
    due: dict[str, Due] = field(default_factory=dict)
    times: Times | None = None
    muted: bool = False
    done: list[Done] = field(default_factory=list)


@dataclass(slots=True)
class Visit:
    """One element that a token came to. Times are epoch seconds; `left` is None while it is there.

    `canceled`: something interrupted it.
    """

    element: str
    entered: float
    left: float | None
    canceled: bool = False


@dataclass(slots=True)
class State:
    """Where one process instance is. Changed only by a step, on a copy of its own.

    Attributes:
        variables: process variables; all have the scope of the process.
        tokens: everything that is somewhere, in the order of arrival.
        scopes: the process and what is active in it.
        path: every element that was entered, in that order.
        end: how it ended (`completed`); None while it runs.
        thrown: the signals that the step threw, which other instances may listen for. Never stored.
    """

    variables: dict[str, Scalar] = field(default_factory=dict)
    tokens: list[Token] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    path: list[Visit] = field(default_factory=list)
    end: str | None = None
    thrown: list[str] = field(default_factory=list)

    def scope(self, id_: int) -> Scope:
        """The scope of this id; there must be one."""
        return next(scope for scope in self.scopes if scope.id == id_)

    def token(self, visit: int) -> Token:
        """The token of this visit; there must be one."""
        return next(token for token in self.tokens if token.visit == visit)

    def copy(self) -> State:
        """A state that shares nothing with this one that a step changes."""
        return State(
            variables=dict(self.variables),
            tokens=[
                Token(t.at, t.scope, t.visit, t.names, dict(t.due), t.counter, t.muted) for t in self.tokens
            ],
            scopes=[
                Scope(s.id, s.of, s.names, dict(s.due), s.times, s.muted, list(s.done)) for s in self.scopes
            ],
            path=[Visit(v.element, v.entered, v.left, v.canceled) for v in self.path],
            end=self.end,
        )

    def to_json(self) -> str:
        """As text, in ASCII: any database stores it, whatever the variables hold."""
        return json.dumps(
            {
                "variables": self.variables,
                "tokens": [_token_to_json(token) for token in self.tokens],
                "scopes": [_scope_to_json(scope) for scope in self.scopes],
                "path": [_visit_to_json(visit) for visit in self.path],
                "end": self.end,
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of `to_json`; reads also what version 0.1.0 wrote."""
        value = json.loads(text)
        return cls(
            variables=value["variables"],
            tokens=[_token_from_json(token) for token in value["tokens"]],
            scopes=[_scope_from_json(scope) for scope in value["scopes"]],
            path=[Visit(*visit) for visit in value["path"]],
            end=value["end"],
        )


def _token_to_json(token: Token) -> dict[str, Any]:
    value: dict[str, Any] = {"at": token.at, "scope": token.scope, "visit": token.visit}
    if token.counter is not None:
        value["counter"] = token.counter
    return value | _listening_to_json(token)


def _scope_to_json(scope: Scope) -> dict[str, Any]:
    value: dict[str, Any] = {"id": scope.id, "of": scope.of}
    if scope.times is not None:
        value["times"] = scope.times
    if scope.done:
        value["done"] = scope.done
    return value | _listening_to_json(scope)


def _listening_to_json(holder: Token | Scope) -> dict[str, Any]:
    """What most tokens and scopes have nothing of is left out."""
    value: dict[str, Any] = {}
    if holder.names:
        value["names"] = holder.names
    if holder.due:
        value["due"] = {id_: due if due.cycle or due.trouble else due[:1] for id_, due in holder.due.items()}
    if holder.muted:
        value["muted"] = True
    return value


def _visit_to_json(visit: Visit) -> tuple[Any, ...]:
    seen = (visit.element, visit.entered, visit.left)
    return (*seen, True) if visit.canceled else seen


def _token_from_json(value: dict[str, Any]) -> Token:
    return Token(**value | {"due": _due_from_json(value)})


def _scope_from_json(value: dict[str, Any]) -> Scope:
    value.pop("token", None)  # written by 0.1.0, which ran no subprocesses
    times = value.get("times")
    done = _done_from_json(value.get("done", ()))
    return Scope(
        **value | {"due": _due_from_json(value), "times": times and Times(*times), "done": list(done)}
    )


def _done_from_json(value: Iterable[list[Any]]) -> tuple[Done, ...]:
    return tuple(Done(element, handler, _done_from_json(inside)) for element, handler, inside in value)


def _due_from_json(value: dict[str, Any]) -> dict[str, Due]:
    return {id_: Due(*due) for id_, due in value.get("due", {}).items()}
