"""1,000 random models and scripts on a real engine and on the embedded one: no step differs."""

from collections.abc import Callable

import pytest

from tests.engines.fidelity.real import RealEngine
from tests.engines.fidelity.run import Run

MODELS = 1000
SHOWN = 3  # of those that differ; each is shrunk, which takes a while


@pytest.mark.engine
@pytest.mark.timeout(1800)
def test_a_thousand_random_models_do_the_same(
    still_engine: RealEngine,
    record_property: Callable[[str, object], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Given a real engine beside ours
    run = Run(still_engine)

    # When both play the same scripts with the same models
    differing = list(run.differing(range(MODELS)))

    # Then they do the same at every step
    record_property("figures", str(run.figures))
    with capsys.disabled():
        print(f"\n{still_engine.name}: {run.figures}")
    shown = "\n\n".join(str(run.shrunk(finding)) for finding in differing[:SHOWN])
    assert not differing, (
        f"{len(differing)} of {MODELS} differ: seeds {[each.seed for each in differing]}\n{shown}"
    )
