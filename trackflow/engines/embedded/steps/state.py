"""The state of one process instance: one small JSON value.

    {"variables": {"amount": 150},
     "tokens": [{"at": "Review", "scope": -1, "visit": 2, "due": {"Reminder": [1732440600.1]}}],
     "scopes": [{"id": -1, "of": null}],
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

PROCESS = -1  # id of the scope that is the process itself: no visit, as those of all others are


# Made once: `json.dumps` with any option makes an encoder for each call.
_ENCODE = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_DECODE = json.JSONDecoder().decode


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


class Caller(NamedTuple):
    """Who called an instance.

    Attributes:
        instance: id of the calling instance.
        visit: of its token that waits at the call activity.
    """

    instance: str
    visit: int


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
        end: how it ended (`completed`, or `terminated` by its caller); None while it runs.
        caller: of a called instance, who waits for its end.
    """

    variables: dict[str, Scalar] = field(default_factory=dict)
    tokens: list[Token] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    path: list[Visit] = field(default_factory=list)
    end: str | None = None
    caller: Caller | None = None

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
            caller=self.caller,
        )

    def to_json(self) -> str:
        """As text, in ASCII: any database stores it, whatever the variables hold."""
        value: dict[str, Any] = {
            "variables": self.variables,
            "tokens": [_token_to_json(token) for token in self.tokens],
            "scopes": [_scope_to_json(scope) for scope in self.scopes],
            "path": [_visit_to_json(visit) for visit in self.path],
            "end": self.end,
        }
        if self.caller is not None:
            value["caller"] = self.caller
        return _ENCODE(value)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of `to_json`; reads also what version 0.1.0 wrote."""
        value = _DECODE(text)
        if any("token" in scope for scope in value["scopes"]):
            _modernize(value)
        return cls(
            variables=value["variables"],
            tokens=[_token_from_json(token) for token in value["tokens"]],
            scopes=[_scope_from_json(scope) for scope in value["scopes"]],
            path=[Visit(*visit) for visit in value["path"]],
            end=value["end"],
            caller=Caller(*value["caller"]) if "caller" in value else None,
        )


def _modernize(value: dict[str, Any]) -> None:
    """Version 0.1.0 ran no subprocesses, and called the scope of the process 0."""
    for token in value["tokens"]:
        token["scope"] = PROCESS
    value["scopes"] = [{"id": PROCESS, "of": None}] if value["scopes"] else []


def _token_to_json(token: Token) -> dict[str, Any]:
    value: dict[str, Any] = {"at": token.at, "scope": token.scope, "visit": token.visit}
    if token.counter is not None:
        value["counter"] = token.counter
    _add_listening(value, token)
    return value


def _scope_to_json(scope: Scope) -> dict[str, Any]:
    value: dict[str, Any] = {"id": scope.id, "of": scope.of}
    if scope.times is not None:
        value["times"] = scope.times
    if scope.done:
        value["done"] = scope.done
    _add_listening(value, scope)
    return value


def _add_listening(value: dict[str, Any], holder: Token | Scope) -> None:
    """What most tokens and scopes have nothing of is left out."""
    if holder.names:
        value["names"] = holder.names
    if holder.due:
        value["due"] = {id_: due if due.cycle or due.trouble else due[:1] for id_, due in holder.due.items()}
    if holder.muted:
        value["muted"] = True


def _visit_to_json(visit: Visit) -> tuple[Any, ...]:
    if visit.canceled:
        return visit.element, visit.entered, visit.left, True
    return visit.element, visit.entered, visit.left


def _token_from_json(value: dict[str, Any]) -> Token:
    _read_due(value)
    return Token(**value)


def _scope_from_json(value: dict[str, Any]) -> Scope:
    _read_due(value)
    if "times" in value:
        value["times"] = Times(*value["times"])
    if "done" in value:
        value["done"] = list(_done_from_json(value["done"]))
    return Scope(**value)


def _done_from_json(value: Iterable[list[Any]]) -> tuple[Done, ...]:
    return tuple(Done(element, handler, _done_from_json(inside)) for element, handler, inside in value)


def _read_due(value: dict[str, Any]) -> None:
    if "due" in value:
        value["due"] = {id_: Due(*due) for id_, due in value["due"].items()}
