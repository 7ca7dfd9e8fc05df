"""The verdict finds what it is there to find: it is of no use if it cannot be red."""

from collections import Counter
from dataclasses import replace

import pytest

from tests.chaos.evidence import Evidence, Instance, Recorded
from tests.chaos.orders import EVENTS, Orders
from tests.chaos.verdict import ACTIVITIES, judge

ORDERS = Orders("seed", 1, "chaos")
(KEY,) = ORDERS.keys
RECORDED = [Recorded(event.id, event.event, "correlated") for event in ORDERS.events(KEY)]


def done() -> Instance:
    return Instance("COMPLETED", Counter(ACTIVITIES))


def evidence(
    events: list[Recorded] = RECORDED,
    instances: list[Instance] | None = None,
    claimed: frozenset[str] = frozenset(),
    messages: int = 0,
) -> Evidence:
    return Evidence(
        {KEY: events}, claimed, {KEY: [done()] if instances is None else instances}, {"q": messages}
    )


def test_an_order_that_was_done_once_is_no_finding() -> None:
    assert judge(ORDERS, [KEY], evidence()).is_clean


def test_a_repaired_twin_is_counted_and_is_no_finding() -> None:
    first = replace(
        RECORDED[0], reason="it had started 2 instances: the oldest runs on, the others were ended"
    )
    twin = Instance("EXTERNALLY_TERMINATED", Counter(ACTIVITIES[:2]))
    verdict = judge(ORDERS, [KEY], evidence([first, *RECORDED[1:]], [done(), twin]))
    assert verdict.is_clean
    assert len(verdict.repairs) == 1


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("lost", evidence(RECORDED[1:])),
        ("lost", evidence([replace(RECORDED[0], outcome="refused"), *RECORDED[1:]])),
        ("lost", evidence(instances=[])),
        ("lost", evidence(instances=[Instance("EXTERNALLY_TERMINATED")])),
        ("lost", evidence(instances=[Instance("COMPLETED", Counter(ACTIVITIES[1:]))])),
        ("doubled", evidence([*RECORDED, Recorded("another", EVENTS[0], "duplicate")])),
        ("doubled", evidence(instances=[done(), Instance("ACTIVE")])),
        ("doubled", evidence(instances=[Instance("COMPLETED", Counter((*ACTIVITIES, ACTIVITIES[1])))])),
        ("stuck", evidence([replace(RECORDED[0], outcome="waiting"), *RECORDED[1:]])),
        ("stuck", evidence(instances=[Instance("ACTIVE")])),
        ("stuck", evidence(claimed=frozenset({KEY}))),
        ("stuck", evidence(messages=1)),
        ("disagreements", evidence(RECORDED[1:])),
        ("disagreements", evidence(instances=[])),
    ],
)
def test_what_is_wrong_is_a_finding(kind: str, found: Evidence) -> None:
    verdict = judge(ORDERS, [KEY], found)
    assert getattr(verdict, kind)
    assert not verdict.is_clean


def test_an_order_that_was_not_published_is_a_finding() -> None:
    assert judge(ORDERS, [], evidence()).lost == [f"{KEY}: not published"]


def test_an_order_that_nobody_placed_is_a_finding() -> None:
    strange = Evidence({KEY: RECORDED, "stranger": []}, frozenset(), {KEY: [done()]}, {})
    assert judge(ORDERS, [KEY], strange).disagreements == ["stranger: nobody ordered it"]


def test_events_have_the_ids_that_the_services_derive() -> None:
    # Given what a service returns for an order, as `Service` publishes it
    placed, paid, *_ = ORDERS.events(KEY)
    emitted = placed.followed_by("Payment_Done").caused_by(placed, 0)
    # Then it is the very event that the harness publishes
    assert (paid.id, paid.cause) == (emitted.id, emitted.cause)


def test_every_event_is_published_three_times_and_out_of_order() -> None:
    orders = Orders("seed", 80, "chaos")
    copies = list(orders.copies())
    ids = [event.id for key in orders.keys for event in orders.events(key)]
    assert Counter(copy.id for copy in copies) == Counter(ids * 3)
    assert [copy.id for copy in copies[:12]] != ids[:12]
    assert [copy.id for copy in Orders("seed", 80, "chaos").copies()] == [copy.id for copy in copies]
