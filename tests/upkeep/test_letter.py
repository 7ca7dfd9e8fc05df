"""What a dead letter says of itself, whatever somebody has put into it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.upkeep.graveyard import WHY
from trackflow.upkeep.letter import Letter, printable
from trackflow.upkeep.raw import RawMessage

DEATH = {
    "queue": "showcase.payment",
    "reason": "delivery_limit",
    "count": 1,
    "exchange": "",
    "routing-keys": ["order"],
    "time": datetime(2026, 1, 31, 12),
}


def letter(
    body: bytes = b"{}",
    headers: dict[Any, Any] | None = None,
    undecodable: str | None = None,
    **properties: Any,
) -> Letter:
    raw = RawMessage(body, properties, headers or {}, 1, "showcase.payment.dead", undecodable)
    return Letter("showcase.payment", raw)


def test_what_recovery_wrote_down_is_read() -> None:
    made = letter(headers=WHY)

    assert (made.reason, made.error, made.message, made.attempts, made.at) == (
        "permanent",
        "ValueError",
        "no such customer",
        1,
        datetime(2026, 1, 31, 12, tzinfo=UTC),
    )


def test_what_the_broker_wrote_down_is_read() -> None:
    # Given a letter that the broker moved, after a trip through a queue of the ladder
    trip = {**DEATH, "queue": "showcase.payment.retry.5s", "reason": "expired"}
    made = letter(headers={"x-death": [trip, DEATH], "trackflow-error": "Timeout"})

    assert (made.reason, made.at) == ("delivery_limit", datetime(2026, 1, 31, 12, tzinfo=UTC))
    assert (made.error, made.message) == (None, None)  # the last try's error killed nothing


def test_event_and_order_are_read_from_the_body_before_the_properties() -> None:
    made = letter(b'{"event": "Order_Placed", "businessKey": "4711"}', type="lie", correlation_id="lie")
    unreadable = letter(b"rubbish", type="Order_Placed", correlation_id="4711")

    assert (made.event, made.business_key) == ("Order_Placed", "4711")
    assert (unreadable.event, unreadable.business_key) == ("Order_Placed", "4711")
    assert (letter().event, letter().business_key) == (None, None)


@pytest.mark.parametrize("identity", [None, "", "a\nb", "\x1b[2J", " ", "x" * 256, 7, "\u202eabc", "\udc80"])
def test_an_id_that_nobody_could_type_is_replaced_by_a_hash(identity: Any) -> None:
    made = letter(b"1", message_id=identity)

    assert made.id == letter(b"1", message_id=identity).id
    assert len(made.id) == 16
    assert made.id.isalnum()
    assert made.id != letter(b"2", message_id=identity).id


def test_the_hash_is_that_of_the_event_and_not_of_its_death() -> None:
    first = letter(b"1", {**WHY, "x-delivery-count": 3, "mine": 1})
    second = letter(b"1", {**WHY, "trackflow-at": "2026-02-01T12:00:00+00:00", "mine": 1})

    assert first.id == second.id
    assert first.id != letter(b"1", {**WHY, "mine": 2}).id


def test_letters_with_one_id_are_copies_only_if_their_bodies_are_equal() -> None:
    assert letter(b"1", message_id="id").content == letter(b"1", WHY, message_id="id").content
    assert letter(b"1", message_id="id").content != letter(b"2", message_id="id").content


def test_headers_of_its_death_do_not_go_back() -> None:
    made = letter(headers={**WHY, "x-death": [DEATH], "CC": ["other"], "trackflow-attempt": 3, "cause": "id"})

    assert made.headers == {"cause": "id"}


HOSTILE: list[dict[Any, Any]] = [
    dict.fromkeys((*WHY, "x-death"), value)
    for value in (None, 5, -1, True, 2.5, b"\xff", [], [5], [{}], {"reason": 5}, "\x1b[2J\n", "x" * 100_000)
]


@pytest.mark.parametrize("headers", [*HOSTILE, {"x-death": [{**DEATH, "reason": 5, "time": "now"}]}])
def test_hostile_headers_say_nothing_that_a_terminal_obeys(headers: dict[Any, Any]) -> None:
    made = letter(b"[" * 100_000, headers, type="\x9b2J", correlation_id="\u202e")

    for text in (made.reason, made.error, made.message, made.event, made.business_key, made.id):
        assert text is None or (text.isprintable() and len(text) <= 500)
    assert made.attempts is None or made.attempts == 5
    assert made.at is None


def test_an_undecodable_letter_says_so() -> None:
    made = letter(headers={"trackflow-undecodable": "why\n"}, undecodable="why\n")

    assert (made.reason, made.message) == ("undecodable", "why�")


def test_printable_text_is_cut_and_cleaned() -> None:
    assert printable("a\tb") == "a�b"
    assert printable("x" * 300, 10) == "x" * 10
    assert printable("") is None
    assert printable(b"bytes") is None
