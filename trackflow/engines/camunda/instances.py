"""Where process instances are, read from the engine's history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from trackflow.engines.camunda.activities import FEW, Activities, is_cheaper
from trackflow.engines.camunda.rest import Rest, Row
from trackflow.engines.camunda.times import time, time_or_none
from trackflow.engines.port import Instance, Step

RUNNING = frozenset({"ACTIVE", "SUSPENDED"})
# Business keys in one question: databases limit the length of a list.
_KEYS = 500
# The engine's own element around the repetitions of an element; the model has none of this name.
_REPETITIONS = "#multiInstanceBody"


def rows_of(rest: Rest, tenant: str, keys: Iterable[str]) -> list[Row]:
    """The engine's rows of the instances of some business keys, oldest first."""
    oldest_first, rows = _ascending("startTime", "instanceId"), list[Row]()
    for chunk in _chunks(keys):
        question = {"processInstanceBusinessKeyIn": chunk, "tenantIdIn": [tenant], "sorting": oldest_first}
        found = rest.all_of("/history/process-instance", question)
        rows += (row for row in found if row["businessKey"] in chunk)  # some databases ignore case
    return rows


def positions(rest: Rest, tenant: str, rows: Sequence[Row]) -> list[Instance]:
    """The instances of these rows, with what they await and where they wait, without their paths."""
    running = [row["id"] for row in rows if row["state"] in RUNNING]
    awaited = _awaited(rest, tenant, running)
    active = _leaves(_about(rest, "/history/activity-instance", tenant, running, unfinished="true"))
    return [_instance(row, awaited[row["id"]], active[row["id"]]) for row in rows]


def histories(rest: Rest, tenant: str, rows: Sequence[Row]) -> list[Instance]:
    """The same with their paths."""
    running = [row["id"] for row in rows if row["state"] in RUNNING]
    awaited, entered = _awaited(rest, tenant, running), Activities(rest, tenant).of(rows)
    unfinished = (each for id_ in running for each in entered[id_] if not each["endTime"])
    active = _leaves(unfinished)
    return [_instance(row, awaited[row["id"]], active[row["id"]], _path(entered[row["id"]])) for row in rows]


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
        Step(row["activityId"], row["activityName"], time(row["startTime"]), time_or_none(row["endTime"]))
        for row in rows
        if not row["activityId"].endswith(_REPETITIONS)
    )


def _leaves(rows: Iterable[Row]) -> dict[str, set[str]]:
    """By instance, the unfinished elements that hold no other: not a subprocess, but what waits in it."""
    rows = list(rows)
    parents = {row["parentActivityInstanceId"] for row in rows}
    active: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row["id"] not in parents:
            active[row["processInstanceId"]].add(row["activityId"])
    return active


def _instance(row: Row, awaited: set[str], active: set[str], path: tuple[Step, ...] = ()) -> Instance:
    return Instance(
        id=row["id"],
        process=row["processDefinitionKey"],
        version=row["processDefinitionVersion"],
        state=_state(row["state"]),
        awaiting=tuple(sorted(awaited)),
        active=tuple(sorted(active)),
        path=path,
        started=time(row["startTime"]),
        ended=time_or_none(row["endTime"]),
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
