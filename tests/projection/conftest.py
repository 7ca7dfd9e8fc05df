from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engines.embedded.conftest import model_of  # noqa: F401  (a fixture)
from tests.projection.shop import Shop
from tests.tracking.conftest import ledger, ledger_url  # noqa: F401  (fixtures)
from trackflow.bpmn import Model, read
from trackflow.tracking.ledger import Ledger

TRACK_FLOW = Path(__file__).parents[2] / "bpmn" / "track-flow.bpmn"


@pytest.fixture
def track_flow() -> Model:
    return read(TRACK_FLOW)


@pytest.fixture
def shop(ledger: Ledger, track_flow: Model) -> Shop:  # noqa: F811
    """The order process, on the embedded engine."""
    return Shop(ledger, [track_flow])


@pytest.fixture
def in_file(tmp_path: Path) -> Iterator[Callable[[list[Model]], Shop]]:
    """A shop of other models, in a file."""
    opened = []

    def shop_of(models: list[Model]) -> Shop:
        opened.append(Ledger(f"sqlite:///{tmp_path}/ledger.db", survives_power_cut=False))
        return Shop(opened[-1], models)

    yield shop_of
    for each in opened:
        each.close()
