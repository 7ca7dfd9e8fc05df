"""The cases are what the engines do: played again on each family, all is as recorded."""

import pytest

from tests.engines.fidelity.cases import case_of, paths, recorded
from tests.engines.fidelity.comparison import difference
from tests.engines.fidelity.real import RealEngine

pytestmark = pytest.mark.engine


def test_the_recordings_are_what_the_engine_does(still_engine: RealEngine) -> None:
    # Given all cases
    files = paths()

    # When the engine plays them
    played = still_engine.play([case_of(path) for path in files])

    # Then it does what was recorded from Operaton
    differences = {
        path.stem: str(different)
        for path, again in zip(files, played, strict=True)
        if (different := difference(recorded(path), again))
    }
    assert differences == {}
