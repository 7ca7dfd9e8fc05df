"""Each case in ../cases, step by step, against what Operaton 1.0.3 did."""

from pathlib import Path

import pytest

from tests.engines.fidelity.cases import case_of, paths, recorded
from tests.engines.fidelity.comparison import difference, told
from tests.engines.fidelity.ours import OurEngine


@pytest.mark.parametrize("path", paths(), ids=lambda path: path.stem)
def test_every_step_is_the_same(path: Path) -> None:
    # Given a recording
    theirs = recorded(path)

    # When the embedded engine plays the same script with the same model
    [ours] = OurEngine().play([case_of(path)])

    # Then each answer, and every instance after each step, is as on the engine
    different = difference(theirs, ours)
    assert different is None, f"{different}\n{told(ours.steps, ours)}"
    assert len(ours.answers) == len(theirs.answers) > 0


def test_there_are_cases() -> None:
    assert len(paths()) >= 130
