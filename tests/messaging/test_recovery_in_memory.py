"""What becomes of an event that fails, with a real worker on the broker in memory.

One worker serves all tests, as in life: what one test does to it must not disturb the next.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from kombu.transport.virtual import Message as Letter

from tests.messaging.shop import shop_app
from tests.waiting import until
from trackflow import Message, Service
from trackflow.message import MAX_BODY

TENANT = "recovery"
SECONDS = 10


class Shop:
    """Its services, and what they heard. A payload names the error that till raises."""

    def __init__(self, app: Celery) -> None:
        self.app = app
        self.heard: list[tuple[str, Message]] = []
        self._letters: dict[str, list[Letter]] = defaultdict(list)

        @app.task(shared=False, base=Service, name="till", emits=("Paid",))
        def till(order: Message) -> Message:
            self.heard.append(("till", order))
            if order.payload:
                raise {"timeout": TimeoutError, "bug": RuntimeError}[str(order.payload)]("as told")
            return order.followed_by("Paid")

        @app.task(shared=False, base=Service, name="parcels")
        def parcels(order: Message) -> None:
            self.heard.append(("parcels", order))
            if order.payload:
                raise TimeoutError

        @app.task(shared=False, base=Service, name="witness")
        def witness(event: Message) -> None:
            self.heard.append(("witness", event))

    def events(self, who: str, key: str) -> list[str]:
        """What a service heard about an order."""
        return [event.event for name, event in self.heard if name == who and event.business_key == key]

    def publish(self, body: bytes, mark: str, key: str = "order", **properties: Any) -> None:
        """What a foreign client sends: these very bytes. The mark is a header of its own."""
        known = {name: properties.pop(name, None) for name in ("content_type", "content_encoding")}
        headers = {**properties.pop("headers", {}), "mark": mark}
        with self.app.connection_for_write() as connection:
            channel = connection.default_channel
            message = channel.prepare_message(body, headers=headers, properties=properties, **known)
            channel.basic_publish(message, TENANT, key)

    def dead(self, queue: str, mark: str) -> list[Letter]:
        """The dead letters with this mark."""
        with self.app.connection_for_read() as connection:
            channel = connection.default_channel
            while (letter := channel.basic_get(f"{TENANT}.{queue}.dead", no_ack=True)) is not None:
                self._letters[queue].append(letter)
        return [letter for letter in self._letters[queue] if letter.headers["mark"] == mark]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(shop_app(TENANT, tmp_path_factory.mktemp("shop")))
    with start_worker(shop.app, pool="solo", perform_ping_check=False, shutdown_timeout=30):
        yield shop


@pytest.fixture
def key() -> str:
    """Of an order that no other test knows; also the mark of its messages."""
    return uuid4().hex


def body(key: str, event: str = "Placed", payload: object = None, tenant: str = TENANT) -> bytes:
    return json.dumps({"businessKey": key, "tenant": tenant, "event": event, "payload": payload}).encode()


def test_events_of_a_foreign_client_reach_who_hears_them(shop: Shop, key: str) -> None:
    shop.publish(body(key), key)
    until(
        lambda: sorted(shop.events("witness", key)) == ["Paid", "Placed"] and shop.events("parcels", key),
        SECONDS,
        "the order is shipped",
    )
    assert shop.events("till", key) == ["Placed"]
    assert shop.events("parcels", key) == ["Paid"]
    assert sorted(shop.events("witness", key)) == ["Paid", "Placed"]


def test_an_event_that_shares_its_routing_key_with_one_that_is_heard_is_skipped(shop: Shop, key: str) -> None:
    # Given an event that till's queue gets, since it has the key of Placed, and till does not hear
    shop.publish(body(key, "Cancelled"), key)
    shop.publish(body(key, "Placed"), key)
    # When a worker has handled everything
    until(lambda: shop.events("parcels", key) == ["Paid"], SECONDS, "the order is shipped")
    # Then till did not hear it, and it is no dead letter
    assert shop.events("till", key) == ["Placed"]
    assert "Cancelled" in shop.events("witness", key)
    assert shop.dead("till", key) == []


def test_a_passing_error_is_tried_again_until_the_ladder_ends(shop: Shop, key: str) -> None:
    # Given an order at which till times out, and a ladder of two steps
    raw = body(key, payload="timeout")
    shop.publish(raw, key, message_id=f"id of {key}", headers={"cause": "before"})
    # When a worker meets it
    (letter,) = until(lambda: shop.dead("till", key), SECONDS, "it is dead")
    # Then it was tried three times, always as the same event, and nobody else heard it again
    assert shop.events("till", key) == ["Placed"] * 3
    assert {event.id for _, event in shop.heard if event.business_key == key} == {f"id of {key}"}
    assert shop.events("witness", key) == ["Placed"]
    # and the dead letter is the event as it came, with the reason
    assert letter.body == raw
    assert letter.properties["message_id"] == f"id of {key}"
    assert letter.headers["cause"] == "before"
    assert letter.headers["trackflow-reason"] == "exhausted"
    assert letter.headers["trackflow-error"] == "TimeoutError"
    assert letter.headers["trackflow-message"] == "as told"
    assert letter.headers["trackflow-attempts"] == 3


def test_any_other_error_is_a_dead_letter_at_once(shop: Shop, key: str) -> None:
    raw = body(key, payload="bug")
    shop.publish(raw, key, content_type="application/json", correlation_id="4711")
    (letter,) = until(lambda: shop.dead("till", key), SECONDS, "it is dead")
    assert shop.events("till", key) == ["Placed"]
    assert (letter.body, letter.content_type) == (raw, "application/json")
    assert letter.properties["correlation_id"] == "4711"
    assert letter.headers["trackflow-reason"] == "permanent"
    assert letter.headers["trackflow-error"] == "RuntimeError"
    assert letter.headers["trackflow-attempts"] == 1


def test_without_a_ladder_a_passing_error_is_permanent(shop: Shop, key: str) -> None:
    shop.publish(body(key, "Paid", payload="any"), key, "payment")
    (letter,) = until(lambda: shop.dead("parcels", key), SECONDS, "it is dead")
    assert letter.headers["trackflow-reason"] == "permanent"


UNREADABLE = {
    "no JSON": (b"hello", {}, "Invalid JSON"),
    "empty": (b"", {}, "Invalid JSON"),
    "not UTF-8": (b'{"\xff": 1}', {}, "body is not UTF-8"),
    "a list": (b"[[], {}, {}]", {}, "Input should be an object"),
    "no business key": (b'{"tenant": "recovery", "event": "Placed"}', {}, "businessKey: Field required"),
    "a number as key": (b'{"businessKey": 1, "tenant": "recovery", "event": "Placed"}', {}, "businessKey: "),
    "another tenant": (body("4711", tenant="other"), {}, "tenant 'other' on the exchange of"),
    "an unknown event": (body("4711", "Lost"), {}, "event 'Lost' is not in the choreography"),
    "not a number": (body("4711", payload=float("nan")), {}, "payload: "),
    "a bad id": (body("4711"), {"message_id": "a\nb"}, "message_id: "),
    "a Celery message": (body("4711"), {"headers": {"task": "till", "id": "1"}}, "a Celery message"),
    "compressed": (body("4711"), {"headers": {"compression": "application/x-gzip"}}, "compressed body"),
    "pickle": (b"\x80\x04}.", {"content_type": "application/x-python-serialize"}, "content type"),
    "an odd encoding": (body("4711"), {"content_encoding": "utf-16"}, "content encoding 'utf-16'"),
    "too long": (b" " * (MAX_BODY + 1), {}, "body of 1048577 bytes, the limit is 1048576"),
}


@pytest.mark.parametrize(("raw", "properties", "words"), UNREADABLE.values(), ids=list(UNREADABLE))
def test_what_is_no_event_is_a_dead_letter_byte_for_byte(
    shop: Shop, key: str, raw: bytes, properties: dict[str, Any], words: str
) -> None:
    # Given something on the exchange that is no event of ours, and a good event after it
    shop.publish(raw, key, **properties)
    shop.publish(body(key), key)
    # When the worker has handled both
    until(lambda: shop.events("parcels", key) == ["Paid"], SECONDS, "the good order is shipped")
    # Then only the good one was heard, and the other is kept as it came, with the reason
    assert not any(event.business_key == "4711" for _, event in shop.heard)
    (letter,) = shop.dead("till", key)
    assert bytes(letter.body) == raw
    assert letter.headers["trackflow-reason"] == "unreadable"
    assert letter.headers["trackflow-message"].startswith(words)
    assert letter.headers["trackflow-attempts"] == 0
    assert letter.properties.get("message_id") == properties.get("message_id")
    assert len(shop.dead("witness", key)) == 1


def test_a_body_of_the_longest_length_is_read(shop: Shop, key: str) -> None:
    raw = body(key)
    shop.publish(raw + b" " * (MAX_BODY - len(raw)), key)
    until(lambda: shop.events("parcels", key) == ["Paid"], SECONDS, "the order is shipped")


def test_a_failed_event_of_any_declared_encoding_is_kept_once(shop: Shop, key: str) -> None:
    # Given a foreign client's event whose declared encoding is not that of its text
    raw = body(key, payload="bug").replace(b'"businessKey": "', '"businessKey": "Zürich '.encode())
    shop.publish(raw, key, content_encoding="us-ascii", headers={"city": "Zürich"})
    # When till fails at it
    (letter,) = until(lambda: shop.dead("till", key), SECONDS, "it is dead")
    # Then it is kept as it came
    assert (letter.body, letter.headers["city"], letter.headers["trackflow-reason"]) == (
        raw,
        "Zürich",
        "permanent",
    )
