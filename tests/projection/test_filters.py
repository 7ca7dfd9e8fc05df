"""Filters are read from a URL, and a saved filter is a URL."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest

from trackflow.errors import FilterError
from trackflow.masking import Mask
from trackflow.projection.cursor import Cursor, Position, Sorting
from trackflow.projection.filters import Chip, Filter

MASK = Mask(("*card*", "secret"))


def read(query: str) -> Filter:
    return Filter.of(parse_qsl(query, keep_blank_values=True), MASK)


@pytest.mark.parametrize(
    ("query", "filter_"),
    [
        ("", Filter()),
        ("key=47", Filter(key="47")),
        ("state=running&state=waiting&state=running", Filter(state=("running", "waiting"))),
        ("process=track-flow&version=3", Filter(process="track-flow", version=3)),
        ("last_event=A&awaits=B&element=C", Filter(last_event="A", awaits="B", element="C")),
        ("outcome=refused&late=true&deviates=false", Filter(outcome="refused", late=True, deviates=False)),
        ("deviation=early%3APayment_Done", Filter(deviation="early:Payment_Done")),
        (
            "older_than=90s&younger_than=2h",
            Filter(older_than=timedelta(seconds=90), younger_than=timedelta(hours=2)),
        ),
        ("started_from=2026-01-31T12:00", Filter(started_from=datetime(2026, 1, 31, 12, tzinfo=UTC))),
        ("started_before=2026-01-31", Filter(started_before=datetime(2026, 1, 31, tzinfo=UTC))),
        (
            "payload.amount=150&payload.to.city=Z%C3%BCrich",
            Filter(payload=(("amount", "150"), ("to.city", "Zürich"))),
        ),
        ("key=%3Cscript%3E&payload.a%26b=%3D1", Filter(key="<script>", payload=(("a&b", "=1"),))),
    ],
)
def test_a_filter_is_read_from_a_url_and_written_into_one(query: str, filter_: Filter) -> None:
    assert read(query) == filter_
    assert read(filter_.query) == filter_


def test_what_a_form_leaves_empty_chooses_nothing() -> None:
    assert read("key=&state=&version=&late=&older_than=&payload.x=") == Filter()


def test_the_same_filter_has_one_url() -> None:
    assert read("late=true&key=a&state=running").query == "key=a&state=running&late=true"
    assert read("started_from=2026-01-31T13:00%2B01:00").query == "started_from=2026-01-31T12%3A00"
    assert read("older_than=7200s&younger_than=0s").query == "older_than=2h&younger_than=0s"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("state=runing", "state='runing': should be running, completed,"),
        ("outcome=correlated", "outcome='correlated': should be"),
        ("colour=red", "colour='red': there is no such filter"),
        ("version=-1", "version='-1': should be a whole number"),
        ("version=99999999999", "version='99999999999': should be a whole number"),
        ("version=%C2%B2", "version='²': should be a whole number"),
        ("late=yes", "late='yes': should be true or false"),
        (
            "deviation=sooner:A",
            "deviation='sooner:A': should be like early:Payment_Done; its kinds",
        ),
        ("deviation=early:", "deviation='early:': should be like"),
        ("older_than=soon", "older_than='soon': should be an age like"),
        ("started_from=yesterday", "started_from='yesterday': should be a time like"),
        ("started_from=0001-01-01T00:00%2B23:00", "started_from="),
        ("key=a&key=b", "key='b': is given twice"),
        ("key=a%00b", r"key='a\x00b': should have no control character"),
        ("key=" + "x" * 256, "key='" + "x" * 80 + "': should have 1 to 255 bytes"),
        ("payload.=1", "payload.='1': should"),
        ("payload.a..b=1", "payload.a..b='1': should name a field"),
        ('payload.a"b=1', "payload.a\"b='1': should name a field"),
        ("payload.a=%00", "payload.a="),
        ("&".join(f"payload.f{number}=1" for number in range(6)), "payload.f5: is one"),
        ("payload.f5=1&" + "&".join(f"payload.f{number}=1" for number in range(5)), "than 5"),
    ],
)
def test_a_wrong_filter_is_told_by_parameter_and_value(query: str, words: str) -> None:
    with pytest.raises(FilterError) as caught:
        read(query)

    assert words in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "field", ["card_number", "CARD", "secret", "to.secret", "secret.city", "a.my_card.b"]
)
def test_nobody_filters_by_a_masked_field(field: str) -> None:
    with pytest.raises(FilterError, match="masked") as caught:
        read(f"payload.{field}=4111")

    assert "4111" not in str(caught.value)


def test_each_condition_is_shown_with_the_url_that_is_without_it() -> None:
    assert read("state=running&state=waiting&payload.a=1").chips == [
        Chip("state", "running", "state=waiting&payload.a=1"),
        Chip("state", "waiting", "state=running&payload.a=1"),
        Chip("payload.a", "1", "state=running&state=waiting"),
    ]


def test_parameters_of_others_are_left_to_them() -> None:
    assert Filter.of([("sort", "key"), ("key", "a")], MASK, others=("sort",)) == Filter(key="a")


def test_an_age_and_a_moment_narrow_each_other() -> None:
    now = datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()

    since, until = read("younger_than=1h&started_from=2026-01-31&older_than=999999d").started(now)

    assert since == now - 3600
    assert until == now - 999_999 * 86_400


@pytest.mark.parametrize("sort", ["started", "-updated", "since"])
def test_a_cursor_comes_back_as_it_went(sort: str) -> None:
    cursor = Cursor(Sorting.of(sort), Position(1234.5678901234567, "🦊 ' \" <"), backwards=True)

    assert Cursor.of(str(cursor), Sorting.of(sort)) == cursor


@pytest.mark.parametrize("text", ["x", "", "====", "e30", "W10", "bnVsbA", "é", "W1tbW1tb" * 500])
def test_a_forged_cursor_is_refused(text: str) -> None:
    with pytest.raises(FilterError, match="cursor="):
        Cursor.of(text, Sorting.of("started"))


@pytest.mark.parametrize("value", ["NaN", "Infinity", "true", '"a"', "null", "9" * 400, "[]"])
def test_a_cursor_holds_a_number_where_one_is_sorted_by(value: str) -> None:
    forged = base64.urlsafe_b64encode(f'["started",false,{value},"k"]'.encode()).decode()

    with pytest.raises(FilterError, match="is none that a list has given"):
        Cursor.of(forged, Sorting.of("started"))


def test_a_cursor_of_another_order_is_refused() -> None:
    cursor = Cursor(Sorting.of("-started"), Position(1.0, "k"))

    with pytest.raises(FilterError, match="sorted by -started, not by key"):
        Cursor.of(str(cursor), Sorting.of("key"))


def test_a_wrong_sort_is_told() -> None:
    with pytest.raises(FilterError, match="sort='size': should be started"):
        Sorting.of("size")
