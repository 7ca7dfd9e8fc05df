"""Eager mode: the whole choreography in one thread, through the same bindings and the same JSON."""

import threading

import pytest
from celery import Celery

from trackflow import Message, Service
from trackflow.errors import ChoreographyError, MessageError


@pytest.fixture
def heard(app: Celery) -> list[tuple[str, Message]]:
    """Which service heard what, in order. A payload "broken" breaks the till."""
    heard: list[tuple[str, Message]] = []

    @app.task(shared=False, base=Service, name="till", emits=("Paid",))
    def till(order: Message) -> Message:
        heard.append(("till", order))
        if order.payload == "broken":
            raise RuntimeError("no money")
        return order.followed_by("Paid")

    @app.task(shared=False, base=Service, name="parcels", emits=("Shipped",))
    def parcels(order: Message) -> Message:
        heard.append(("parcels", order))
        return order.followed_by("Shipped")

    @app.task(shared=False, base=Service, name="witness")
    def witness(event: Message) -> None:
        heard.append(("witness", event))

    return heard


def test_an_event_runs_the_whole_choreography_first_in_first_out(
    app: Celery, heard: list[tuple[str, Message]]
) -> None:
    app.trackflow.emit("Placed", "4711")
    assert [(who, event.event) for who, event in heard] == [
        ("till", "Placed"),
        ("witness", "Placed"),
        ("parcels", "Paid"),
        ("witness", "Paid"),
        ("witness", "Shipped"),
    ]


def test_what_is_heard_is_what_was_published(app: Celery, heard: list[tuple[str, Message]]) -> None:
    placed = app.trackflow.emit("Placed", "4711", payload={"a": [1, None]})
    assert heard[0][1] == placed
    assert placed.published_at is not None
    assert heard[2][1].cause == placed.id


def test_each_listener_has_a_payload_of_its_own(app: Celery) -> None:
    payloads = []

    @app.task(shared=False, base=Service, name="till")
    def till(order: Message) -> None:
        order.payload["a"] = "spoilt"

    @app.task(shared=False, base=Service, name="witness")
    def witness(event: Message) -> None:
        payloads.append(event.payload)

    app.trackflow.emit("Placed", payload={"a": 1})
    assert payloads == [{"a": 1}]


def test_an_error_leaves_nothing_behind(app: Celery, heard: list[tuple[str, Message]]) -> None:
    # Given an order that breaks a service
    with pytest.raises(RuntimeError, match="no money"):
        app.trackflow.emit("Placed", "broken", payload="broken")
    heard.clear()
    # When the next order is placed
    app.trackflow.emit("Placed", "good")
    # Then it alone is heard
    assert {event.business_key for _, event in heard} == {"good"}
    assert len(heard) == 5


def test_threads_do_not_meet(app: Celery, heard: list[tuple[str, Message]]) -> None:
    threads = [threading.Thread(target=app.trackflow.emit, args=("Placed", str(key))) for key in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for key in range(8):
        assert [event.event for _, event in heard if event.business_key == str(key)] == [
            "Placed", "Placed", "Paid", "Paid", "Shipped",
        ]  # fmt: skip


def test_an_order_without_a_key_gets_a_new_one(app: Celery, heard: list[tuple[str, Message]]) -> None:
    assert app.trackflow.emit("Placed").business_key != app.trackflow.emit("Placed").business_key


def test_an_event_that_nobody_declared_is_an_error(app: Celery) -> None:
    with pytest.raises(ChoreographyError, match="event 'Plaecd', which is not in the choreography"):
        app.trackflow.emit("Plaecd")


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb"])
def test_a_bad_business_key_is_an_error(app: Celery, key: str) -> None:
    with pytest.raises(MessageError, match=r"^business_key: "):
        app.trackflow.emit("Placed", key)
