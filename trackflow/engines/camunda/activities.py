"""What process instances went through, with as few requests as there can be.

The engine's question for activities takes one instance or a span of time, no list of instances
(`HistoricActivityInstanceQueryDto` of Operaton 1.0.3 and Camunda 7.24). So instances that ran at the same
time are read together, with whatever else the tenant did then, and single ones one by one: whichever is
cheaper, as the engine's own count says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from trackflow.engines.camunda.rest import PAGE, Rest, Row
from trackflow.engines.camunda.times import text, time

# Up to so many instances are asked about one by one (3 ms each), without counting first.
FEW = 8
# A page of rows of anything is as dear as so many single instances.
_PAGE_COSTS = 8
_ACTIVITIES = "/history/activity-instance"
# Several within one millisecond come in the order of the engine's own counter, which is per branch.
_IN_ORDER = [{"sortBy": by, "sortOrder": "asc"} for by in ("startTime", "occurrence", "activityInstanceId")]
# The engine's own element around the repetitions of an element ends so; the model has none of this name.
REPETITIONS = "#multiInstanceBody"
# The engine compares with `<` and `>`, and some of its databases keep fewer digits.
_MARGIN = timedelta(milliseconds=2)


def is_cheaper(rows: int, instances: int) -> bool:
    """Whether to read so many rows, page by page, rather than what belongs to each of so many instances."""
    return _PAGE_COSTS * (rows // PAGE + 1) <= instances


class Activities:
    """Reads the activities of a tenant's instances."""

    def __init__(self, rest: Rest, tenant: str) -> None:
        self._rest = rest
        self._tenant = tenant

    def of(self, instances: Sequence[Row]) -> dict[str, list[Row]]:
        """By instance id what it entered, in that order. Raises EngineUnreachable.

        `instances`: the engine's rows of them, oldest first.
        """
        found = {each["id"]: list[Row]() for each in instances}
        for row in self._rows(instances):
            if row["processInstanceId"] in found:
                found[row["processInstanceId"]].append(row)
        return found

    def _rows(self, instances: Sequence[Row]) -> Iterator[Row]:
        """Those of these instances, and possibly of others."""
        if len(instances) <= FEW:
            for each in instances:
                yield from self._all({"processInstanceId": each["id"]})
            return
        span = _span(instances)
        if is_cheaper(self._count(span), len(instances)):
            yield from self._all(span)
            return
        # What still runs has a span until now: the younger half's is shorter.
        middle = len(instances) // 2
        yield from self._rows(instances[:middle])
        yield from self._rows(instances[middle:])

    def _all(self, narrowed: dict[str, Any]) -> list[Row]:
        return self._rest.all_of(_ACTIVITIES, self._question(narrowed) | {"sorting": _IN_ORDER})

    def _count(self, narrowed: dict[str, Any]) -> int:
        return int(self._rest.value_of(f"{_ACTIVITIES}/count", "count", self._question(narrowed)))

    def _question(self, narrowed: dict[str, Any]) -> dict[str, Any]:
        return {"tenantIdIn": [self._tenant], **narrowed}


def _span(instances: Sequence[Row]) -> dict[str, str]:
    """When these instances entered elements."""
    span = {"startedAfter": text(min(time(each["startTime"]) for each in instances) - _MARGIN)}
    ends = [time(each["endTime"]) for each in instances if each["endTime"]]
    if len(ends) == len(instances):
        span["startedBefore"] = text(max(ends) + _MARGIN)
    return span
