"""Searching the ledger."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.tracking.order_engines import STEPS, LedgerOrders, RemoteOrders
from tests.tracking.world import KEY, TENANT, World
from trackflow.tracking import search as search_module
from trackflow.tracking.search import Search, Wanted
from trackflow.tracking.tables import Outcome

AnyWorld = World[RemoteOrders] | World[LedgerOrders]


@pytest.fixture
def search(world: AnyWorld) -> Search:
    """Of a ledger with two orders: 4711 ran to its end, of `early` something waits."""
    for event in STEPS:
        world.hear(event)
    world.hear("Payment_Done", "early")
    return Search(world.ledger, TENANT)


def names(search: Search, limit: int = 100, **wanted: object) -> list[tuple[str, str]]:
    found = search.newest(Wanted(**wanted), limit)  # type: ignore[arg-type]
    return [(each.business_key, each.event.event) for each in found]


def test_events_are_found_the_newest_first(search: Search) -> None:
    assert names(search, business_keys=[KEY]) == [(KEY, event) for event in reversed(STEPS)]
    assert names(search, limit=1, business_keys=[KEY]) == [(KEY, "Goods_Shipped")]
    assert len(names(search)) == 5


def test_each_wish_narrows_what_is_found(search: Search) -> None:
    assert names(search, outcomes=[Outcome.WAITING]) == [("early", "Payment_Done")]
    assert set(names(search, name="Payment_Done")) == {("early", "Payment_Done"), (KEY, "Payment_Done")}
    assert names(search, name="Payment_Done", business_keys=[KEY]) == [(KEY, "Payment_Done")]
    assert names(search, reason="NOTHING WAITS") == [("early", "Payment_Done")]
    assert names(search, reason="%") == []
    assert names(search, since=datetime.now(UTC) + timedelta(hours=1)) == []
    assert len(names(search, since=datetime.now(UTC) - timedelta(hours=1))) == 5


def test_other_tenants_are_not_found(world: AnyWorld, search: Search) -> None:
    other = Search(world.ledger, "other")

    assert other.newest(Wanted(), 10) == []
    assert list(other.by_order(Wanted())) == []
    assert (other.count(Wanted()), other.outcomes(KEY)) == (0, {})


def test_pages_hold_every_event_once_order_by_order(search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "PAGE", 2)

    pages = list(search.by_order(Wanted()))

    assert [len(page) for page in pages] == [2, 2, 1]
    found = [each for page in pages for each in page]
    assert [each.business_key for each in found] == [KEY] * 4 + ["early"]
    assert len({each.event.id for each in found}) == search.count(Wanted()) == 5


def test_the_outcomes_of_an_order_are_counted(search: Search) -> None:
    assert search.outcomes(KEY) == {"correlated": 4}
    assert search.outcomes("nobody") == {}


def test_the_events_that_are_still_to_be_told_are_counted(search: Search) -> None:
    assert search.open() == 1  # the early one; the order's own took effect
