"""An engine in the ledger's database: an event's record and its step are one transaction."""

import pytest

from tests.tracking.order_engines import STEPS, LedgerOrders
from tests.tracking.world import KEY, World, message
from trackflow.engines.answers import Answer
from trackflow.message import Message


def test_an_event_whose_step_breaks_is_not_recorded(embedded: World[LedgerOrders]) -> None:
    # Given an engine that breaks after it changed something
    def breaks(event: Message) -> Answer:
        raise ZeroDivisionError

    embedded.engine.faults.append(breaks)
    order = message("Order_Placed")

    # When
    with pytest.raises(ZeroDivisionError):
        embedded.tracker.handle(order)

    # Then it is as if it had never come
    assert embedded.outcomes() == {}
    assert embedded.tracker.handle(order) == "correlated"


def test_an_event_is_final_as_soon_as_it_is_handled(embedded: World[LedgerOrders]) -> None:
    for event in STEPS:
        embedded.hear(event)

    assert embedded.hear("Payment_Done") == "unmatched"


def test_what_waits_is_unmatched_as_soon_as_the_order_ends(embedded: World[LedgerOrders]) -> None:
    # Given an order of which everything came early, the payment three times
    for event in ("Payment_Done", "Payment_Done", *STEPS[1:]):
        embedded.hear(event)
    embedded.engine.told.clear()

    # When it starts
    embedded.hear("Order_Placed")

    # Then it ends, and of the payments that are left one is asked about each time it moves
    assert embedded.engine.states(KEY) == ["completed"]
    assert embedded.case().open == 0
    assert embedded.case().ended
    assert embedded.engine.told.count("Payment_Done") == 4


def test_many_events_of_one_name_that_wait_are_asked_about_once(embedded: World[LedgerOrders]) -> None:
    for _ in range(50):
        embedded.hear("Payment_Done")
    embedded.engine.told.clear()

    embedded.hear("Order_Placed")

    assert embedded.engine.told == ["Order_Placed", "Payment_Done", "Payment_Done"]


def test_a_stopped_tracker_still_tells_what_it_hears(embedded: World[LedgerOrders]) -> None:
    embedded.tracker.stop()

    assert embedded.hear("Order_Placed") == "correlated"
