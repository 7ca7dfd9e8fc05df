"""What an expression's value is, or that it has none: the same as in the JUEL of the real engines."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.bpmn.juel import oracle
from tests.bpmn.juel.agreement import difference, ours
from tests.bpmn.juel.generated import TEXTS, VARIABLES
from tests.bpmn.juel.recorded import RECORDED
from tests.bpmn.juel.variables import VARIABLES as RECORDED_VARIABLES
from tests.servers.engine import FAMILIES
from tests.servers.needed import need
from trackflow.bpmn.cursor import DEPTH
from trackflow.bpmn.expressions import LENGTH

# More, and others: TEST_EXPRESSIONS=100000 .venv/bin/python -m pytest tests/bpmn/test_same_as_juel.py
EXAMPLES = int(os.environ.get("TEST_EXPRESSIONS", "600"))
REPEATABLE = settings(
    max_examples=EXAMPLES,
    derandomize="TEST_EXPRESSIONS" not in os.environ,
    database=None,
    deadline=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
pytestmark = pytest.mark.engine


@pytest.fixture(scope="module", params=FAMILIES)
def juel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[oracle.Oracle]:
    need(oracle.missing(request.param))
    process = oracle.Oracle(tmp_path_factory.mktemp(request.param), request.param)
    yield process
    process.stop()


@pytest.mark.timeout(120 + EXAMPLES // 10)
def test_generated_expressions_have_the_value_that_juel_gives_them(juel: oracle.Oracle) -> None:
    @REPEATABLE
    @given(text=TEXTS, variables=VARIABLES)
    def is_same(text: str, variables: dict[str, object]) -> None:
        assert difference(ours(text, variables), juel.ask(text, variables), juel.java) is None

    is_same()


def test_what_is_recorded_is_what_juel_says(juel: oracle.Oracle) -> None:
    for text, recorded in RECORDED.items():
        said = juel.ask(text, RECORDED_VARIABLES)
        assert difference(recorded, said, juel.java) is None, text
        assert said.kind == recorded.kind, text


@pytest.mark.parametrize(
    "text",
    [
        "${name['length']()}",
        "${name.bytes != null}",
        "${amount['class'] != null}",
        "${name.replace('n', 'm')}",
        "${name.startsWith('A', 0)}",
        "${name.indexOf(110)}",
        "x${tags}",
        "${tags == blank}",
        "${'0x1p3' + 1.0}",
        "${emoji.substring(2)}",
        "${" + "(" * DEPTH + "1" + ")" * DEPTH + "}",
        "${1" + " + 1" * (LENGTH // 4) + "}",
        "x" * LENGTH + "${name}",
        "${name}" * (LENGTH // 7) + "${emoji}" * 700,
    ],
)
def test_what_is_refused_for_all_that_juel_can_evaluate_it_is_in_the_closed_list(
    juel: oracle.Oracle, text: str
) -> None:
    assert juel.ask(text, RECORDED_VARIABLES).kind == "value"
    assert ours(text, RECORDED_VARIABLES).kind != "value"
