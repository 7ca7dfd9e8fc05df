import pytest

from trackflow.engines.variables import variables_of


def test_only_the_wanted_fields_of_an_object_are_kept() -> None:
    payload = {"amount": 150, "name": "Ann", "email": "ann@example.org"}
    assert variables_of(payload, frozenset({"amount", "rate"})) == {"amount": 150}
    assert variables_of(payload, frozenset()) == {}


@pytest.mark.parametrize("value", ["invoice", 1, 2.5, True, None])
def test_a_scalar_stays_as_it_is(value: str | int | float | bool | None) -> None:
    assert variables_of({"x": value}, frozenset({"x"})) == {"x": value}
    assert variables_of(value, frozenset({"payload", "x"})) == {"payload": value}


def test_a_list_or_an_object_becomes_its_json_text() -> None:
    wanted = frozenset({"tags", "order", "payload"})
    assert variables_of({"tags": ["ä", 1], "order": {"a": None}}, wanted) == {
        "tags": '["ä",1]',
        "order": '{"a":null}',
    }
    assert variables_of([1, 2], wanted) == {"payload": "[1,2]"}


def test_an_object_is_not_also_the_variable_payload() -> None:
    assert variables_of({"a": 1}, frozenset({"payload"})) == {}
    assert variables_of({"payload": 1}, frozenset({"payload"})) == {"payload": 1}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x" * 4000, "x" * 4000),
        ("x" * 4001, "x" * 4000),
        ("🦊" * 2001, "🦊" * 2000),  # two UTF-16 code units each
        ("x" + "🦊" * 2000, "x" + "🦊" * 1999),  # never half of one
        ("a\0b", "a\ufffdb"),
        ("half \ud83d", "half ?"),
        ([["x" * 5000]], '[["' + "x" * 3997),
    ],
)
def test_a_text_is_cut_to_what_every_database_of_every_engine_keeps(text: object, kept: str) -> None:
    assert variables_of({"x": text}, frozenset({"x"})) == {"x": kept}
