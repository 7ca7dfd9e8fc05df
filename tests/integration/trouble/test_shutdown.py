"""A worker that is asked to end while a service hangs."""

from __future__ import annotations

import signal
import socket

import pytest

from tests.integration.trouble.conftest import SECONDS, Shop
from tests.integration.workers import Workers
from tests.waiting import until

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]

EVERY_POOL = pytest.mark.parametrize("pool", ["threads", "prefork", "solo"])


@EVERY_POOL
def test_a_service_that_hangs_is_ended_by_force_and_its_event_goes_to_the_next_worker(
    pool: str, workers: Workers, shop: Shop
) -> None:
    # Given a service that hangs at an event, with others behind it
    first = workers.start("till", "-P", pool, "-c", "1", SHOP_LONGEST="1").ready()
    shop.publish("hangs", "hang once")
    until(lambda: shop.runs("hangs"), SECONDS, "it hangs")
    for number in range(5):
        shop.publish(f"order-{number}", "pay")
    # When it is asked to end
    assert first.stop() == 1
    # Then it does, and says what it gave back
    assert "what ran here: till: hangs Order_Placed, id id of hangs" in first.log
    assert "Traceback" not in first.log
    # and the next worker handles everything
    workers.start("till").ready()
    for key in ("hangs", *(f"order-{number}" for number in range(5))):
        shop.until_paid(key)
    assert len(shop.runs("hangs")) == 2
    assert shop.wire.count(f"{shop.wire.tenant}.till") == 0


@EVERY_POOL
@pytest.mark.parametrize(
    "signals", [[signal.SIGQUIT], [signal.SIGINT, signal.SIGINT]], ids=["QUIT", "INT+INT"]
)
def test_who_does_not_want_to_wait_need_not(
    pool: str, signals: list[signal.Signals], workers: Workers, shop: Shop
) -> None:
    # Given a service that hangs, and an hour for it to finish
    first = workers.start("till", "-P", pool, "-c", "1", SHOP_LONGEST="3600").ready()
    shop.publish("hangs", "hang once")
    until(lambda: shop.runs("hangs"), SECONDS, "it hangs")
    # When it is told to end at once
    for each in signals[:-1]:
        first.process.send_signal(each)
        until(lambda: "Warm shutdown" in first.log, SECONDS, "it has heard the first")
    # Then it does
    assert first.stop(signals[-1]) == 1
    assert "what ran here: till: hangs Order_Placed" in first.log
    assert "Traceback" not in first.log
    workers.start("till").ready()
    shop.until_paid("hangs")


@EVERY_POOL
def test_what_runs_may_finish_and_is_not_run_again(pool: str, workers: Workers, shop: Shop) -> None:
    # Given a service at work
    first = workers.start("till", "-P", pool, "-c", "1", SHOP_WAITS="1").ready()
    shop.publish("slow", "pay")
    until(lambda: shop.runs("slow"), SECONDS, "it runs")
    # When the worker is asked to end, twice, and the service finishes then
    for _ in range(2):
        first.process.send_signal(signal.SIGTERM)
        until(lambda: "Warm shutdown" in first.log, SECONDS, "it has heard it")
    (shop.folder / "go on").touch()
    # Then the worker ends well, and the event is settled
    assert first.ended() == 0
    shop.until_paid("slow")
    assert shop.wire.count(f"{shop.wire.tenant}.till") == 0
    assert len(shop.runs("slow")) == 1


def test_a_worker_that_is_ended_by_remote_control_has_its_limit_too(workers: Workers, shop: Shop) -> None:
    first = workers.start("till", "-c", "1", SHOP_LONGEST="1").ready()
    shop.publish("hangs", "hang once")
    until(lambda: shop.runs("hangs"), SECONDS, "it hangs")
    name = f"{shop.wire.tenant}-0@{socket.gethostname()}"  # every worker of the broker would hear it
    workers.run("control", "-d", name, "shutdown")
    assert first.ended() == 1
    assert "ended by force" in first.log
