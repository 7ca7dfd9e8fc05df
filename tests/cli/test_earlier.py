"""Which queues of an earlier deployment may be deleted."""

import pytest

from trackflow.cli.earlier import deletable
from trackflow.upkeep.topology import Found


def queue(name: str, messages: int = 0, consumers: int = 0) -> Found:
    return Found("queue", name, True, messages=messages, consumers=consumers)


def names(queues: list[Found]) -> list[str]:
    return [each.name for each in queues]


def test_empty_ones_are_deleted_those_behind_before_their_work_queue() -> None:
    left = [queue("t.labels"), queue("t.labels.dead"), queue("t.labels.retry.7s")]

    assert names(deletable(left)) == ["t.labels.retry.7s", "t.labels.dead", "t.labels"]


@pytest.mark.parametrize("used", [{"messages": 1}, {"consumers": 1}])
def test_one_that_is_used_is_kept(used: dict[str, int]) -> None:
    assert deletable([queue("t.labels", **used)]) == []


def test_a_work_queue_is_kept_while_one_behind_it_is() -> None:
    left = [queue("t.labels"), queue("t.labels.dead"), queue("t.labels.retry.7s", messages=1), queue("t.lab")]

    assert names(deletable(left)) == ["t.labels.dead", "t.lab"]
