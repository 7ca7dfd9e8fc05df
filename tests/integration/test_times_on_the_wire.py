"""Real workers: what they emit says when they took up its cause, which tells queue and work apart."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.integration.wire import Seen, Wire
from tests.integration.workers import Workers
from tests.waiting import until
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.orders import Event
from trackflow.tracking.search import Search, Wanted

pytestmark = pytest.mark.broker

KEY = "timed-1"


def test_the_times_in_the_queue_and_in_work_are_told_in_their_order(workers: Workers, wire: Wire) -> None:
    # Given the models deployed, and an order that is placed while nobody works
    deploy = workers.run("track", "deploy")
    assert deploy.ended() == 0, deploy.log
    emit = workers.run("track", "emit", "Order_Placed", "--key", KEY)
    assert emit.ended() == 0, emit.log
    # When the workers come, a while later
    for queue in ("payment", "inventory", "shipment", "order_fulfillment"):
        workers.start(queue).ready()
    until(lambda: wire.keys_of("Goods_Shipped") == {KEY}, 120, "the order is shipped")
    # Then each effect says on the wire when its cause was taken up, and at which try
    by_id = {seen.properties.message_id: seen for seen in wire.seen}
    effects = [seen for seen in wire.seen if "cause" in seen.headers]
    assert len(effects) == 3
    for effect in effects:
        published = at(by_id[effect.headers["cause"]], "published-at")
        assert published <= at(effect, "cause-taken-at") <= at(effect, "published-at")
        assert effect.headers["cause-attempts"] == 1
    # and the ledger keeps it
    ledger = Ledger(workers.environment["LEDGER_URL"])
    search = Search(ledger, wire.tenant)

    def recorded() -> dict[str, Event]:
        found = search.newest(Wanted(business_keys=[KEY], outcomes=None), 10)
        return {each.event.event: each.event for each in found if each.event.correlated_at}

    until(lambda: len(recorded()) == 4, 120, "the engine knows all events")
    events = recorded()
    ledger.close()
    placed, paid = events["Order_Placed"], events["Payment_Done"]
    assert (placed.taken_at, placed.attempts) == (None, None)
    assert paid.attempts == 1
    times = [time for time in (placed.published_at, paid.taken_at, paid.published_at) if time is not None]
    assert len(times) == 3
    assert times == sorted(times)


def at(seen: Seen, header: str) -> datetime:
    return datetime.fromisoformat(seen.headers[header])
