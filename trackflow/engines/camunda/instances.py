"""Where process instances are, read from the engine's history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from trackflow.engines.answers import Instance, Step, Timer
from trackflow.engines.camunda.activities import FEW, REPETITIONS, Activities, is_cheaper
from trackflow.engines.camunda.rest import Rest, Row
from trackflow.engines.camunda.timers import Timers
from trackflow.engines.camunda.times import time, time_or_none

RUNNING = frozenset({"ACTIVE", "SUSPENDED"})
# Business keys in one question: databases limit the length of a list.
_KEYS = 500
_END_EVENT = "EndEvent"  # how the type of such an activity ends: `noneEndEvent`, `errorEndEvent`


def rows_of(rest: Rest, tenant: str, keys: Iterable[str]) -> list[Row]:
    """The engine's rows of the instances of some business keys, oldest first."""
    oldest_first, rows = _ascending("startTime", "instanceId"), list[Row]()
    for chunk in _chunks(keys):
        question = {"processInstanceBusinessKeyIn": chunk, "tenantIdIn": [tenant], "sorting": oldest_first}
        found = rest.all_of("/history/process-instance", question)
        rows += (row for row in found if row["businessKey"] in chunk)  # some databases ignore case
    return rows


def positions(rest: Rest, timers: Timers, tenant: str, rows: Sequence[Row]) -> list[Instance]:
    """The instances of these rows, with what they await and where they wait, without their paths."""
    running = [row for row in rows if row["state"] in RUNNING]
    ids = [row["id"] for row in running]
    awaited, set_ = _awaited(rest, tenant, ids), timers.of(running)
    active = _leaves(_about(rest, "/history/activity-instance", tenant, ids, unfinished="true"))
    return [_instance(row, awaited[row["id"]], active[row["id"]], set_[row["id"]]) for row in rows]


def histories(rest: Rest, timers: Timers, tenant: str, rows: Sequence[Row]) -> list[Instance]:
    """The same with their paths."""
    running = [row for row in rows if row["state"] in RUNNING]
    ids = [row["id"] for row in running]
    awaited, set_ = _awaited(rest, tenant, ids), timers.of(running)
    entered = Activities(rest, tenant).of(rows)
    active = _leaves(each for id_ in ids for each in entered[id_] if not each["endTime"])
    return [
        _instance(row, awaited[row["id"]], active[row["id"]], set_[row["id"]], entered[row["id"]])
        for row in rows
    ]


def _awaited(rest: Rest, tenant: str, running: Sequence[str]) -> dict[str, set[str]]:
    awaited: dict[str, set[str]] = defaultdict(set)
    for each in _about(rest, "/event-subscription", tenant, running, eventType="message"):
        awaited[each["processInstanceId"]].add(each["eventName"])
    return awaited


def _about(rest: Rest, path: str, tenant: str, instances: Sequence[str], **query: str) -> Iterator[Row]:
    """Rows about these instances, and possibly others of the tenant."""
    if len(instances) > FEW and is_cheaper(
        rest.value(f"{path}/count", "count", tenantIdIn=tenant, **query), len(instances)
    ):
        yield from rest.all(path, tenantIdIn=tenant, **query)
        return
    for each in instances:
        yield from rest.all(path, tenantIdIn=tenant, **query, processInstanceId=each)


def _path(rows: Iterable[Row]) -> tuple[Step, ...]:
    return tuple(
        Step(
            row["activityId"],
            row["activityName"],
            time(row["startTime"]),
            time_or_none(row["endTime"]),
            bool(row["canceled"]),
        )
        for row in rows
        if not row["activityId"].endswith(REPETITIONS)
    )


def _end(rows: Sequence[Row]) -> str | None:
    ends = (row["activityId"] for row in reversed(rows) if row["activityType"].endswith(_END_EVENT))
    return next(ends, None)


def _leaves(rows: Iterable[Row]) -> dict[str, set[str]]:
    """By instance, the unfinished elements that hold no other: not a subprocess, but what waits in it."""
    rows = list(rows)
    parents = {row["parentActivityInstanceId"] for row in rows}
    active: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row["id"] not in parents:
            active[row["processInstanceId"]].add(row["activityId"])
    return active


def _instance(
    row: Row, awaited: set[str], active: set[str], timers: Sequence[Timer], entered: Sequence[Row] = ()
) -> Instance:
    return Instance(
        id=row["id"],
        process=row["processDefinitionKey"],
        version=row["processDefinitionVersion"],
        state=_state(row["state"]),
        awaiting=tuple(sorted(awaited)),
        active=tuple(sorted(active)),
        path=_path(entered),
        started=time(row["startTime"]),
        ended=time_or_none(row["endTime"]),
        timers=tuple(timers),
        end=_end(entered) if row["endTime"] else None,
        caller=row["superProcessInstanceId"],
    )


def _state(state: str) -> str:
    if state in RUNNING:
        return "running"
    return "completed" if state == "COMPLETED" else "terminated"


def _ascending(*fields: str) -> list[dict[str, str]]:
    return [{"sortBy": field, "sortOrder": "asc"} for field in fields]


def _chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(keys)
    while chunk := list(islice(rest, _KEYS)):
        yield chunk
