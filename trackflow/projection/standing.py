"""Where an order stands: from its events and its process instances to its rows in the projection. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from trackflow.engines.answers import Instance, newest
from trackflow.message import SHORT
from trackflow.projection.conformance import ModelOf, Told, deviations
from trackflow.projection.tables import NO_PROCESS, Tally
from trackflow.tracking.queries import state_of

Row = dict[str, Any]

# Outcomes that have a column of their own.
_COUNTED = ("received", "waiting", "duplicate", "unmatched", "refused")


class LimitOf(Protocol):
    """How long an order may be at an element."""

    def __call__(self, process: str, version: int, element: str) -> float | None:
        """In seconds; None: as long as it likes."""


class Recorded(Told, Protocol):
    """An event of the ledger."""

    @property
    def event_id(self) -> str:
        """Its id."""

    @property
    def received_at(self) -> float:
        """When it came."""


@dataclass(frozen=True, slots=True)
class Case:
    """What the ledger knows of an order: its case, and its events as they came."""

    business_key: str
    unshown: float | None
    version: int
    open: int
    first_at: float
    last_at: float
    events: Sequence[Recorded]


@dataclass(slots=True)
class Shown:
    """An order's rows: `standing`, its places by element, and the names of the events that it awaits."""

    standing: Row
    places: dict[str, Row] = field(default_factory=dict)
    awaited: frozenset[str] = frozenset()

    def late_by(self, now: float) -> Shown:
        """The same at a later time: places have reached their limits."""
        places = {
            element: place | {"late": place["late_at"] is not None and place["late_at"] <= now}
            for element, place in self.places.items()
        }
        late = any(place["late"] for place in places.values())
        return Shown(self.standing | {"late": late}, places, self.awaited)

    def tallies(self) -> Iterator[tuple[str, int, str, str]]:
        """What it counts for now: process, version, kind, name."""
        of_order = (self.standing["process"], self.standing["version"])
        yield *of_order, Tally.STATE, self.standing["state"]
        if self.standing["refused"]:
            yield *of_order, Tally.REFUSED, ""
        if self.standing["late"]:
            yield *of_order, Tally.LATE_ORDERS, ""
        for place in self.places.values():
            here = (place["process"], place["version"])
            yield *here, Tally.ELEMENT, place["element"]
            if place["late"]:
                yield *here, Tally.LATE, place["element"]


class Standings:
    """Works out where orders of one tenant stand."""

    def __init__(self, tenant: str, model_of: ModelOf, limit_of: LimitOf) -> None:
        self._tenant = tenant
        self._model_of = model_of
        self._limit_of = limit_of

    def stand(
        self, case: Case, instances: Sequence[Instance] | None, before: Shown | None, now: float
    ) -> Shown:
        """Its rows now. `instances`: what the engine says, oldest first; None: it says nothing.

        Without the engine's word an order stays where it was last: what is not known is its state.
        """
        if instances:
            shown = self._where(case, instances, before, now)
        elif before is not None:
            # Away, or the engine has forgotten its instances: what was true of them stays so.
            is_gone = instances is not None
            shown = Shown(dict(before.standing), {} if is_gone else before.places)
            shown.awaited = frozenset() if is_gone else before.awaited
        else:
            shown = Shown(dict(_NOWHERE))
        outcomes = Counter(event.outcome for event in case.events)
        row = shown.standing
        row.update({name: outcomes[name] for name in _COUNTED})
        row["tenant"], row["business_key"] = self._tenant, case.business_key
        row["state"] = "unknown" if instances is None else state_of(case, instances)
        row["last_event"] = case.events[-1].name if case.events else ""
        row["started_at"], row["updated_at"] = case.first_at, case.last_at
        late_at = [each["late_at"] for each in shown.places.values() if each["late_at"] is not None]
        row["late_at"] = min(late_at, default=None)
        row["late"] = any(each["late"] for each in shown.places.values())
        if instances or before is None or not row["deviates"]:
            found = {str(each)[:SHORT] for each in deviations(case.events, instances or (), self._model_of)}
            row["deviates"], row["deviations"] = bool(found), json.dumps(sorted(found)) if found else None
        return shown

    def _where(self, case: Case, instances: Sequence[Instance], before: Shown | None, now: float) -> Shown:
        found = newest(instances) or instances[-1]
        running = [each for each in instances if each.state == "running"]
        ends = [each.ended.timestamp() for each in instances if each.ended is not None]
        over = not running and bool(ends)
        measured = before is not None and before.standing["measured"]
        row = {
            "process": found.process[:SHORT],
            "version": found.version,
            "instance_id": found.id[:SHORT],
            "ended_at": max(ends) if over else None,
            "measured": bool(measured or over),
            "asked_at": now,
        }
        places: dict[str, Row] = {}
        for instance in running:
            for place in self._places(case, instance, before, now):
                places.setdefault(place["element"], place)
        awaited = frozenset(event for each in running for event in each.awaiting)
        return Shown(row, places, awaited)

    def _places(self, case: Case, instance: Instance, before: Shown | None, now: float) -> Iterator[Row]:
        entered: dict[str, float] = {}
        for step in instance.path:
            if step.left is None:
                entered.setdefault(step.element, step.entered.timestamp())
        for element in instance.active:
            place: Row = {
                "tenant": self._tenant,
                "business_key": case.business_key,
                "element": element[:SHORT],
                "process": instance.process[:SHORT],
                "version": instance.version,
                "since": entered.get(element, instance.started.timestamp()),
            }
            earlier = before.places.get(place["element"]) if before else None
            if earlier is not None and earlier["late"] and earlier["since"] == place["since"]:
                # Told of already: a limit that has grown since does not take it back.
                yield place | {"late_at": earlier["late_at"], "late": True}
                continue
            limit = self._limit_of(instance.process, instance.version, element)
            late_at = None if limit is None else place["since"] + limit
            yield place | {"late_at": late_at, "late": late_at is not None and late_at <= now}


_NOWHERE: Row = {
    "process": NO_PROCESS,
    "version": 0,
    "instance_id": None,
    "ended_at": None,
    "deviates": False,
    "deviations": None,
    "measured": False,
    "asked_at": None,
}
