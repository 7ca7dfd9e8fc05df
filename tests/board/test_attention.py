"""What the overview says in words: whether orders flow, and what needs somebody."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from trackflow.board.attention import Names, Need, needs, verdict
from trackflow.board.health import Part, QueueHealth, Report
from trackflow.projection.overview import HOURS, Oldest, Overview, ProcessNow
from trackflow.upkeep.groups import Group

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
NAMES = Names("shop", {"fulfillment": "Order fulfillment"}, {("fulfillment", "payment"): "Payment done"})
NOBODY = ProcessNow("", 0, {}, 0, 0, 0, {}, {}, (0,) * HOURS, None)
BUSY = replace(
    NOBODY,
    process="fulfillment",
    version=1,
    states={"running": 1204, "completed": 9},
    ended=(*(0,) * (HOURS - 2), 61, 38),
)
FIGURES = "1,204 running, 38 finished this hour, 61 in the hour before."


def overview(process: ProcessNow = BUSY, without: ProcessNow = NOBODY) -> Overview:
    processes = (process,) if process.states else ()
    return Overview(NOW.timestamp(), NOW.timestamp(), None, 0, processes, without)


def report(queue: QueueHealth | None = None, **states: str) -> Report:
    def part(name: str) -> Part:
        return Part(name, states.get(name, "ok"), f"{name} said so", NOW)  # type: ignore[arg-type]

    queues = () if queue is None else (queue,)
    return Report(part("broker"), part("engine"), part("ledger"), part("projection"), queues)


def queue(messages: int = 0, consumers: int | None = 1, dead: int = 0) -> QueueHealth:
    problem = "The queue showcase.payment has no consumer." if consumers == 0 else None
    return QueueHealth("showcase.payment", "payment", messages, consumers, dead, problem, NOW)


def one(found: list[Need]) -> Need:
    assert len(found) == 1
    return found[0]


def test_orders_flow_if_nothing_is_wrong() -> None:
    found = needs(overview(), report(queue()), (), NAMES)

    said = verdict(overview(), found)

    assert not found
    assert (said.level, said.words, said.figures) == ("flows", "Orders flow.", FIGURES)


def test_an_empty_ledger_is_no_trouble() -> None:
    empty = overview(NOBODY)

    said = verdict(empty, needs(empty, report(), (), NAMES))

    assert (said.level, said.words, said.figures) == ("empty", "No order has come yet.", None)


def test_nothing_is_claimed_before_the_ledger_was_ever_reached() -> None:
    said = verdict(None, needs(None, report(), (), NAMES))

    assert said.level == "unknown"
    assert said.figures is None


def test_that_no_order_runs_is_said() -> None:
    done = overview(replace(BUSY, states={"completed": 9}))

    assert verdict(done, []).level == "quiet"


@pytest.mark.parametrize("part", ["broker", "engine", "ledger"])
def test_a_part_that_is_away_comes_first(part: str) -> None:
    # Given something else that failed
    late = replace(BUSY, refused=3)

    # When a part is away
    found = needs(overview(late), report(**{part: "away"}), (), NAMES)
    said = verdict(overview(late), found)

    # Then it is the first thing that is said, with what it says itself
    assert (found[0].level, found[0].words, found[0].since) == ("stuck", f"The {part} is away.", NOW)
    assert f"{part} said so" in (found[0].advice or "")
    assert said.words == f"Something is stuck: the {part} is away."


def test_a_queue_without_a_consumer_is_told_with_the_command_that_starts_one() -> None:
    need = one(needs(overview(), report(queue(messages=5, consumers=0)), (), NAMES))

    assert (need.level, need.since) == ("stuck", NOW)
    assert need.words == "The queue showcase.payment has no consumer: 5 events wait in it."
    assert need.command == "celery -A shop worker -Q payment"


def test_an_empty_queue_without_a_consumer_holds_nobody_up_yet() -> None:
    assert one(needs(overview(), report(queue(consumers=0)), (), NAMES)).level == "late"


def test_dead_letters_are_told_by_cause_the_most_frequent_one_by_one() -> None:
    groups = [
        Group("showcase.payment", "permanent", error, number, message="no cover")
        for number, error in ((37, "CardRefused"), (5, "KeyError"), (3, "ValueError"), (2, "A"), (1, "B"))
    ]

    found = needs(overview(), report(queue(dead=48)), groups, NAMES)

    assert [need.words for need in found] == [
        "37 events failed in showcase.payment.",
        "5 events failed in showcase.payment.",
        "3 events failed in showcase.payment.",
        "3 events failed of other causes.",
    ]
    assert found[0].advice == "CardRefused: no cover"
    assert verdict(overview(), found).words == "Orders flow, but 37 events failed in showcase.payment."


def test_dead_letters_whose_causes_are_not_read_yet_are_told_by_queue() -> None:
    need = one(needs(overview(), report(queue(dead=1)), (), NAMES))

    assert (need.level, need.words, need.href) == (
        "failed",
        "1 event failed in showcase.payment.",
        "/failures",
    )


def test_refused_orders_lead_to_their_list() -> None:
    need = one(needs(overview(replace(BUSY, refused=3)), report(), (), NAMES))

    assert need.words == "3 orders of Order fulfillment have events that the engine refused."
    assert need.href == "/orders?process=fulfillment&outcome=refused"


def test_late_orders_are_told_by_element_with_its_name() -> None:
    late = overview(replace(BUSY, late_orders=13, late_places={"payment": 12, "nameless": 1}))

    found = needs(late, report(), (), NAMES)

    assert [need.words for need in found] == [
        "12 orders of Order fulfillment wait too long at “Payment done”.",
        "1 order of Order fulfillment waits too long at “nameless”.",
    ]
    assert found[0].href == "/orders?process=fulfillment&element=payment&late=true"
    assert verdict(late, found).level == "late"


def test_early_events_are_told_only_when_their_start_does_not_come() -> None:
    def waiting(seconds: float) -> Overview:
        oldest = Oldest("early", NOW.timestamp() - seconds)
        return overview(without=replace(NOBODY, states={"waiting": 2}, oldest=oldest))

    assert not needs(waiting(5), report(), (), NAMES)
    need = one(needs(waiting(600), report(), (), NAMES))
    assert need.words == "2 orders wait for an event that starts a process."
    assert need.href == "/orders?state=waiting"
