"""The projection of orders on a real Operaton, where people move and end instances too."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.projection.shop import CHOREOGRAPHY, EAGER, ORDER, counts, settle
from tests.projection.shop import Shop as EmbeddedShop
from trackflow.bpmn import Model
from trackflow.engines.camunda import CamundaEngine
from trackflow.engines.camunda.rest import segment
from trackflow.message import Message
from trackflow.projection.projector import Projector
from trackflow.tracking.ledger import Ledger
from trackflow.tracking.tracker import open_tracker

pytestmark = pytest.mark.engine


class Shop(EmbeddedShop):
    """Orders on an engine elsewhere, of a tenant of their own."""

    def __init__(self, ledger: Ledger, model: Model, engine: CamundaEngine) -> None:
        self.ledger, self.engine, self.tenant = ledger, engine, f"t-{uuid4().hex[:12]}"
        engine.deploy([model], self.tenant)
        self.tracker = open_tracker(ledger, engine, self.tenant, model.starts)

    def hear(self, event: str, key: str, **fields: object) -> str:
        return self.tracker.handle(Message.new(tenant=self.tenant, business_key=key, event=event, **fields))

    def projector(self, **settings: object) -> Projector:
        return Projector(self.ledger, self.engine, self.tenant, CHOREOGRAPHY, **settings)


@pytest.fixture
def remote(tmp_path: Path, engine_url: str, track_flow: Model) -> Iterator[Shop]:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", survives_power_cut=False)
    yield Shop(ledger, track_flow, CamundaEngine(engine_url))
    ledger.close()


def test_orders_are_shown_where_the_engine_has_them(remote: Shop) -> None:
    # Given an order that waits, one that has ended, and a late event
    remote.hear("Order_Placed", "waits")
    for event in ORDER:
        remote.hear(event, "ended")
    projector = remote.projector()
    settle(projector)
    assert counts(remote, "element") == {"payment_done": 1}
    assert counts(remote, "state") == {"running": 1, "completed": 1}
    assert not remote.standing("ended")["deviates"]

    # Then an event after the end is a deviation
    remote.hear("Payment_Done", "ended")
    settle(projector)
    assert remote.standing("ended")["deviations"] == '["unmatched:Payment_Done"]'


def test_what_people_do_in_the_engine_is_noticed_without_an_event(remote: Shop) -> None:
    # Given two orders that wait for their payment
    for key in ("moved", "ended"):
        remote.hear("Order_Placed", key)
    projector = remote.projector(speed=EAGER)
    settle(projector)
    instances = {key: remote.standing(key)["instance_id"] for key in ("moved", "ended")}

    # When somebody moves one past an element, and ends the other
    rest = remote.engine._rest
    moved = {
        "instructions": [
            {"type": "cancel", "activityId": "payment_done"},
            {"type": "startBeforeActivity", "activityId": "goods_shipped"},
        ]
    }
    assert rest.change(f"/process-instance/{segment(instances['moved'])}/modification", moved).ok
    rest.delete(f"/process-instance/{segment(instances['ended'])}", skipCustomListeners="true")
    projector._steps._asked_at = 0.0
    settle(projector)

    # Then both are shown so, and said to deviate
    assert counts(remote, "element") == {"goods_shipped": 1}
    assert counts(remote, "state") == {"running": 1, "terminated": 1}
    assert remote.standing("moved")["deviations"] == '["skipped:goods_fetched"]'
    assert remote.standing("ended")["deviations"] == '["terminated:payment_done"]'


def test_orders_are_caught_up_when_the_engine_is_back(remote: Shop) -> None:
    remote.hear("Order_Placed", "4711")
    url, remote.engine = remote.engine, CamundaEngine("http://127.0.0.1:1/engine-rest")
    projector = remote.projector()
    settle(projector)
    assert counts(remote, "state") == {"unknown": 1}
    assert "cannot be reached" in (projector._steps.asking.error or "")

    # When it is there again
    projector._steps.asking._engine = url
    projector._steps.asking._away_until = 0.0
    projector._steps._asked_at = 0.0
    settle(projector)

    assert counts(remote, "state") == {"running": 1}
    assert counts(remote, "element") == {"payment_done": 1}
