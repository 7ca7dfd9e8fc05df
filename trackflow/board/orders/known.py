"""Collects all that is known of one order: ledger, engine, projection, dead letters, queues."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from trackflow.board.context import Board
from trackflow.board.health import Part, Report
from trackflow.board.process.processes import figures, model_of, modelled
from trackflow.board.process.selections import Selection
from trackflow.bpmn import Model
from trackflow.engines.answers import newest
from trackflow.extension import Trackflow
from trackflow.message import short_text
from trackflow.projection.conformance import Deviation, deviations
from trackflow.projection.facts import Facts, Queue, Silence
from trackflow.projection.last_known import LastKnown, last_known
from trackflow.projection.services import Services
from trackflow.tracking.audit import Audit
from trackflow.tracking.orders import Order
from trackflow.tracking.service import TrackingService

logger = logging.getLogger(__name__)

MOST_EVENTS = 2000  # of one order, the newest; nobody reads more
_SECONDS = 0.5  # that what is known of an order is kept: whoever looks meanwhile sees the same
_USUAL = "30d"


@dataclass(frozen=True, slots=True)
class Known:
    """An order's facts, and the process that it is of."""

    facts: Facts
    process: str | None
    version: int
    instance_id: str | None


def known_order(board: Board, business_key: str) -> Known | None:
    """One order; None if no event of it ever came. Raises LedgerError if it was not seen before either."""
    try:
        short_text(business_key)
    except ValueError:  # no event can have it, and not every database would take it
        return None
    return board.kept.get(("order", business_key), _SECONDS, lambda: _known(board, business_key))


def payload_of(board: Board, business_key: str, event_id: str) -> Any:
    """The payload of an event, masked. Raises KeyError: there is no such event; LedgerError."""
    try:
        short_text(business_key), short_text(event_id)
    except ValueError:
        raise KeyError(event_id) from None
    found = board.trackflow.queries.payload(business_key, event_id)
    if found is None:
        raise KeyError(event_id)
    return board.mask.masked(found.payload)


def cockpit_of(board: Board, instance: str | None) -> str | None:
    """Where the engine's own application shows a running instance; None: it has none."""
    if instance is None or board.trackflow.settings.engine_url == "embedded":
        return None
    base = board.settings.cockpit_url or _cockpit(board.trackflow.settings.engine_url, board.health.report)
    return f"{base.rstrip('/')}/#/process-instance/{quote(instance, safe='')}"


def _known(board: Board, business_key: str) -> Known | None:
    trackflow, health, now = board.trackflow, board.health.report, datetime.now(UTC)
    order = trackflow.queries.outline(business_key, MOST_EVENTS, _silence(health))
    if order is None:
        return None
    tenant = trackflow.settings.tenant
    with trackflow.ledger.reading() as transaction:
        seen = last_known(transaction, tenant, business_key)
    process, version, instance_id = _process(order, seen)
    model = model_of(board, process, version) if process else None
    facts = Facts(
        order=order,
        now=now,
        services=services_of(board),
        deviations=_deviations(board, order),
        model=model,
        last_known=seen,
        usual=_usual(board, process) if process else {},
        letters=board.letters.of_order(business_key),
        queues={queue.task: Queue(queue.messages, queue.consumers) for queue in health.queues},
        broker=_away(health.broker),
        engine=_away(health.engine),
        starts=_starts(board, order),
        acts=Audit(trackflow.ledger, tenant).acts_on_order(business_key),
        app=trackflow.app.main or "tasks",
    )
    return Known(facts, process, version, instance_id)


def _silence(health: Report) -> str | None:
    return health.engine.words if health.engine.state == "away" else None


def _away(part: Part) -> Silence | None:
    return Silence(part.since, part.words) if part.state == "away" else None


def _process(order: Order, seen: LastKnown | None) -> tuple[str | None, int, str | None]:
    if (found := newest(order.instances)) is not None:
        return found.process, found.version, found.id
    return (seen.process, seen.version, seen.instance_id) if seen else (None, 0, None)


def _deviations(board: Board, order: Order) -> tuple[Deviation, ...]:
    def model(process: str, version: int) -> Model | None:
        return model_of(board, process, version)

    return deviations(order.events or (), order.instances, model)


def _starts(board: Board, order: Order) -> frozenset[str]:
    """The events that start the processes which the order's events are of."""
    came = {event.event for event in order.events or ()}
    models = modelled(board).values()
    return frozenset[str]().union(*(each.starts for each in models if each.messages & came))


def _usual(board: Board, process: str) -> dict[str, float]:
    """By element, how long 95 % of the orders that ended lately were there at most."""
    lately = Selection.of(_USUAL, None, None, None, time.time())
    elements = figures(board, process, lately).elements
    return {id_: each.took.p95 for id_, each in elements.items() if each.took.p95 is not None}


# ---- services ----------------------------------------------------------------------------------------


def services_of(board: Board) -> Services:
    """Who emits what, read from the project's tasks once."""
    return board.kept.get("services", math.inf, lambda: _services(board.trackflow))


def _services(trackflow: Trackflow) -> Services:
    try:
        trackflow.app.loader.import_default_modules()  # as a worker does when it starts
    except Exception as exc:  # the project's own code: a story can be told without it
        logger.warning("the tasks cannot be imported, so nobody knows what they emit: %s", exc)
    tasks = dict(_tasks(trackflow))
    return Services(
        choreography=trackflow.choreography,
        emits={
            name: tuple(task.emits)
            for name, task in tasks.items()
            if hasattr(task, "emits") and not isinstance(task, TrackingService)
        },
        trackers=frozenset(name for name, task in tasks.items() if isinstance(task, TrackingService))
        or _that_hear_all(trackflow),
    )


def _tasks(trackflow: Trackflow) -> Iterator[tuple[str, Any]]:
    for subscription in trackflow.choreography.subscriptions:
        if subscription.name in trackflow.app.tasks:
            yield subscription.name, trackflow.app.tasks[subscription.name]


def _that_hear_all(trackflow: Trackflow) -> frozenset[str]:
    table = trackflow.choreography
    return frozenset(
        each.name for each in table.subscriptions if table.heard_by(each.name) == frozenset(table.events)
    )


# ---- Cockpit -----------------------------------------------------------------------------------------


def _cockpit(engine_url: str, health: Report) -> str:
    """As the engines' own distributions serve it beside `/engine-rest`; without the user and password."""
    parts = urlsplit(engine_url)
    host = parts.netloc.rpartition("@")[2]
    family = "operaton" if "operaton" in health.engine.words.lower() else "camunda"
    return f"{parts.scheme}://{host}/{family}/app/cockpit/default"
