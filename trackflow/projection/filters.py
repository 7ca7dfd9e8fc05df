"""Which orders: the page, the API and the export read it from a URL, and a saved filter is a URL."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode

from trackflow.errors import FilterError
from trackflow.masking import Mask
from trackflow.message import short_text
from trackflow.projection.parameters import PARAMETERS, Parameter

PAYLOAD = "payload."  # before the name of a field; dots lead into objects: payload.customer.city
_FIELDS = 5  # of payloads, in one filter
_SHOWN = 80  # characters of a wrong value


class Chip(NamedTuple):
    """One condition of a filter as people see it, and the URL's query without it."""

    label: str
    value: str
    without: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which orders. What is None or empty chooses nothing; all that is given must hold.

    Attributes:
        key: business keys that begin with it.
        state: one of these, see `tracking.orders.Order.state`.
        process: of the newest instance.
        version: of its model.
        last_event: the event that came last.
        awaits: an event that would be accepted now.
        element: one that is active.
        outcome: some event of the order has it.
        late: whether it waits longer than its limit.
        deviates: whether it did not follow its model.
        deviation: how it did not, "kind:event or element" as of `conformance.Deviation`.
        older_than: it began longer ago.
        younger_than: it began since.
        started_from: it began then or later.
        started_before: it began earlier.
        payload: fields (dots lead into objects) and values. Some event of the order has them all.
    """

    key: str | None = None
    state: tuple[str, ...] = ()
    process: str | None = None
    version: int | None = None
    last_event: str | None = None
    awaits: str | None = None
    element: str | None = None
    outcome: str | None = None
    late: bool | None = None
    deviates: bool | None = None
    deviation: str | None = None
    older_than: timedelta | None = None
    younger_than: timedelta | None = None
    started_from: datetime | None = None
    started_before: datetime | None = None
    payload: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, parameters: Iterable[tuple[str, str]], mask: Mask, others: Sequence[str] = ()) -> Self:
        """The filter of a URL's query. A parameter without a value, as a form sends it, chooses nothing.

        Args:
            parameters: names and values, decoded.
            mask: whose fields nobody may filter by: asking often enough would tell their values.
            others: parameters that are somebody else's.

        Raises:
            FilterError: names the parameter and its value.
        """
        values: dict[str, Any] = {}
        payload: list[tuple[str, str]] = []
        for name, text in parameters:
            if not text or name in others:
                continue
            if name.startswith(PAYLOAD):
                payload.append(_payload(name, text, mask))
            elif (parameter := PARAMETERS.get(name)) is None:
                raise FilterError(f"{name[:_SHOWN]}={text[:_SHOWN]!r}: there is no such filter")
            elif not parameter.many and name in values:
                raise FilterError(f"{name}={text[:_SHOWN]!r}: is given twice")
            else:
                value = _read(name, parameter, text)
                values[name] = (
                    tuple(dict.fromkeys((*values.get(name, ()), value))) if parameter.many else value
                )
        if len(payload) > _FIELDS:
            raise FilterError(
                f"{PAYLOAD}{payload[-1][0][:_SHOWN]}: is one field of payloads more than {_FIELDS}"
            )
        return cls(**values, payload=tuple(dict.fromkeys(payload)))

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Names and values of the URL's query, in one order however they were given."""
        return list(self._pairs())

    @property
    def query(self) -> str:
        """The URL's query, encoded; empty if every order is chosen."""
        return urlencode(self.pairs)

    @property
    def chips(self) -> list[Chip]:
        """Each condition, to be shown and to be taken away."""
        pairs = self.pairs
        return [
            Chip(_label(name), text, urlencode([pair for pair in pairs if pair != (name, text)]))
            for name, text in pairs
        ]

    @property
    def given(self) -> frozenset[str]:
        """The names of the attributes that choose something."""
        return frozenset(each.name for each in fields(self) if getattr(self, each.name) not in (None, ()))

    def only(self, *names: str) -> bool:
        """Whether no other attribute than these chooses anything."""
        return self.given <= set(names)

    def started(self, now: float) -> tuple[float, float]:
        """It began at the first moment or later, and before the second; epoch seconds, may be infinite."""
        since = [moment.timestamp() for moment in (self.started_from,) if moment]
        until = [moment.timestamp() for moment in (self.started_before,) if moment]
        since += [now - age.total_seconds() for age in (self.younger_than,) if age]
        until += [now - age.total_seconds() for age in (self.older_than,) if age]
        return max(since, default=-math.inf), min(until, default=math.inf)

    def _pairs(self) -> Iterator[tuple[str, str]]:
        for name, parameter in PARAMETERS.items():
            value = getattr(self, name)
            for each in value if parameter.many else () if value is None else (value,):
                yield name, parameter.write(each)
        yield from ((PAYLOAD + name, value) for name, value in self.payload)


def _read(name: str, parameter: Parameter, text: str) -> Any:
    try:
        return parameter.read(text)
    except ValueError as exc:
        raise FilterError(f"{name}={text[:_SHOWN]!r}: {exc}") from None


def _payload(name: str, text: str, mask: Mask) -> tuple[str, str]:
    path = name.removeprefix(PAYLOAD)
    if any(mask.hides(part) for part in path.split(".")):
        raise FilterError(f"{name[:_SHOWN]}: this field is masked, so nobody can filter by it")
    try:
        if not all(path.split(".")) or set(short_text(path)) & set('"\\'):
            raise ValueError("should name a field, like payload.amount or payload.customer.city")
        short_text(text)
    except ValueError as exc:
        raise FilterError(f"{name[:_SHOWN]}={text[:_SHOWN]!r}: {exc}") from None
    return path, text


def _label(name: str) -> str:
    return PARAMETERS[name].label if name in PARAMETERS else name
