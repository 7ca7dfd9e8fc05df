"""What nobody should read is hidden, also in a form that comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trackflow.masking import HIDDEN, Concealed, Mask

MASK = Mask(("card*", "*secret*"))


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ({"card": "4111", "amount": 1}, {"card": HIDDEN, "amount": 1}),
        ({"CARD_Number": 4111}, {"CARD_Number": HIDDEN}),
        ({"a": [{"my_secret": {"deep": 1}}]}, {"a": [{"my_secret": HIDDEN}]}),
        ({"discard": 1}, {"discard": 1}),
        ("card", "card"),
        (None, None),
    ],
)
def test_hidden_fields_are_masked_however_deep(value: Any, masked: Any) -> None:
    assert MASK.masked(value) == masked


def test_what_was_left_as_it_was_is_there_again() -> None:
    value = {"card": "4111", "amount": 1, "lines": [{"card": "A"}, {"card": {"deep": "B"}}]}
    form = Concealed(MASK, value)

    assert form.value == {
        "card": "•••",
        "amount": 1,
        "lines": [{"card": "••• 2"}, {"card": "••• 3"}],
    }
    assert form.reveal(json.loads(json.dumps(form.value))) == value


def test_each_hidden_value_stays_with_its_mark_when_others_move() -> None:
    form = Concealed(MASK, [{"card": "A"}, {"card": "B"}, {"card": "C"}])

    assert form.reveal([{"card": "••• 3"}, {"card": "•••"}, {"card": "new"}]) == [
        {"card": "C"},
        {"card": "A"},
        {"card": "new"},
    ]


@pytest.mark.parametrize(
    "edited",
    [
        {"note": "•••"},  # anybody could read it there
        {"notes": ["•••"]},
        "•••",
        {"card": "••• 2"},  # there is no second
        {"card": "•••x"},
        {"card": ["•••"]},
    ],
)
def test_a_mark_elsewhere_reveals_nothing(edited: Any) -> None:
    with pytest.raises(ValueError, match="stands for"):
        Concealed(MASK, {"card": "4111"}).reveal(edited)
