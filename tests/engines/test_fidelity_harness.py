"""The comparison itself: an interpreter with one wrong rule is found, and the model is shrunk."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Lock

import pytest

from tests.engines.fidelity.drawing import Node as Drawn
from tests.engines.fidelity.ours import OurEngine
from tests.engines.fidelity.random_models import drawn
from tests.engines.fidelity.run import Run
from tests.engines.fidelity.safety import ends
from tests.engines.fidelity.script import Case, Played
from trackflow.engines.embedded.models.behaviours import BEHAVIOURS
from trackflow.engines.embedded.models.process import Behaviour, Node
from trackflow.engines.embedded.steps import entering, gateways, scopes
from trackflow.engines.embedded.steps.state import Token
from trackflow.engines.embedded.steps.step import Move, Step

_RULES = Lock()  # a rule that is made wrong is wrong for everybody


class RightEngine(OurEngine):
    """Plays while no rule is wrong."""

    def play(self, cases: Sequence[Case]) -> list[Played]:
        with _RULES:
            return super().play(cases)


class WrongEngine(OurEngine):
    """Plays while one rule is wrong."""

    name = "wrong"

    def __init__(self, patches: pytest.MonkeyPatch, make_wrong: Callable[[pytest.MonkeyPatch], None]) -> None:
        super().__init__()
        self._patches = patches
        self._make_wrong = make_wrong

    def play(self, cases: Sequence[Case]) -> list[Played]:
        with _RULES, self._patches.context() as wrong:
            self._make_wrong(wrong)
            return super().play(cases)


def _a_terminate_end_event_ends_nothing_else(patches: pytest.MonkeyPatch) -> None:
    patches.setitem(BEHAVIOURS, ("endEvent", "terminate"), Behaviour.END)


def _a_boundary_event_never_interrupts(patches: pytest.MonkeyPatch) -> None:
    right = entering.break_in

    def wrong(step: Step, node: Node, host: Token) -> Move:
        return right(step, replace(node, interrupting=False), host)

    patches.setattr(entering, "break_in", wrong)


def _an_inclusive_join_never_waits(patches: pytest.MonkeyPatch) -> None:
    patches.setattr(gateways, "merge", scopes.leave)


def _is_terminate(element: Drawn) -> bool:
    return element.event == "terminate"


def _is_interrupting(element: Drawn) -> bool:
    return element.type == "boundaryEvent" and element.interrupting


def _is_inclusive(element: Drawn) -> bool:
    return element.type == "inclusiveGateway"


@pytest.mark.parametrize(
    ("make_wrong", "seeds", "shows_it"),
    [
        # seeds among which are models that show it: 100 would do for each, and take longer
        (_a_terminate_end_event_ends_nothing_else, range(70, 80), _is_terminate),
        (_a_boundary_event_never_interrupts, range(20, 25), _is_interrupting),
        (_an_inclusive_join_never_waits, range(95, 100), _is_inclusive),
    ],
)
def test_a_wrong_rule_is_found_and_the_model_that_shows_it_is_small(
    make_wrong: Callable[[pytest.MonkeyPatch], None],
    seeds: range,
    shows_it: Callable[[Drawn], bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given an engine that does right, and one with a wrong rule
    run = Run(RightEngine(), WrongEngine(monkeypatch, make_wrong))

    # When both play random models
    found = run.differing(seeds)
    small = run.shrunk(found[-1])

    # Then one is found on which they differ, and what is left of it is the element with the wrong rule and
    # what it takes to come there with another token
    elements = list(small.sample.process.all())
    assert any(map(shows_it, elements)), str(small)
    assert len(elements) <= 6, str(small)
    assert len(small.sample.steps) <= 3


def test_two_engines_that_do_the_same_do_not_differ() -> None:
    run = Run(OurEngine(), OurEngine())
    assert run.differing(range(50)) == []
    assert run.figures.models == 50
    assert run.figures.outcomes["accepted"] > 150


def test_a_seed_gives_one_model() -> None:
    assert drawn(4711) == drawn(4711)
    assert drawn(4711) != drawn(4712)


def test_no_random_model_runs_for_ever() -> None:
    assert all(ends(drawn(seed)) for seed in range(200))
