"""When a delivery is acked, and what becomes of it when even that which should save it fails.

Each test has a worker, a tenant and so a broker in memory of its own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import celery.worker.state
import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from kombu.exceptions import OperationalError
from kombu.transport.virtual import Channel

from tests.messaging.shop import shop_app
from tests.waiting import until
from trackflow import Message, Service
from trackflow.messaging import envelope

SECONDS = 10
KEY = "4711"


class Till:
    """A shop of which only the till has a worker; `steps` is what happens there, in order.

    It does what the test says for each try, and then returns the effects.
    """

    def __init__(self, folder: Path, **options: Any) -> None:
        self.tenant = f"t{uuid4().hex[:8]}"
        self.app: Celery = shop_app(self.tenant, folder)
        self.steps: list[str] = []
        self.is_closing = False
        self.tries: list[Callable[[Service], None]] = []
        self.effects: tuple[Any, ...] = ("Paid",)

        @self.app.task(shared=False, bind=True, base=Service, name="till", emits=("Paid",), **options)
        def till(task: Service, order: Message) -> list[Any]:
            self.note("heard")
            if self.tries:
                self.tries.pop(0)(task)
            return [order.followed_by(each) if each else each for each in self.effects]

    @contextmanager
    def open(self, pool: str = "solo") -> Iterator[None]:
        """With a worker."""
        with start_worker(
            self.app, pool=pool, queues=["till"], perform_ping_check=False, shutdown_timeout=SECONDS
        ) as worker:
            yield
            self.is_closing = True
            celery.worker.state.should_terminate = 0
            for _ in range(2):  # wakes it, and ends its last round: idle, it looks up every two seconds
                self.publish()
        if pool == "threads":  # Celery lets them run on, and they would run the tasks of the next test's app
            worker.pool.executor.shutdown()

    def __repr__(self) -> str:  # what a failed test shows
        return f"Till({self.steps})"

    def note(self, step: str) -> None:
        if not self.is_closing:
            self.steps.append(step)

    def publish(self, body: bytes | None = None, **properties: Any) -> None:
        """As a foreign client does it."""
        fields = {"businessKey": KEY, "tenant": self.tenant, "event": "Placed"}
        with self.app.connection_for_write() as connection:
            channel = connection.default_channel
            message = channel.prepare_message(body or json.dumps(fields).encode(), **properties)
            channel.basic_publish(message, self.tenant, "order")

    def take(self, queue: str) -> list[Any]:
        """Take all messages out of a queue."""
        letters = []
        with self.app.connection_for_read() as connection:
            while (letter := connection.default_channel.basic_get(queue, no_ack=True)) is not None:
                letters.append(letter)
        return letters

    def dead(self) -> list[Any]:
        return self.take(f"{self.tenant}.till.dead")

    def paid(self) -> bool:
        return bool(self.take(f"{self.tenant}.parcels"))


def fails(error: BaseException) -> Callable[[Service], None]:
    def failing(_: Service) -> None:
        raise error

    return failing


@pytest.fixture
def till(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Till:
    """The broker does what it is asked to, and writes it down."""
    till = Till(tmp_path)

    def watched(name: str, what: Callable[..., tuple[str, str]]) -> None:
        method = getattr(Channel, name)

        def noted(channel: Channel, *args: Any, **kwargs: Any) -> Any:
            where, step = what(channel, *args, **kwargs)
            if till.tenant in where:  # another test's worker may still be ending
                till.note(step.replace(till.tenant, "shop"))
            return method(channel, *args, **kwargs)

        monkeypatch.setattr(Channel, name, noted)

    def delivered(channel: Channel, tag: str, *_: Any, **__: Any) -> str:
        return str(channel.qos.get(tag).delivery_info)

    def published(_: Channel, __: Any, exchange: str, routing_key: str, **___: Any) -> tuple[str, str]:
        where = f"{exchange}/{routing_key}"
        return where, f"published to {where}"

    watched("basic_publish", published)
    watched("basic_ack", lambda *args, **kwargs: (delivered(*args, **kwargs), "acked"))
    watched("basic_reject", lambda *args, **kwargs: (delivered(*args, **kwargs), "rejected"))
    return till


def test_an_event_is_acked_after_what_follows_from_it_is_published(till: Till) -> None:
    with till.open():
        till.publish()
        until(lambda: "acked" in till.steps and "published to shop/payment" in till.steps, SECONDS, "both")

    assert till.steps == ["published to shop/order", "heard", "published to shop/payment", "acked"]


def test_a_failed_event_is_acked_after_its_dead_letter_is_published(till: Till) -> None:
    till.tries = [fails(RuntimeError())]
    with till.open():
        till.publish()
        until(lambda: {"acked", "rejected"} & {*till.steps}, SECONDS, "it is settled")

    assert till.steps == ["published to shop/order", "heard", "published to /shop.till.dead", "acked"]


def test_of_several_effects_none_is_published_if_one_is_wrong(till: Till) -> None:
    till.effects = ("Paid", None)
    with till.open():
        till.publish()
        until(lambda: "acked" in till.steps, SECONDS, "it is settled")

    assert till.steps == ["published to shop/order", "heard", "published to /shop.till.dead", "acked"]


def test_an_event_to_try_again_is_acked_after_its_copy_is_published(till: Till) -> None:
    till.tries = [fails(TimeoutError())]
    with till.open():
        till.publish()
        until(lambda: till.steps.count("acked") == 2, SECONDS, "both are settled")

    assert till.steps[1:4] == ["heard", "published to /shop.till", "acked"]


def test_what_is_unreadable_is_acked_after_its_dead_letter_is_published(till: Till) -> None:
    with till.open():
        till.publish(b"hello")
        until(lambda: {"acked", "rejected"} & {*till.steps}, SECONDS, "it is settled")

    assert till.steps == ["published to shop/order", "published to /shop.till.dead", "acked"]


@pytest.mark.parametrize("error", [RuntimeError("bug"), TimeoutError()], ids=["permanent", "passing"])
def test_an_event_that_cannot_be_parked_goes_back_to_its_queue(
    till: Till, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a failing service, and a broker that takes no copy the first time
    till.tries = [fails(error), fails(error), fails(error), fails(error)]
    send, refusals = till.app.trackflow.publisher.send, [OperationalError("away")]

    def refused_once(*args: Any, **kwargs: Any) -> None:
        if refusals:
            raise refusals.pop()
        send(*args, **kwargs)

    monkeypatch.setattr(till.app.trackflow.publisher, "send", refused_once)
    # When a worker meets the event
    with till.open():
        till.publish()
        # Then it is not lost
        (letter,) = until(till.dead, SECONDS, "it is dead")
    assert till.steps.count("rejected") == 1
    assert letter.headers["trackflow-error"] == type(error).__name__


def test_what_is_unreadable_and_cannot_be_kept_by_us_is_left_to_the_broker(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    recovery = till.app.trackflow.recovery
    bury, refusals = recovery.bury, [OperationalError("away")]

    def refused_once(*args: Any) -> None:
        if refusals:
            raise refusals.pop()
        bury(*args)

    monkeypatch.setattr(recovery, "bury", refused_once)
    with till.open():
        till.publish(b"hello")
        until(till.dead, SECONDS, "it is dead")

    assert till.steps.count("rejected") == 1


def test_a_mistake_of_ours_in_the_translation_costs_one_event_not_the_worker(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a delivery at which the translation itself breaks
    read = envelope.read

    def breaks(body: str, *args: Any) -> Message:
        return read(body, *args) if KEY in body else Message.new(**{}[body])

    monkeypatch.setattr(envelope, "read", breaks)
    with till.open():
        till.publish(b"odd")
        till.publish()
        # Then it is a dead letter, and the next event is handled
        (letter,) = until(till.dead, SECONDS, "it is dead")
        until(till.paid, SECONDS, "the next one is paid")

    assert letter.headers["trackflow-reason"] == "unreadable"
    assert letter.headers["trackflow-error"] == "KeyError"


def test_a_service_that_exits_in_a_pool_thread_gets_its_event_again(till: Till) -> None:
    till.tries = [fails(SystemExit(3))]
    with till.open(pool="threads"):
        till.publish()
        until(till.paid, SECONDS, "it is paid")

    assert till.steps.count("heard") == 2


def test_celerys_own_retry_reaches_nobody_else(till: Till) -> None:
    # Given a service that asks Celery itself for another try, which needs arguments that are not checked
    till.app.tasks["till"].typing = False
    till.tries = [lambda task: task.retry(countdown=0)]
    with till.open():
        till.publish()
        until(lambda: till.steps.count("acked") == 2, SECONDS, "both are settled")

    # Then what Celery published went to this service's queue
    assert "published to /shop.till" in till.steps
    assert till.steps.count("published to shop/order") == 1


def test_a_service_that_never_gives_up_repeats_the_last_step_of_its_ladder(tmp_path: Path) -> None:
    till = Till(tmp_path, tries=math.inf)
    till.tries = [fails(TimeoutError())] * 6  # the ladder has two steps
    with till.open():
        till.publish()
        until(till.paid, SECONDS, "it is paid")

    assert till.steps == ["heard"] * 7
    assert till.dead() == []


def test_what_the_broker_noted_on_an_event_is_not_published_again(till: Till) -> None:
    # With x-death kept, RabbitMQ takes a second round through the ladder for a cycle, and drops the event
    till.tries = [fails(TimeoutError())] * 3
    with till.open():
        till.publish(headers={"x-death": [{"count": 1, "queue": "another"}], "mine": 1})
        (letter,) = until(till.dead, SECONDS, "it is dead")

    assert letter.headers["mine"] == 1
    assert not [name for name in letter.headers if name.startswith("x-")]


def test_what_is_kept_survives_a_restart_of_the_broker(till: Till) -> None:
    till.tries = [fails(RuntimeError())]
    with till.open():
        till.publish(properties={"delivery_mode": 1})
        (letter,) = until(till.dead, SECONDS, "it is dead")

    assert letter.properties["delivery_mode"] == 2


@pytest.mark.parametrize("forged", [-1, "2", 1.5, None, [], True])
def test_a_forged_number_of_tries_counts_as_none(till: Till, forged: object) -> None:
    till.tries = [fails(TimeoutError())] * 3
    with till.open():
        till.publish(headers={"trackflow-attempt": forged})
        (letter,) = until(till.dead, SECONDS, "it is dead")

    assert letter.headers["trackflow-attempts"] == 3


def test_a_worker_declares_the_whole_choreography_whatever_it_consumes(till: Till) -> None:
    # Given only the till's worker, and nobody who ever heard Paid
    with till.open():
        till.publish()
        # Then what it emits waits for them
        until(till.paid, SECONDS, "what follows waits in the queue of the parcels")


def test_the_queues_behind_are_there_before_their_work_queue(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared: list[str] = []
    queue_declare = Channel.queue_declare

    def noted(channel: Channel, queue: str, *args: Any, **kwargs: Any) -> Any:
        declared.append(queue.replace(till.tenant, "shop"))
        return queue_declare(channel, queue, *args, **kwargs)

    monkeypatch.setattr(Channel, "queue_declare", noted)
    with till.open():
        pass

    ours = [name for name in declared if name.startswith("shop.till")]
    assert ours[:4] == ["shop.till.retry.1s", "shop.till.retry.2s", "shop.till.dead", "shop.till"]
