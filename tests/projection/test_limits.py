"""From when on an order waits too long, and who is told."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.projection.shop import EAGER, ORDER, TENANT, Shop, check_all, counts, settle
from trackflow.bpmn import Model, parse
from trackflow.engines.embedded import store
from trackflow.errors import ChoreographyError, ModelError
from trackflow.messaging import EVERY_EVENT, Choreography, Subscription
from trackflow.projection.limits import Limit
from trackflow.projection.projector import Projector
from trackflow.projection.tables import alarms, places

ModelOf = Callable[..., Model]
_LIMIT = (
    '<extensionElements><c:properties xmlns:c="http://camunda.org/schema/1.0/bpmn">'
    '<c:property name="limit" value="{}"/></c:properties></extensionElements>'
)


def choreography(**limits: str) -> Choreography:
    return Choreography(
        events={name: name for name in (*ORDER, "Go", "A", "B")},
        subscriptions=(Subscription("tracker", hears=EVERY_EVENT),),
        limits=limits,
    )


def limited(model_of: ModelOf, text: str) -> Model:
    """Waits for A, with a limit, and then for B."""
    body = f"""<startEvent id="Start"><messageEventDefinition messageRef="Go"/></startEvent>
        <intermediateCatchEvent id="CatchA">{_LIMIT.format(text)}
            <messageEventDefinition messageRef="A"/></intermediateCatchEvent>
        <receiveTask id="TakeB" messageRef="B"/><endEvent id="End"/>"""
    return model_of(body, "Start>CatchA", "CatchA>TakeB", "TakeB>End", process="limited")


def _ended(shop: Shop, number: int, seconds: float) -> None:
    """So many orders that went to their end, and waited so long for the payment."""
    keys = [f"old-{each}" for each in range(number)]
    for key in keys:
        for event in ORDER:
            shop.hear(event, key)
    with shop.ledger.writing() as transaction:
        for row in transaction.execute(store.instances.select()).all():
            path = store.instances.update().where(store.instances.c.id == row.id)
            transaction.execute(path.values(state=_longer(row.state, seconds)))


def _longer(state: str, seconds: float) -> str:
    value = json.loads(state)
    for visit in value["path"]:
        if visit[0] == "payment_done":
            visit[2] = visit[1] + seconds
    return json.dumps(value)


# ---- whose word it is --------------------------------------------------------------------------------


def test_a_model_says_how_long_an_order_may_wait(model_of: ModelOf) -> None:
    assert limited(model_of, "PT1H30M").elements["CatchA"].limit == 5400
    assert limited(model_of, "P1DT0.5S").elements["CatchA"].limit == 86_400.5
    assert limited(model_of, "PT1M").elements["TakeB"].limit is None


@pytest.mark.parametrize(
    "wrong", ["", "10 minutes", "PT", "P", "PT0S", "P1Y", "P1M", "-PT5M", "PT5M ago", "P1DT"]
)
def test_a_limit_that_is_no_duration_is_an_error_that_names_the_element(
    model_of: ModelOf, wrong: str
) -> None:
    with pytest.raises(ModelError) as raised:
        limited(model_of, wrong)

    assert str(raised.value) == (
        f"limited.bpmn: intermediateCatchEvent 'CatchA': its limit {wrong!r} "
        "should be a duration like PT10M, PT2H30M or P1D"
    )


def test_other_properties_are_nobodys_business(model_of: ModelOf) -> None:
    source = limited(model_of, "PT1H").source.replace(
        b'name="limit" value="PT1H"', b'name="colour" value="x"'
    )

    assert parse(source, "x.bpmn").elements["CatchA"].limit is None


def test_a_model_that_was_deployed_before_there_were_limits_is_still_read(model_of: ModelOf) -> None:
    source = limited(model_of, "PT1H").source.replace(b'value="PT1H"', b'value="a lot"')
    assert parse(source, "x.bpmn", deployed=True).elements["CatchA"].limit is None


def test_a_choreography_says_how_long_an_event_may_be_awaited() -> None:
    assert choreography(Payment_Done="PT2H").limit_of("Payment_Done") == 7200
    assert choreography(Payment_Done="PT2H").limit_of("Goods_Fetched") is None


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        ({"Payment_Done": "2h"}, "limits: 'Payment_Done': '2h' should be a duration like PT10M"),
        ({"Payment": "PT2H"}, "limits: event 'Payment', which is not in the choreography"),
    ],
)
def test_a_wrong_limit_of_a_choreography_is_an_error(limits: dict[str, str], why: str) -> None:
    with pytest.raises(ChoreographyError, match=why):
        choreography(**limits)


def test_the_models_word_goes_before_the_choreographys(in_file: Any, model_of: ModelOf) -> None:
    shop = in_file([limited(model_of, "PT1H")])
    shop.choreography = choreography(A="PT2H", B="PT3H")
    limits = shop.projector().limits

    assert limits.of("limited", 1, "CatchA") == Limit(3600, "model")
    assert limits.of("limited", 1, "TakeB") == Limit(10_800, "choreography")
    assert limits.of("limited", 1, "End") is None


def test_before_an_event_based_gateway_the_shortest_limit_counts(in_file: Any, model_of: ModelOf) -> None:
    catches = "".join(
        f'<intermediateCatchEvent id="Catch{name}"><messageEventDefinition messageRef="{name}"/>'
        "</intermediateCatchEvent>"
        for name in "AB"
    )
    body = f"""<startEvent id="Start"><messageEventDefinition messageRef="Go"/></startEvent>
        <eventBasedGateway id="Race"/><endEvent id="End"/>{catches}"""
    flows = ("Start>Race", "Race>CatchA", "Race>CatchB", "CatchA>End", "CatchB>End")
    shop = in_file([model_of(body, *flows)])
    shop.choreography = choreography(A="PT2H", B="PT3H")

    assert shop.projector().limits.of("orders", 1, "Race") == Limit(7200, "choreography")


def test_without_a_word_it_is_three_times_what_nearly_all_orders_took(shop: Shop) -> None:
    # Given 100 orders, each of which waited 10 minutes for its payment
    _ended(shop, 100, seconds=600)
    settle(shop.projector())

    # Then a limit is known where they waited: at least a minute, whatever was seen
    limits = shop.projector().limits
    limits.refresh()
    limit = limits.of("order_fulfillment", 1, "payment_done")
    assert limit is not None
    assert limit.origin == "seen"
    assert limit.seconds == pytest.approx(1800, rel=0.06)
    assert limits.of("order_fulfillment", 1, "goods_fetched") == Limit(60, "seen")
    assert limits.usual("order_fulfillment", "payment_done") == pytest.approx(600, rel=0.06)


def test_what_few_orders_took_is_no_limit(shop: Shop) -> None:
    _ended(shop, 99, seconds=600)
    settle(shop.projector())

    limits = shop.projector().limits
    limits.refresh()

    assert limits.of("order_fulfillment", 1, "payment_done") is None
    assert limits.usual("order_fulfillment", "payment_done") is None


# ---- orders that are late ----------------------------------------------------------------------------


@pytest.fixture
def waits(shop: Shop) -> Iterator[Shop]:
    """An order that waits for its payment, which may take an hour."""
    shop.choreography = choreography(Payment_Done="PT1H", Goods_Fetched="PT1H")
    shop.hear("Order_Placed", "4711")
    yield shop
    assert {(row["element"], row["since"]) for row in shop.rows(alarms)} >= {
        (row["element"], row["since"]) for row in shop.rows(places) if row["late"]
    }


def _an_hour_passes(shop: Shop) -> None:
    """As far as the projection knows."""
    for row in shop.rows(places):
        shop.set(places, since=row["since"] - 3600.0, late_at=row["late_at"] - 3600.0)
    with shop.ledger.writing() as transaction:
        for row in transaction.execute(store.instances.select()).all():
            state = _moved(row.state, -3600.0)
            changed = store.instances.update().where(store.instances.c.id == row.id)
            transaction.execute(changed.values(state=state))


def _moved(state: str, seconds: float) -> str:
    value = json.loads(state)
    value["path"] = [
        [element, entered + seconds, left and left + seconds] for element, entered, left in value["path"]
    ]
    return json.dumps(value)


def test_an_order_within_its_limit_is_not_late(waits: Shop) -> None:
    settle(waits.projector())

    (place,) = waits.rows(places)
    assert place["late_at"] == pytest.approx(place["since"] + 3600)
    assert waits.standing("4711")["late_at"] == place["late_at"]
    assert not waits.standing("4711")["late"]
    assert waits.rows(alarms) == []


def test_an_order_becomes_late_while_nothing_else_happens(waits: Shop) -> None:
    projector = waits.projector()
    settle(projector)

    _an_hour_passes(waits)
    settle(projector)

    assert waits.standing("4711")["late"]
    assert counts(waits, "late") == {"payment_done": 1}
    assert counts(waits, "late orders") == {"": 1}
    (alarm,) = waits.rows(alarms)
    assert (alarm["business_key"], alarm["element"], alarm["limit_seconds"]) == ("4711", "payment_done", 3600)
    check_all(waits)


def test_an_order_that_goes_on_is_late_no_more_and_may_be_again(waits: Shop) -> None:
    # Given an order that was late
    projector = waits.projector()
    settle(projector)
    _an_hour_passes(waits)
    settle(projector)

    # When it goes on
    waits.hear("Payment_Done", "4711")
    settle(projector)
    assert not waits.standing("4711")["late"]
    assert counts(waits, "late orders") == {}

    # And waits too long again, then that is another alarm
    _an_hour_passes(waits)
    settle(projector)
    assert [row["element"] for row in waits.rows(alarms)] == ["payment_done", "goods_fetched"]
    check_all(waits)


def test_a_limit_that_grows_does_not_take_an_alarm_back(waits: Shop) -> None:
    projector = waits.projector()
    settle(projector)
    _an_hour_passes(waits)
    settle(projector)

    waits.choreography = choreography(Payment_Done="PT9H")
    settle(waits.another_projector(speed=EAGER))

    assert waits.standing("4711")["late"]
    assert len(waits.rows(alarms)) == 1


# ---- the hook ----------------------------------------------------------------------------------------


def _hooked(shop: Shop, told: list[dict[str, Any]], **settings: Any) -> Projector:
    """A projector whose hook keeps what it is told."""
    projector = shop.another_projector(hook="true", **settings)

    def fire(alarm: Any) -> str:
        told.append(alarm.as_json())
        return "told: 200 OK"

    assert projector._alarms is not None
    projector._alarms._fire = fire
    return projector


def test_the_hook_is_told_of_a_stuck_order_once(waits: Shop) -> None:
    # Given a stuck order
    told: list[dict[str, Any]] = []
    projector = _hooked(waits, told, url="https://board.example/")
    settle(projector)
    _an_hour_passes(waits)
    settle(projector)

    # When hooks are called, again and again, and by the next board
    assert projector.fire() == 1
    assert projector.fire() == 0
    settle(projector)
    another = _hooked(waits, told)
    settle(another)
    assert another.fire() == 0

    # Then it was told once, all that it needs to know
    (place,) = waits.rows(places)
    (alarm,) = told
    since = alarm.pop("since")
    assert since.endswith("Z")
    assert alarm == {
        "businessKey": "4711",
        "tenant": TENANT,
        "process": "order_fulfillment",
        "element": "payment_done",
        "name": "Payment done",
        "awaiting": ["Payment_Done"],
        "limitSeconds": 3600.0,
        "url": "https://board.example/order?key=4711",
    }
    assert place["late"]
    (row,) = waits.rows(alarms)
    assert row["result"] == "told: 200 OK"
    assert row["fired_at"] is not None


def test_without_a_hook_nobody_is_told_later_either(waits: Shop) -> None:
    projector = waits.projector()
    settle(projector)
    _an_hour_passes(waits)
    settle(projector)

    told: list[dict[str, Any]] = []
    another = _hooked(waits, told)
    settle(another)
    assert another.fire() == 0
    assert [row["result"] for row in waits.rows(alarms)] == ["no hook is set"]


def test_what_was_stuck_for_days_when_it_is_found_is_listed_but_not_told(waits: Shop) -> None:
    settle(waits.projector())
    for _ in range(26):
        _an_hour_passes(waits)
    waits.projector().rebuild()

    told: list[dict[str, Any]] = []
    projector = _hooked(waits, told)
    settle(projector)

    assert projector.fire() == 0
    assert waits.standing("4711")["late"]
    assert "not told" in waits.rows(alarms)[0]["result"]


def test_a_hook_that_is_interrupted_is_called_again_by_the_next_board(waits: Shop) -> None:
    projector = _hooked(waits, [])
    settle(projector)
    _an_hour_passes(waits)
    settle(projector)
    assert projector._alarms is not None
    projector._alarms._fire = lambda _: None

    assert projector.fire() == 0
    assert [row["fired_at"] for row in waits.rows(alarms)] == [None]
