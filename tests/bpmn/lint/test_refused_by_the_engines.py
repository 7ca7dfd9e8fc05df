"""Our rules for what the engine family refuses, against the family itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.bpmn.lint.models import model
from tests.bpmn.lint.refused_models import CASES, Case
from trackflow.bpmn import Model
from trackflow.bpmn.lint import Severity, refused_by_the_family
from trackflow.engines.camunda import CamundaEngine
from trackflow.errors import EngineRefused, ModelError


def model_of(case: Case) -> Model:
    return model(case.body, case.beside, attributes=case.attributes, after=case.after)


@pytest.mark.parametrize("name", CASES)
def test_each_model_breaks_the_rule_that_it_should_or_none(name: str) -> None:
    found = list(refused_by_the_family(model_of(CASES[name])))

    assert CASES[name].rule in ({finding.rule for finding in found} or {None})
    for finding in found:
        assert finding.severity is Severity.ERROR
        assert finding.file == "orders.bpmn"
        assert finding.line
        assert "\n" not in finding.text


@pytest.mark.engine
@pytest.mark.timeout(600)
@pytest.mark.parametrize("family", ["operaton", "camunda"])
def test_the_real_engines_refuse_exactly_the_same_models(
    engine_url_of: Callable[[str], str], family: str
) -> None:
    engine = CamundaEngine(engine_url_of(family), frozenset())

    refused = {
        name: _refusal(engine, model_of(case), f"lint-{n}") for n, (name, case) in enumerate(CASES.items())
    }

    differ = {name: words for name, words in refused.items() if (words is None) != (CASES[name].rule is None)}
    assert differ == {}


def _refusal(engine: CamundaEngine, refused: Model, tenant: str) -> str | None:
    try:
        engine.deploy([refused], tenant)
    except (ModelError, EngineRefused) as exc:
        return str(exc)
    return None
