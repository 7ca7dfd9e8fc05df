"""The comparison itself: an interpreter with one wrong rule is found, and the model is shrunk."""

from collections.abc import Sequence

import pytest

from tests.engines.fidelity.ours import OurEngine
from tests.engines.fidelity.random_models import drawn
from tests.engines.fidelity.run import Run
from tests.engines.fidelity.safety import ends
from tests.engines.fidelity.script import Case, Played
from trackflow.engines.embedded.behaviours import BEHAVIOURS
from trackflow.engines.embedded.process import Behaviour


class OneRuleWrong(OurEngine):
    """To it a terminate end event is like any other: the other tokens go on."""

    def __init__(self, patches: pytest.MonkeyPatch) -> None:
        self._patches = patches

    def play(self, cases: Sequence[Case]) -> list[Played]:
        with self._patches.context() as wrong:
            wrong.setitem(BEHAVIOURS, ("endEvent", "terminate"), Behaviour.END)
            return super().play(cases)


def test_a_wrong_rule_is_found_and_the_model_that_shows_it_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given an engine that does right, and one with a wrong rule
    run = Run(OurEngine(), OneRuleWrong(monkeypatch))

    # When both play random models
    found = next(run.differing(range(200)))
    small = run.shrunk(found)

    # Then one is found on which they differ, and what is left of it is the terminate end event and what it
    # takes to have another token
    elements = list(small.sample.process.all())
    assert any(element.event == "terminate" for element in elements)
    assert len(elements) <= 6, str(small)
    assert len(small.sample.steps) <= 3
    assert "<terminateEventDefinition/>" in str(small)


def test_two_engines_that_do_the_same_do_not_differ() -> None:
    run = Run(OurEngine(), OurEngine())
    assert list(run.differing(range(50))) == []
    assert run.figures.models == 50
    assert run.figures.outcomes["accepted"] > 150


def test_a_seed_gives_one_model() -> None:
    assert drawn(4711) == drawn(4711)
    assert drawn(4711) != drawn(4712)


def test_no_random_model_runs_for_ever() -> None:
    assert all(ends(drawn(seed)) for seed in range(200))
