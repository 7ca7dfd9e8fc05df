"""1,000 random models and scripts on both real engines and on the embedded one: no step differs."""

from collections.abc import Callable

import pytest

from tests.engines.fidelity.ours import OurEngine
from tests.engines.fidelity.real import RealEngine
from tests.engines.fidelity.run import Run

MODELS = 1000
SHOWN = 3  # of those that differ; each is shrunk, which takes a while


@pytest.mark.engine
@pytest.mark.timeout(1800)
def test_a_thousand_random_models_do_the_same(
    still_engine_of: Callable[[str], RealEngine],
    record_property: Callable[[str, object], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Given both real engines beside ours
    run = Run(still_engine_of("operaton"), still_engine_of("camunda"), OurEngine())

    # When all play the same scripts with the same models
    differing = run.differing(range(MODELS))

    # Then they do the same at every step
    record_property("figures", str(run.figures))
    with capsys.disabled():
        print(f"\n{run.figures}")
    shown = "\n\n".join(str(run.shrunk(finding)) for finding in differing[:SHOWN])
    assert not differing, (
        f"{len(differing)} differ: {[(each.engine, each.seed) for each in differing]}\n{shown}"
    )
