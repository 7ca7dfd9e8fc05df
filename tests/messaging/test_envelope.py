"""What travels beside the body: good values survive, hostile ones count as absent."""

from datetime import UTC, datetime

import pytest

from trackflow import Message
from trackflow.errors import MessageError
from trackflow.messaging import envelope

BODY = '{"businessKey": "4711", "tenant": "showcase", "event": "Order_Placed"}'


def test_an_event_survives_the_round_trip() -> None:
    event = Message.new(
        business_key="4711",
        tenant="showcase",
        event="Payment_Done",
        payload={"a": 1},
        cause="before",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        tracestate="vendor=" + "x" * 300,
        cause_taken_at=datetime(2026, 11, 24, 10, 0, 0, 654321, tzinfo=UTC),
        cause_attempts=3,
    ).published_now()
    properties = envelope.properties_of(event, app_id="payment")
    assert envelope.read(event.body(), properties, properties["headers"]) == event


def test_the_properties_are_those_of_the_wire_contract() -> None:
    published = datetime(2026, 11, 24, 10, 0, 0, 123456, tzinfo=UTC)
    event = Message.new(business_key="4711", tenant="t", event="E", id="1", cause="0", published_at=published)
    assert envelope.properties_of(event, app_id="payment") == {
        "content_type": "application/json",
        "content_encoding": "utf-8",
        "delivery_mode": 2,
        "message_id": "1",
        "correlation_id": "4711",
        "type": "E",
        "timestamp": 1795514400,
        "app_id": "payment",
        "headers": {"cause": "0", "published-at": "2026-11-24T10:00:00.123456+00:00"},
    }


def test_an_event_without_properties_is_good() -> None:
    event = envelope.read(BODY, {}, {})
    assert event == Message.from_body(BODY)
    assert (event.cause, event.published_at, event.traceparent) == (None, None, None)


@pytest.mark.parametrize(
    "value", [1, 1.5, True, None, b"\xff", [], {}, "", "a\nb", "x" * 256, "ü" * 128, "\ud800"]
)
@pytest.mark.parametrize("name", ["cause", "traceparent"])
def test_a_hostile_header_counts_as_absent(name: str, value: object) -> None:
    assert envelope.read(BODY, {}, {name: value}) == Message.from_body(BODY)


def test_a_long_tracestate_is_passed_on_and_a_huge_one_is_not() -> None:
    assert envelope.read(BODY, {}, {"tracestate": "x" * 512}).tracestate == "x" * 512
    assert envelope.read(BODY, {}, {"tracestate": "x" * 513}).tracestate is None


@pytest.mark.parametrize("seconds", [1795514400, 1795514400.5, datetime(2026, 11, 24, 10, 0)])
def test_a_timestamp_is_utc(seconds: object) -> None:
    published = envelope.read(BODY, {"timestamp": seconds}, {}).published_at
    assert published is not None
    assert published.replace(microsecond=0) == datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize("seconds", [-1e30, 2**63, float("nan"), float("inf"), "yesterday", b"\0", [], {}])
def test_a_hostile_timestamp_counts_as_absent(seconds: object) -> None:
    assert envelope.read(BODY, {"timestamp": seconds}, {}).published_at is None


@pytest.mark.parametrize(
    "text", ["", "yesterday", "0001-01-01T00:00:00+14:00", "2026-13-01T00:00:00Z", "2026-11-24T10:00:00"]
)
def test_a_header_that_is_no_time_counts_as_absent(text: str) -> None:
    assert envelope.read(BODY, {}, {"published-at": text}).published_at is None


def test_the_header_is_more_precise_than_the_property() -> None:
    precise = "2026-11-24T11:00:00.5+01:00"
    published = envelope.read(BODY, {"timestamp": 0}, {"published-at": precise}).published_at
    assert published == datetime(2026, 11, 24, 10, 0, 0, 500000, tzinfo=UTC)


@pytest.mark.parametrize("message_id", ["a\nb", "x" * 256, 5, "\ud800"])
def test_a_message_id_that_is_none_makes_the_event_unreadable(message_id: object) -> None:
    with pytest.raises(MessageError, match=r"^message_id: "):
        envelope.read(BODY, {"message_id": message_id}, {})


@pytest.mark.parametrize("message_id", [None, ""])
def test_an_empty_message_id_counts_as_absent(message_id: object) -> None:
    assert envelope.read(BODY, {"message_id": message_id}, {}).id == Message.from_body(BODY).id


def test_when_the_cause_was_taken_up_and_at_which_try_is_on_the_wire() -> None:
    taken = datetime(2026, 11, 24, 10, 0, 0, 123456, tzinfo=UTC)
    event = Message.new(business_key="4711", tenant="t", event="E", cause="0").timed(taken, attempt=2)
    headers = envelope.properties_of(event, app_id=None)["headers"]
    assert headers["cause-taken-at"] == "2026-11-24T10:00:00.123456+00:00"
    assert headers["cause-attempts"] == 2


@pytest.mark.parametrize(
    "value",
    [
        "",
        "soon",
        "2026-11-24",
        "2026-11-24T10:00:00",
        "0001-01-01T00:00:00+14:00",
        1795514400,
        True,
        None,
        [],
        {},
    ],
)
def test_a_hostile_time_of_taking_up_counts_as_absent(value: object) -> None:
    assert envelope.read(BODY, {}, {"cause-taken-at": value}).cause_taken_at is None


@pytest.mark.parametrize("value", [0, -1, 2**31, 2**64, 1.5, True, "2", None, [], {}])
def test_a_hostile_number_of_tries_counts_as_absent(value: object) -> None:
    assert envelope.read(BODY, {}, {"cause-attempts": value}).cause_attempts is None
