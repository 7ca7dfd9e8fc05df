"""What becomes of an event that fails, on RabbitMQ: its effect once, or one dead letter with the reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.trouble.conftest import SECONDS, Shop
from tests.integration.wire import Wire
from tests.integration.workers import Workers
from tests.servers import rabbitmq
from tests.servers.needed import need
from tests.waiting import until

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]

KEY = "4711"
EVERY_POOL = pytest.mark.parametrize("pool", ["threads", "prefork", "solo"])


@EVERY_POOL
def test_a_passing_error_is_tried_again_on_this_queue_only(pool: str, workers: Workers, shop: Shop) -> None:
    # Given an order at which the till times out once
    workers.start("till", "-P", pool, "-c", "2").ready()
    shop.publish(KEY, "time out once")
    # When it is tried again
    shop.until_paid(KEY)
    # Then nobody else heard it a second time, and nothing is left
    assert len(shop.runs(KEY)) == 2
    assert shop.heard(KEY) == ["Order_Placed", "Payment_Done"]
    until(lambda: shop.left() - shop.wire.count(f"{shop.wire.tenant}.bank") == 0, SECONDS, "nothing is left")
    assert shop.dead(KEY) == []


def test_an_event_that_waits_for_its_next_try_counts_its_attempts(workers: Workers, shop: Shop) -> None:
    # Given an event that has just failed, with a header of its sender's own
    worker = workers.start("till").ready()
    body = shop.publish(
        KEY, "time out for ever", headers={"city": "Zürich", "x-forged": 1}, app_id="checkout"
    )
    until(lambda: "try 1 failed" in worker.log, SECONDS, "it has failed")
    worker.kill()
    # When it waits on the ladder's first step, or is back in its queue
    queues = (f"{shop.wire.tenant}.till.retry.1s", f"{shop.wire.tenant}.till")
    (waiting,) = until(lambda: [seen for q in queues for seen in shop.wire.take(q)], SECONDS, "it waits")
    # Then it is the event as it came, and the attempt
    assert waiting.body == body
    assert (waiting.properties.message_id, waiting.properties.app_id) == (f"id of {KEY}", "checkout")
    assert waiting.headers["city"] == "Zürich"
    assert waiting.headers["trackflow-attempt"] == 1
    assert waiting.headers["trackflow-error"] == "TimeoutError"
    assert "x-forged" not in waiting.headers


def test_after_the_ladders_last_step_it_is_dead_with_everything_that_it_came_with(
    workers: Workers, shop: Shop
) -> None:
    workers.start("till").ready()
    # Given an order at which the till always times out
    body = shop.publish(
        KEY,
        "time out for ever",
        headers={"city": "Zürich", "n": 1, "nested": {"a": [True, None]}},
        content_type="application/json",
        correlation_id="mine",
        reply_to="me",
        priority=3,
        app_id="checkout",
        type="anything",
    )
    # When the ladder of two steps has ended
    letter = shop.the_dead(KEY)
    # Then it ran three times, and the letter is the event as it came, with the reason
    assert len(shop.runs(KEY)) == 3
    assert shop.heard(KEY) == ["Order_Placed"]
    assert letter.body == body
    came = letter.properties
    assert (came.message_id, came.content_type, came.correlation_id) == (
        f"id of {KEY}",
        "application/json",
        "mine",
    )
    assert (came.reply_to, came.priority, came.app_id, came.type) == ("me", 3, "checkout", "anything")
    notes = dict(letter.headers)
    assert {name: notes.pop(name) for name in ("city", "n", "nested")} == {
        "city": "Zürich",
        "n": 1,
        "nested": {"a": [True, None]},
    }
    at = datetime.fromisoformat(notes.pop("trackflow-at"))
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=5)
    assert notes["trackflow-reason"] == "exhausted"
    assert notes["trackflow-error"] == "TimeoutError"
    assert notes["trackflow-message"] == "try 3"
    assert notes["trackflow-attempts"] == 3
    assert shop.left() == 0


@pytest.mark.parametrize(
    ("does", "error", "words"),
    [
        ("bug", "RuntimeError", "as told"),
        ("emit an undeclared event", "ChoreographyError", "returned 'Goods_Fetched', but says that it emits"),
        ("emit an unknown event", "ChoreographyError", "event 'Lost', which is not in the choreography"),
        ("emit what nobody hears", "PublishError", "no queue takes what is published to exchange"),
    ],
)
def test_any_other_error_is_a_dead_letter_at_once(
    does: str, error: str, words: str, workers: Workers, shop: Shop
) -> None:
    workers.start("till").ready()
    body = shop.publish(KEY, does)
    letter = shop.the_dead(KEY)
    assert len(shop.runs(KEY)) == 1
    assert shop.heard(KEY) == ["Order_Placed"]
    assert letter.body == body
    assert letter.headers["trackflow-reason"] == "permanent"
    assert letter.headers["trackflow-error"] == error
    assert words in letter.headers["trackflow-message"]
    assert letter.headers["trackflow-attempts"] == 1
    assert shop.left() == 0


def test_a_service_says_what_is_transient_and_how_often_it_is_tried(workers: Workers, shop: Shop) -> None:
    # Given a service for which only NotYet is transient, and two tries are enough
    workers.start("picky").ready()
    # When it fails for that reason, and for one that others call transient
    shop.publish("often", "not yet", "Goods_Fetched", "inventory")
    shop.publish("once", "time out", "Goods_Fetched", "inventory")
    often, once = shop.the_dead("often", "picky"), shop.the_dead("once", "picky")
    # Then the first was tried twice though its ladder has two steps, the other once
    assert (often.headers["trackflow-reason"], often.headers["trackflow-attempts"]) == ("exhausted", 2)
    assert len(shop.runs("often", "picky")) == 2
    assert (once.headers["trackflow-reason"], once.headers["trackflow-attempts"]) == ("permanent", 1)
    assert len(shop.runs("once", "picky")) == 1


@pytest.mark.parametrize("pool", ["threads", "prefork"])
def test_an_event_that_kills_its_worker_is_dead_in_the_end_and_the_others_go_on(
    pool: str, workers: Workers, shop: Shop
) -> None:
    # Given a queue with an event at which the process dies, among others
    worker = workers.start("till", "-P", pool, "-c", "1").ready()
    others = [f"order-{number}" for number in range(20)]
    for key in others[:10]:
        shop.publish(key, "pay")
    body = shop.publish(KEY, "kill the process")
    for key in others[10:]:
        shop.publish(key, "pay")
    # When a service manager starts the worker again and again
    while not shop.dead(KEY):
        if not worker.alive:
            worker = workers.start("till", "-P", pool, "-c", "1")
            until(lambda: not worker.alive or "ready." in worker.log, SECONDS, "it starts")  # noqa: B023
        until(lambda: not worker.alive or shop.dead(KEY) or len(shop.runs(KEY)) > 5, SECONDS, "it goes on")  # noqa: B023
    # Then the broker has taken the event out, as it came, and says why
    (letter,) = shop.dead(KEY)
    assert letter.body == body
    assert letter.headers["x-death"][0]["reason"] == "delivery_limit"
    assert letter.headers["x-death"][0]["queue"] == f"{shop.wire.tenant}.till"
    assert shop.paid(KEY) == set()
    # and each of the others is paid, or was in dying hands as often (perhaps paid already, but not acked)
    if not worker.alive:
        workers.start("till", "-P", pool, "-c", "1").ready()
    until(lambda: all(shop.paid(key) or shop.dead(key) for key in others), SECONDS, "every other is settled")
    assert all(len(shop.paid(key)) <= 1 for key in others)
    unlucky = [letter for key in others for letter in shop.dead(key)]
    assert {letter.headers["x-death"][0]["reason"] for letter in unlucky} <= {"delivery_limit"}
    assert sum(len(shop.paid(key)) for key in others) >= 10


def test_a_hard_time_limit_is_as_a_death(workers: Workers, shop: Shop) -> None:
    # Given an event at which the service hangs once, and a time limit, which a pool of processes has
    workers.start("picky", "-P", "prefork", "-c", "1").ready()
    shop.publish(KEY, "hang once", "Goods_Fetched", "inventory")
    # When the limit strikes
    until(lambda: len(shop.runs(KEY, "picky")) == 2, SECONDS, "it is delivered again")
    # Then it is settled
    until(lambda: shop.left() == 0 and "succeeded" in workers.logs(), SECONDS, "it is handled")
    assert shop.dead(KEY, "picky") == []


@EVERY_POOL
def test_a_service_that_exits_gives_its_event_back_and_the_worker_goes_on(
    pool: str, workers: Workers, shop: Shop
) -> None:
    workers.start("till", "-P", pool, "-c", "1").ready()
    shop.publish(KEY, "exit once")
    shop.publish("another", "pay")
    shop.until_paid(KEY)
    shop.until_paid("another")
    assert len(shop.runs(KEY)) == 2
    assert shop.dead(KEY) == []


@pytest.mark.parametrize("does", ["bug", "time out once"])
def test_a_broker_that_is_away_while_an_event_is_parked_gets_it_parked_later(
    does: str,
    tenant: str,
    environment: dict[str, str],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    # Given a broker that is stopped while the service runs
    need(rabbitmq.missing())
    node = rabbitmq.RabbitMQ(tmp_path_factory.mktemp("node"))
    workers = Workers({**environment, "AMQP_URL": node.url}, tmp_path, app="tests.integration.trouble.shop")
    try:
        node.start()
        shop = Shop(Wire(node.url, tenant), tmp_path)
        worker = workers.start("till", SHOP_WAITS="1").ready()
        shop.wire.confirm()
        shop.publish(KEY, does, delivery_mode=2)
        until(lambda: shop.runs(KEY), SECONDS, "the service runs")
        node.kill()
        (tmp_path / "go on").touch()
        until(lambda: "Cannot connect to" in worker.log, SECONDS, "the worker notices")
        # When it is back
        node.start()
        shop.wire.connect(node.url)
        # Then the event is parked, or tried again, once more
        if does == "bug":
            assert {
                letter.properties.message_id for letter in until(lambda: shop.dead(KEY), SECONDS, "dead")
            } == {f"id of {KEY}"}
            assert shop.paid(KEY) == set()
        else:
            shop.until_paid(KEY)
            assert shop.dead(KEY) == []
        assert worker.stop() == 0
    finally:
        workers.close()
        node.stop()
        print(workers.logs())


def test_a_ledger_that_is_away_makes_no_event_a_dead_letter(
    workers: Workers, shop: Shop, tmp_path: Path
) -> None:
    # Given a tracker, and a service with `once=True`, whose ledger cannot be opened
    ledger = tmp_path / "away" / "ledger.db"
    both = ("clerk", "tracker")
    worker = workers.start(",".join(both), LEDGER_URL=f"sqlite:///{ledger}").ready()
    shop.publish(KEY, "pay", "Goods_Shipped", "shipment")
    # When they have failed more often than their ladder has steps
    for name in both:
        again = f"{shop.wire.tenant}.{name}: try 4 failed, again in 2 s: LedgerError"
        until(lambda: again in worker.log, SECONDS, f"{name} repeats the last step")  # noqa: B023
    # Then the event is not dead, and is handled as soon as the ledger is there
    assert shop.runs(KEY, "clerk") == []
    ledger.parent.mkdir()
    shop.until_paid(KEY)
    until(lambda: worker.log.count(" succeeded in ") == 2, SECONDS, "the tracker has recorded it, too")
    assert [shop.dead(KEY, name) for name in both] == [[], []]
