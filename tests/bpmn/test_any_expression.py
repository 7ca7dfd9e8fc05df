"""Whatever stands in a model, and whatever an event brings: a value or an ExpressionError, and soon."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Mapping
from functools import partial
from types import FrameType

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.bpmn.juel.generated import NAMES, TEXTS
from tests.bpmn.use_of_expressions import use
from trackflow.bpmn import expressions
from trackflow.bpmn.expressions import LENGTH
from trackflow.bpmn.tokens import names_in
from trackflow.errors import ExpressionError

# More: TEST_EXPRESSIONS=100000 .venv/bin/python -m pytest tests/bpmn/test_any_expression.py
EXAMPLES = int(os.environ.get("TEST_EXPRESSIONS", "100"))
QUICK = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text())
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)
VARIABLES = st.builds(dict.fromkeys, st.just(NAMES), JSON)
SURROGATES = "\ud83d"  # half of a character, as no text in UTF-8 has it but a JSON escape can say


@QUICK
@given(text=st.text(), variables=VARIABLES)
@example(text="${" + SURROGATES, variables={})
@example(text="${a.substring(1)}", variables={"a": "x" + SURROGATES + "y"})
def test_any_text_is_an_expression_or_an_expression_error(text: str, variables: dict[str, object]) -> None:
    use(text, variables)
    use("${" + text, variables)
    use("${" + text + "}", variables)


@QUICK
@given(text=TEXTS, variables=VARIABLES)
@example(text="${a.indexOf(b) + a.length()}", variables={"a": SURROGATES, "b": "x"})
@example(text="${a < b}", variables={"a": SURROGATES, "b": "x"})
@example(text="x${a}", variables={"a": 10**5000})
@example(text="${a.contains(b)}", variables={"a": [[1]], "b": [1]})
def test_any_expression_has_a_value_or_an_expression_error(text: str, variables: dict[str, object]) -> None:
    use(text, variables)


def test_values_as_deep_and_as_large_as_can_be_read_are_no_danger() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    large = {"a": deep, "b": [deep], "c": "1" * 1_000_000, "d": "x" * 1_000_000, "größe": 10**100_000}
    asked = (
        *("a == b", "b.contains(a)", "a.foo", "a", "c + d", "d + c", "1.5 + c", "c.substring(d)", "d.size()"),
        *("größe + größe", "a[größe]", "c < d", "c == 1", "d.trim().toUpperCase().equalsIgnoreCase(d)"),
    )
    for text in asked:
        use(f"${{{text}}}", large)
        use(f"x${{{text}}}", large)
    with pytest.raises(ExpressionError, match=f"its value has more than {LENGTH} characters"):
        expressions.compile("${d}" * 900).evaluate(large)


def _steps(do: Callable[[], object]) -> int:
    """How many calls Python makes for it, its own functions and those in C."""
    count = 0

    def step(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(step)
    try:
        do()
    except ExpressionError:
        pass
    finally:
        sys.setprofile(None)
    return count


PATTERNS = (
    *("1+", "1*", "a&&", "b||", "a==", "a<", "- ", "!", "(", "a?1:", "a?a:", "b[0]", "b.k", "a.equals("),
    *(
        "'",
        '"',
        "'\\",
        "''",
        "${",
        "#{",
        "${a}",
        "${1}x",
        "\\${",
        "\\",
        "a",
        "é",
        "²",
        "😀",
        "\x00",
        "1",
        "1.",
    ),
    *(
        "}",
        "${}",
        "a,",
        "empty ",
        "a mod ",
        "execution.getVariable('a')",
        "execution.",
        "a.b(c)[d]e?f:g",
        ".5",
    ),
    *("1e1", "d.trim()", "'x'"),
)


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize(("before", "after"), [("", ""), ("${", "1}"), ("${a", "}")])
def test_what_a_text_costs_grows_as_its_length(before: str, pattern: str, after: str) -> None:
    variables: Mapping[str, object] = {"a": True, "b": [[0]], "d": "x"}

    def cost(length: int) -> int:
        text = before + pattern * (length // len(pattern)) + after
        return _steps(lambda: (names_in(text), expressions.compile(text).evaluate(variables)))

    short, long = cost(LENGTH // 8), cost(LENGTH // 2)
    assert long < 4.4 * short + 200
    assert long < 60 * LENGTH // 2


def test_random_words_in_the_longest_texts_cost_no_more() -> None:
    words = [
        *"()[]{}.,:?!<>=+-*/%'\"\\ ",
        "${",
        "&&",
        "||",
        "a",
        "b",
        "d",
        "1",
        "2.5",
        " empty ",
        ".k",
        ".trim()",
    ]
    chance = random.Random(20)
    for _ in range(100):
        text = "${" + "".join(chance.choices(words, k=LENGTH))[: LENGTH - 2]
        assert _steps(partial(use, text, {"a": 1, "b": [2], "d": "x"})) < 60 * LENGTH
