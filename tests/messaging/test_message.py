"""The vocabulary: what an event is, on the wire and in a service's hands."""

import json

import pytest

from trackflow import Message
from trackflow.errors import MessageError

BODY = {
    "businessKey": "4711",
    "tenant": "showcase",
    "event": "Order_Placed",
    "command": None,
    "payload": None,
}


def wire(**changes: object) -> str:
    return json.dumps({**BODY, **changes})


def order(**changes: object) -> Message:
    return Message.new(**{"business_key": "4711", "tenant": "showcase", "event": "Order_Placed", **changes})


@pytest.mark.parametrize("payload", [None, "text", 0, 1.5, True, [], {"a": [1, {"b": None}]}, "ü \u0000 𝄞"])
def test_a_body_survives_the_round_trip(payload: object) -> None:
    event = order(payload=payload)
    assert Message.from_body(event.body(), id=event.id) == event
    assert json.loads(event.body()) == {**BODY, "payload": payload}
    assert "\n" not in event.body()


def test_unknown_fields_of_the_body_are_ignored() -> None:
    assert Message.from_body(wire(priority=9, id="mine")) == Message.from_body(wire())


def test_the_optional_fields_may_be_left_out() -> None:
    short = '{"businessKey": "4711", "tenant": "showcase", "event": "Order_Placed"}'
    assert Message.from_body(short) == Message.from_body(wire())


@pytest.mark.parametrize("field", ["businessKey", "tenant", "event"])
@pytest.mark.parametrize(
    "value",
    [
        *(None, 4711, True, ["4711"], {}, ""),
        *("a\nb", "\u0000", "\u007f", "\u009b", "\u2028", "x" * 256, "ü" * 128),
    ],
)
def test_a_name_that_amqp_cannot_carry_is_refused_by_its_field(field: str, value: object) -> None:
    with pytest.raises(MessageError, match=f"^{field}: "):
        Message.from_body(wire(**{field: value}))


@pytest.mark.parametrize("key", ["x" * 255, "ü" * 127, " ", "4711/a b"])
def test_a_business_key_has_up_to_255_bytes(key: str) -> None:
    assert Message.from_body(wire(businessKey=key)).business_key == key


@pytest.mark.parametrize("tenant", ["a", "A-1_b.c", "0", "x" * 64])
def test_a_tenant_can_name_an_exchange(tenant: str) -> None:
    assert order(tenant=tenant).tenant == tenant


@pytest.mark.parametrize("tenant", ["x" * 65, "amq.direct", "-a", ".a", "a b", "ä", "a/b", "a\n"])
def test_a_tenant_that_cannot_name_an_exchange_is_refused(tenant: str) -> None:
    with pytest.raises(MessageError, match=r"^tenant: should be 1 to 64 letters"):
        order(tenant=tenant)


@pytest.mark.parametrize(
    "body", ["", "null", "[]", '"text"', "{", b"\xff", b"\xef\xbb\xbf{}", "[" * 10_000, wire(command=1)]
)
def test_what_is_no_event_is_refused_in_one_line(body: str | bytes) -> None:
    with pytest.raises(MessageError) as refused:
        Message.from_body(body)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "[NaN]", '{"a": NaN}'])
def test_a_payload_that_other_json_readers_refuse_is_refused(number: str) -> None:
    with pytest.raises(MessageError, match=r"^payload: "):
        Message.from_body(wire(payload="HERE").replace('"HERE"', number))


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ('"event": "Order_Placed"', "two fields are called 'event'"),
        ('"businessKey": "another order"', "two fields are called 'businessKey'"),
        (r'"\u0065vent": "E"', "two fields are called 'event'"),
        ('"more": {"a": [{"b": 1, "b": 1}]}', "two fields are called 'b'"),
        ('"more": NaN', "NaN is no JSON"),
        ('"more": -Infinity', "-Infinity is no JSON"),
    ],
)
def test_a_body_that_readers_understand_differently_is_refused(extra: str, words: str) -> None:
    with pytest.raises(MessageError, match=f"^Invalid JSON: {words}"):
        Message.from_body(wire().replace("{", "{" + extra + ", ", 1))


def test_equal_names_in_different_objects_are_no_twins() -> None:
    payload = {"event": [{"event": 1}, {"event": 2}]}
    assert Message.from_body(wire(payload=payload)).payload == payload


def test_on_the_wire_a_field_has_one_name() -> None:
    with pytest.raises(MessageError, match=r"^businessKey: Field required"):
        Message.from_body(wire().replace("businessKey", "business_key"))


@pytest.mark.parametrize(
    "payload", [float("nan"), "\ud800", {"a": ["\udfff"]}, {1: 2}, b"bytes", (1, 2), object()]
)
def test_a_service_cannot_make_a_payload_that_is_no_json(payload: object) -> None:
    with pytest.raises(MessageError, match=r"^payload"):
        order(payload=payload)


def test_a_refusal_does_not_repeat_private_values() -> None:
    with pytest.raises(MessageError) as refused:
        Message.from_body(wire(businessKey=["secret"]))
    assert "secret" not in str(refused.value)


def test_an_event_never_changes() -> None:
    with pytest.raises(ValueError, match="frozen"):
        order().event = "Payment_Done"  # type: ignore[misc]


def test_text_of_an_event_shows_no_payload() -> None:
    assert str(order(payload="private")) == "4711 Order_Placed"


def test_an_id_derived_from_the_content_is_that_of_the_redelivery() -> None:
    first = Message.from_body(wire(payload={"a": 1})).id
    assert Message.from_body(wire(payload={"a": 1})).id == first
    assert Message.from_body(wire(payload={"a": 1}, command="ignored", other="too")).id == first


@pytest.mark.parametrize(
    "change", [{"businessKey": "4712"}, {"tenant": "other"}, {"event": "Payment_Done"}, {"payload": 0}]
)
def test_an_id_derived_from_the_content_is_anothers_for_other_content(change: dict[str, object]) -> None:
    assert Message.from_body(wire(**change)).id != Message.from_body(wire()).id


def test_an_id_that_travels_with_the_event_is_kept() -> None:
    assert Message.from_body(wire(), id="mine").id == "mine"


def test_what_follows_keeps_the_order_its_payload_and_its_trace() -> None:
    first = order(payload={"a": 1}, traceparent="00-1", tracestate="x=1", cause="before").published_now()
    then = first.followed_by("Payment_Done")
    assert (then.business_key, then.tenant, then.payload) == ("4711", "showcase", {"a": 1})
    assert (then.traceparent, then.tracestate) == ("00-1", "x=1")
    assert (then.event, then.cause, then.published_at) == ("Payment_Done", first.id, None)
    assert then.id != first.id


def test_what_follows_may_have_a_payload_of_its_own() -> None:
    assert order(payload=1).followed_by("Payment_Done", payload=None).payload is None


def test_a_misspelt_field_of_what_follows_is_refused() -> None:
    with pytest.raises(MessageError, match=r"^paylaod: "):
        order().followed_by("Payment_Done", paylaod=1)


def test_an_effect_has_the_same_id_each_time_the_service_runs() -> None:
    cause = order()
    first = cause.followed_by("Payment_Done").caused_by(cause, 0)
    again = cause.followed_by("Payment_Done").caused_by(cause, 0)
    assert first == again
    assert first.cause == cause.id


def test_another_cause_place_or_name_gives_another_id() -> None:
    cause = order()
    effect = cause.followed_by("Payment_Done")
    ids = {
        effect.caused_by(cause, 0).id,
        effect.caused_by(cause, 1).id,
        effect.caused_by(order(), 0).id,
        cause.followed_by("Payment_Refused").caused_by(cause, 0).id,
    }
    assert len(ids) == 4
