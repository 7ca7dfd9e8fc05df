"""What the story of an order says, situation by situation: the sentences that a support clerk reads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.projection.known import (
    MODEL,
    NOW,
    SERVICES,
    STEPS,
    ago,
    event,
    facts,
    instance,
    letter,
    order,
    seen,
)
from trackflow.projection.advice import Advice
from trackflow.projection.conformance import deviations
from trackflow.projection.facts import Facts, Queue, Silence
from trackflow.projection.services import Services
from trackflow.projection.story import advice, story
from trackflow.tracking.audit import Act, Entry

TWO = [event("Order_Placed"), event("Payment_Done", cause="order_placed")]
WAITING = order(TWO, instance(2))
UNUSUAL = {"usual": {"goods_fetched": 180.0}}


def said(known: Facts) -> list[str]:
    return [f"{each.tone}: {each}" for each in advice(known)]


def kinds(found: Advice) -> list[str]:
    return [step.kind for step in found.steps]


# ---- it waits ----------------------------------------------------------------------------------------


def test_an_order_that_waits_as_long_as_others_do() -> None:
    known = facts(WAITING, usual={"goods_fetched": 3 * 3600.0})
    assert said(known) == ["info: Waiting for Goods_Fetched since 2 h. 95 % of orders wait less than 3 h."]


def test_a_queue_without_a_consumer() -> None:
    known = facts(WAITING, **UNUSUAL, queues={"inventory": Queue(3, 0)})
    assert said(known) == [
        "bad: Waiting for Goods_Fetched since 2 h. 95 % of orders wait less than 3 min. "
        "The queue showcase.inventory has no consumer."
    ]
    (step,) = advice(known)[0].steps
    assert step.command == "celery -A tasks worker -Q inventory"


def test_a_queue_that_is_long() -> None:
    known = facts(WAITING, **UNUSUAL, queues={"inventory": Queue(1234, 4)})
    assert said(known) == [
        "late: Waiting for Goods_Fetched since 2 h. 95 % of orders wait less than 3 min. "
        "1,234 events in the queue showcase.inventory wait to be taken up."
    ]


def test_a_service_that_is_at_work_or_tries_again() -> None:
    known = facts(WAITING, **UNUSUAL, queues={"inventory": Queue(0, 4)})
    assert said(known) == [
        "late: Waiting for Goods_Fetched since 2 h. 95 % of orders wait less than 3 min. "
        "inventory works on it, waits to try it again (after 5, 30 or 150 s), "
        "or went on without emitting anything: its log says which."
    ]


def test_a_dead_letter_of_the_service_that_it_waits_for() -> None:
    known = facts(WAITING, letters=[letter("inventory", "Payment_Done", **{"trackflow-attempts": 4})])
    assert said(known) == [
        "bad: Waiting for Goods_Fetched since 2 h. inventory failed 4 times at Payment_Done: "
        "ValueError: no such customer. It lies in showcase.inventory.dead."
    ]
    assert [step.words for step in advice(known)[0].steps] == ["Replay Payment_Done"]


def test_a_limit_that_has_passed() -> None:
    known = facts(WAITING, last_known=seen(late=True), queues={"inventory": Queue(0, None)})
    assert said(known)[0].startswith(
        "late: Waiting for Goods_Fetched since 2 h. Its limit of 10 min has passed. inventory works on it"
    )
    assert story(known).marks["late"] == {"goods_fetched": 1}


def test_an_event_that_comes_from_outside() -> None:
    known = facts(WAITING, **UNUSUAL, services=Services(SERVICES.choreography, emits={"inventory": ()}))
    assert said(known)[0].endswith("No service of this project emits Goods_Fetched: it comes from outside.")


def test_a_broker_that_is_away() -> None:
    known = facts(WAITING, broker=Silence(ago(minutes=4), "refused"))
    assert said(known) == [
        "late: Waiting for Goods_Fetched since 2 h. "
        "The broker is away since 4 min: no event is delivered until it is back; none is lost."
    ]


def test_an_order_that_waits_for_one_of_several_events() -> None:
    known = facts(order(TWO, replace(instance(2), awaiting=("Cancelled", "Goods_Fetched"))))
    assert said(known) == ["info: Waiting for Cancelled or Goods_Fetched since 2 h."]


def test_an_order_that_waits_for_no_event() -> None:
    known = facts(order(TWO, replace(instance(2), awaiting=())))
    assert said(known) == [
        "info: At “Goods fetched” since 2 h. It waits for no event: a timer or a person moves it on."
    ]


# ---- something failed --------------------------------------------------------------------------------


def test_a_dead_letter_that_it_does_not_wait_for() -> None:
    done = order([event(name) for name in STEPS], instance(5, "completed"))
    known = facts(done, letters=[letter("payment", "Order_Placed")])
    first, then = advice(known)
    assert str(first) == (
        "A dead letter of it lies in showcase.payment.dead. "
        "payment failed at Order_Placed: ValueError: no such customer. It lies in showcase.payment.dead."
    )
    assert (first.tone, kinds(first), then.tone) == ("bad", ["replay"], "good")


def test_a_refused_event() -> None:
    refused = event("Payment_Done", "refused", reason="the engine refused it: unknown name 'amount'")
    known = facts(order([event("Order_Placed"), refused], instance(1)))
    first = advice(known)[0]
    assert f"{first.tone}: {first}" == (
        "bad: The engine refused Payment_Done: unknown name 'amount'. "
        "Mend the cause in the model or the engine, then retry it: the engine is told it again."
    )
    assert first.steps[0].event_ids == ("payment_done",)


def test_a_refused_event_that_somebody_retried() -> None:
    act = Act("retry", Entry("payment_done"), "alice@board", None, ago(minutes=5))
    known = facts(order([event("Payment_Done", "refused", reason="no")], state="refused"), acts=[act])
    assert said(known)[0].endswith("alice@board retried it 5 min ago.")


def test_an_ambiguous_event() -> None:
    refused = event("Payment_Done", "refused", reason="several executions wait for it: 2")
    twice = order([event("Order_Placed"), refused], replace(instance(1), id="i0"), instance(1))
    assert said(facts(twice))[:2] == [
        "bad: The engine refused Payment_Done: several executions wait for it: 2. "
        "End all but one of them in the engine, then retry it.",
        "bad: 2 instances of this order run at once. "
        "The engine may refuse its next events as ambiguous: end all but one of them in the engine.",
    ]


# ---- the engine does not know it yet -----------------------------------------------------------------


def test_an_engine_that_is_away_leaves_the_last_known_place() -> None:
    away = order(TWO, error="no connection")
    known = facts(away, last_known=seen(), engine=Silence(ago(minutes=5), "no connection"))
    assert (
        said(known)
        == [
            "info: Waiting for Goods_Fetched since 2 h.",
            "late: The engine is away since 5 min. What is shown of its place is what the engine said "
            "7 min ago. Events are recorded meanwhile, and told to it when it is back.",
        ][::-1]
    )
    marks = story(known).marks
    assert (marks["at"], marks["passed"]) == (["goods_fetched"], ["order_placed", "payment_done"])


def test_an_engine_that_is_away_and_an_order_that_was_not_seen_yet() -> None:
    known = facts(order(TWO, error="no connection"))
    assert said(known) == [
        "late: The engine is away. Where the order is was not seen yet. "
        "Events are recorded meanwhile, and told to it when it is back."
    ]


def test_an_event_that_no_tracker_takes_up() -> None:
    untold = order([event("Order_Placed", "received", at=ago(minutes=3))])
    known = facts(untold, queues={"order_fulfillment": Queue(0, 0)})
    assert said(known)[0] == (
        "bad: Order_Placed is recorded, and the engine is not told yet. It came 3 min ago. "
        "The queue showcase.order_fulfillment has no consumer, so no tracker runs."
    )


def test_an_event_that_the_engine_gave_no_answer_to() -> None:
    untold = order([event("Order_Placed", "received", at=ago(minutes=3), reason="the engine did not answer")])
    assert said(facts(untold)) == [
        "late: Order_Placed is recorded, and the engine is not told yet. It came 3 min ago. "
        "The last try: the engine did not answer. "
        "A tracker tells it as soon as the engine answers; nothing is to be done."
    ]


def test_events_that_wait_for_a_start() -> None:
    early = order([event("Payment_Done", "waiting", at=ago(minutes=5))])
    assert said(facts(early)) == [
        "late: No process has started. Payment_Done came 5 min ago and waits: "
        "only Order_Placed starts a process. As soon as Order_Placed comes, the order goes on by itself."
    ]


def test_an_event_that_came_early() -> None:
    early = event("Goods_Shipped", "waiting", seen_version=1)
    known = facts(order([event("Order_Placed"), early], instance(1)))
    assert said(known) == [
        "info: Waiting for Payment_Done since 2 h.",
        "info: Goods_Shipped came early and waits until the order gets there. "
        "It is told again each time the order moves on; nothing is to be done.",
    ]
    assert story(known).marks["early"] == ["goods_shipped"]


def test_an_event_that_the_engine_fails_at() -> None:
    failing = event("Payment_Done", "waiting", failures=3, reason="the engine failed at it: deadlock")
    known = facts(order([event("Order_Placed"), failing], instance(1)))
    assert said(known)[0] == (
        "late: Payment_Done came early and waits until the order gets there. "
        "The engine failed at Payment_Done 3 times: the engine failed at it: deadlock. "
        "It is told again after a while."
    )


# ---- it is over --------------------------------------------------------------------------------------


def test_a_completed_order() -> None:
    known = facts(order([event(name) for name in STEPS], instance(5, "completed")))
    assert said(known) == ["good: Completed after 2 h. It ended 10 min ago."]


def test_an_order_that_was_ended_from_outside() -> None:
    known = facts(order(TWO, instance(3, "terminated")))
    assert said(known) == [
        "late: Ended from outside 10 min ago at “Goods fetched”. "
        "Somebody ended it in the engine. Events that come now change nothing. "
        "If that was a mistake, it takes a new order."
    ]


def test_an_order_that_the_engine_has_forgotten() -> None:
    assert said(facts(order(TWO, state="unknown"))) == [
        "info: The engine has forgotten this order. "
        "Engines keep ended orders for a while only: the model's time to live. "
        "The events below are what is left."
    ]


def test_a_completed_order_while_the_engine_is_away() -> None:
    known = facts(
        order(TWO, error="gone"), last_known=seen("completed", places={}, awaiting=(), ended_at=ago(hours=1))
    )
    assert [each.split(". ")[0] for each in said(known)] == [
        "good: Completed after 1 h",
        "info: The engine is away",
    ]


# ---- what changed nothing ----------------------------------------------------------------------------


def test_a_second_start_and_an_event_after_the_end() -> None:
    events = [
        event("Order_Placed"),
        event("Order_Placed", "duplicate", id="2"),
        *(event("Payment_Done", "unmatched", id=f"late-{number}") for number in range(2)),
    ]
    known = facts(order(events, instance(5, "completed")))
    assert said(known)[1:] == [
        "info: A second Order_Placed came and was left out: the first one counts.",
        "info: Payment_Done came 2 times after the end and changed nothing.",
    ]


def test_steps_that_were_left_out_or_done_again_in_the_engine() -> None:
    moved = instance(3)
    steps = moved.path
    moved = replace(moved, path=(steps[0], *(steps[2:3] * 2), steps[3]))
    known = facts(order(TWO, moved))
    known = replace(known, deviations=deviations(TWO, [moved], lambda *_: MODEL))
    assert said(known)[1:] == [
        "info: Left out: Payment done. The model has no such way: somebody moved the order in the engine.",
        "info: Done again: Goods fetched. The model has no such way: somebody moved the order in the engine.",
    ]
    marks = story(known).marks
    assert (marks["skipped"], marks["repeated"]) == (["payment_done"], {"goods_fetched": 2})


# ---- the diagram's marks -----------------------------------------------------------------------------


def test_the_way_is_marked_with_its_flows() -> None:
    marks = story(facts(WAITING)).marks
    assert marks["at"] == ["goods_fetched"]
    assert marks["passed"] == [
        "order_placed",
        "order_placed_to_payment_done",
        "payment_done",
        "payment_done_to_goods_fetched",
    ]


def test_there_is_always_something_to_say() -> None:
    known = facts(order([], state="refused"))
    assert said(known) == ["info: It is refused."]
    assert story(known).rows == ()


@pytest.mark.parametrize("passed", range(1, 4))
def test_the_age_is_that_of_the_place(passed: int) -> None:
    known = facts(order(TWO, instance(passed, began=ago(minutes=passed))))
    assert advice(known)[0].title == f"Waiting for {STEPS[passed]} since {known.ago(ago(minutes=passed))}."
    assert known.now == NOW
