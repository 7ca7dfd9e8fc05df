"""An order whose process calls another one is one order, of the process that no other called."""

from collections.abc import Callable

from tests.engines.called_models import CALLED, call, end, model, receive, start
from tests.projection.shop import Shop, counts, settle
from trackflow.bpmn import Model

CALLER = model("caller", start() + call("K", "called") + receive("B", "B") + end("E"), "S>K>B>E")


def test_an_order_with_a_called_instance_is_one_of_its_callers_process(
    in_file: Callable[[list[Model]], Shop],
) -> None:
    # Given an order whose called instance waits
    shop = in_file([CALLER, CALLED])
    shop.hear("Go", "4711")
    projector = shop.projector()
    settle(projector)

    # Then it is of the caller, and it is at both elements
    row = shop.standing("4711")
    assert (row["state"], row["process"]) == ("running", "caller")
    assert row["instance_id"] == shop.engine.history("showcase", "4711")[0].id
    assert counts(shop, "element") == {"K": 1, "a": 1}

    # When the call is over, it goes on alone
    shop.hear("A", "4711")
    settle(projector)
    assert (shop.standing("4711")["state"], counts(shop, "element")) == ("running", {"B": 1})

    # And it has ended when the caller has
    shop.hear("B", "4711")
    settle(projector)
    row = shop.standing("4711")
    assert (row["state"], row["process"], row["deviates"]) == ("completed", "caller", False)
