"""A service is a function from an event to the events it causes; called directly it is nothing more."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from celery import Celery

from trackflow import Message, Service
from trackflow.errors import ChoreographyError, PublishError

ORDER = Message.new(business_key="4711", tenant="other", event="Placed", id="first")


def serve(
    app: Celery, returned: Callable[[Message], Any], emits: tuple[str, ...] = ("Paid",)
) -> list[Message]:
    """Let till return this when an order is placed; what the witness then hears, in order."""
    heard: list[Message] = []

    @app.task(shared=False, base=Service, name="till", emits=emits)
    def till(order: Message) -> Any:
        return returned(order)

    @app.task(shared=False, base=Service, name="parcels")
    def parcels(order: Message) -> None:
        """Nothing follows."""

    @app.task(shared=False, base=Service, name="witness")
    def witness(event: Message) -> None:
        heard.append(event)

    app.trackflow.emit("Placed", "4711", payload={"total": 5})
    return heard


def test_called_directly_a_service_is_a_pure_function(app: Celery) -> None:
    @app.task(shared=False, base=Service, name="till", emits=("Paid",))
    def till(order: Message) -> Message:
        return order.followed_by("Paid")

    effect = till(ORDER)
    assert (effect.event, effect.business_key, effect.cause) == ("Paid", "4711", "first")


def test_one_event_may_follow(app: Celery) -> None:
    placed, paid = serve(app, lambda order: order.followed_by("Paid"))
    assert (paid.event, paid.cause, paid.payload) == ("Paid", placed.id, {"total": 5})


def test_what_follows_says_when_its_cause_was_taken_up_and_at_which_try(app: Celery) -> None:
    placed, paid = serve(app, lambda order: order.followed_by("Paid"))
    assert (placed.cause_taken_at, placed.cause_attempts) == (None, None)  # nothing of ours caused it
    assert paid.cause_attempts == 1
    times = [time for time in (placed.published_at, paid.cause_taken_at, paid.published_at) if time]
    assert len(times) == 3
    assert times == sorted(times)


def test_an_effect_does_not_inherit_the_times_of_its_cause(app: Celery) -> None:
    timed = ORDER.timed(datetime.now(UTC), attempt=4)
    effect = timed.followed_by("Paid")
    assert (effect.cause_taken_at, effect.cause_attempts) == (None, None)


def test_none_may_follow(app: Celery) -> None:
    assert [event.event for event in serve(app, lambda order: None)] == ["Placed"]


def test_several_may_follow_each_with_an_id_of_its_own(app: Celery) -> None:
    def twice(order: Message) -> Iterator[Message]:
        yield order.followed_by("Paid", payload=1)
        yield order.followed_by("Paid", payload=2)

    placed, first, second = serve(app, twice)
    assert [first.payload, second.payload] == [1, 2]
    assert first.cause == second.cause == placed.id
    assert first.id != second.id


@pytest.mark.parametrize(
    ("returned", "error", "words"),
    [
        (
            lambda order: order.followed_by("Shipped"),
            ChoreographyError,
            "till returned 'Shipped', but says that it emits Paid",
        ),
        (lambda order: order.followed_by("Lost"), ChoreographyError, "till returned 'Lost', but says"),
        (lambda order: 5, TypeError, "till returned int, not a Message, several, or None"),
        (lambda order: "Paid", TypeError, "till returned str in place of a Message"),
        (lambda order: {"event": "Paid"}, TypeError, "till returned str in place of a Message"),
        (
            lambda order: [order.followed_by("Paid"), None],
            TypeError,
            "till returned NoneType in place of a Message",
        ),
        (
            lambda order: order.followed_by("Paid", tenant="other"),
            PublishError,
            "4711 Paid: tenant 'other' on the exchange of",
        ),
    ],
)
def test_what_cannot_follow_is_an_error_in_words(
    app: Celery, returned: Callable[[Message], Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=f"^{words}"):
        serve(app, returned)


def test_nothing_is_emitted_if_one_of_several_cannot_follow(app: Celery) -> None:
    heard: list[Message] = []

    @app.task(shared=False, base=Service, name="till", emits=("Paid",))
    def till(order: Message) -> list[Any]:
        return [order.followed_by("Paid"), 5]

    @app.task(shared=False, base=Service, name="parcels")
    def parcels(order: Message) -> None:
        heard.append(order)

    @app.task(shared=False, base=Service, name="witness")
    def witness(event: Message) -> None:
        """Hears Placed."""

    with pytest.raises(TypeError):
        app.trackflow.emit("Placed")
    assert heard == []


def test_a_declared_event_that_the_choreography_lacks_is_an_error(app: Celery) -> None:
    with pytest.raises(ChoreographyError, match="event 'Lost', which is not in the choreography"):
        serve(app, lambda order: order.followed_by("Lost"), emits=("Lost",))
