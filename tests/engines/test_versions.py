"""New versions of a model, and withdrawn ones: the same on the embedded engine, Operaton and Camunda 7."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.engines.versioned import (
    END,
    START,
    World,
    boundary,
    catch,
    event_subprocess,
    flow,
    model,
    wait,
)
from trackflow.engines.answers import BROUGHT_BACK, Deployment, Outcome, Running, Version
from trackflow.engines.camunda import CamundaEngine
from trackflow.engines.embedded import EmbeddedEngine
from trackflow.errors import EngineRefused, ModelError

REAL = tuple(pytest.param(family, marks=pytest.mark.engine) for family in ("operaton", "camunda"))
TWO_STEPS = START + wait("pay", "Paid", "Wait for payment") + wait("ship", "Shipped") + END
ORDER = model(TWO_STEPS + flow("start", "pay", "ship", "end"))
ONE_STEP = model(START + wait("pay", "Paid") + END + flow("start", "pay", "end"))


@pytest.fixture(params=["embedded", *REAL])
def world(request: pytest.FixtureRequest) -> World:
    tenant = f"t-{uuid4().hex[:12]}"
    if request.param != "embedded":
        url = request.getfixturevalue("engine_url_of")(request.param)
        return World(CamundaEngine(url, frozenset({"n"})), tenant, None)
    database = request.getfixturevalue("database")
    return World(EmbeddedEngine(database), tenant, database)


# ---- deploy ------------------------------------------------------------------------------------------


def test_what_runs_stays_on_its_version_and_new_orders_take_the_new_one(world: World) -> None:
    world.deploy(ORDER)
    world.tell("Go", "old")
    world.deploy(ONE_STEP)
    world.tell("Go", "new")

    assert (world.where("old")[0], world.where("new")[0]) == (1, 2)
    assert world.engine.versions(world.tenant) == [Version("orders", 1, 1), Version("orders", 2, 1)]
    world.tell("Paid", "old")
    world.tell("Paid", "new")
    assert (world.at("old").active, world.at("new").state) == (("ship",), "completed")
    assert world.engine.versions(world.tenant) == [Version("orders", 1, 1), Version("orders", 2, 0)]


def test_the_running_orders_of_a_version_are_listed_for_its_tenant_only(world: World) -> None:
    world.deploy(ORDER)
    for key in ("a", "b", "c"):
        world.tell("Go", key)
    world.tell("Paid", "c")
    world.tell("Shipped", "c")
    other = World(world.engine, f"{world.tenant}-other", world._database)
    other.deploy(ORDER)
    other.tell("Go", "x")

    found = [each for page in world.engine.running_on(world.tenant, "orders", 1) for each in page]

    assert sorted(found, key=lambda each: each.business_key) == [world.running("a"), world.running("b")]
    assert other.engine.versions(other.tenant) == [Version("orders", 1, 1)]


# ---- migrate -----------------------------------------------------------------------------------------


def test_an_order_moves_to_the_new_version_and_goes_on_there(world: World) -> None:
    world.deploy(ORDER)
    world.tell("Go")
    before = world.at()
    world.deploy(ONE_STEP)

    assert world.migrate(2) == ()

    assert world.where() == (2, ("pay",), ("Paid",))
    path = [(step.element, step.entered, step.left) for step in world.at().path]
    assert path == [(step.element, step.entered, step.left) for step in before.path]
    world.tell("Paid")
    assert world.at().state == "completed"


def test_what_it_passed_stays_in_its_path_though_the_new_version_has_it_no_more(world: World) -> None:
    world.deploy(ORDER)
    world.tell("Go")
    world.tell("Paid")
    world.deploy(model(START + wait("ship", "Shipped") + END + flow("start", "ship", "end")))

    assert world.migrate(2) == ()

    assert [step.element for step in world.at().path] == ["start", "pay", "ship"]


def test_an_order_may_also_go_back(world: World) -> None:
    world.deploy(ORDER)
    world.deploy(ONE_STEP)
    world.tell("Go")

    assert world.migrate(1) == ()

    world.tell("Paid")
    assert world.where() == (1, ("ship",), ("Shipped",))


def test_an_order_at_an_element_that_is_not_there_stays_and_the_element_is_named(world: World) -> None:
    world.deploy(ORDER)
    world.tell("Go")
    world.tell("Paid")
    world.deploy(ONE_STEP)

    (misfit,) = world.migrate(2)

    assert str(misfit) == "'ship' is not in it"
    assert world.where() == (1, ("ship",), ("Shipped",))


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (
            wait("at", "A", "Wait"),
            catch("at", "A"),
            "'at' (Wait) is a intermediateCatchEvent with the event 'message' there, "
            "not a receiveTask with the event 'message'",
        ),
        (
            catch("at", "A"),
            catch("at", "PT1H"),
            "'at' is a intermediateCatchEvent with the event 'timer' there, "
            "not a intermediateCatchEvent with the event 'message'",
        ),
        (
            wait("at", "A"),
            wait("at", "A", inner="<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality>"
                 "</multiInstanceLoopCharacteristics>"),
            "'at' is a multi-instance element there",
        ),
    ],
)  # fmt: skip
def test_an_order_at_an_element_of_another_kind_stays(
    world: World, before: str, after: str, why: str
) -> None:
    world.deploy(model(START + before + END + flow("start", "at", "end")))
    world.tell("Go")
    world.deploy(model(START + after + END + flow("start", "at", "end")))

    (misfit,) = world.migrate(2)

    assert str(misfit) == why
    assert world.where()[0] == 1


def test_an_order_in_a_subprocess_that_is_gone_stays(world: World) -> None:
    inside = '<startEvent id="in"/>' + wait("at", "A") + '<endEvent id="out"/>' + flow("in", "at", "out")
    nested = f'<subProcess id="sub">{inside}</subProcess>'
    world.deploy(model(START + nested + END + flow("start", "sub", "end")))
    world.tell("Go")
    world.deploy(model(START + wait("at", "A") + END + flow("start", "at", "end")))

    misfits = world.migrate(2)

    assert [str(each) for each in misfits] == [
        "'at' is in the process itself there, not in 'sub'",
        "'sub' is not in it",
    ]


def test_a_message_with_a_new_name_is_awaited_under_it(world: World) -> None:
    world.deploy(ORDER)
    world.tell("Go")
    world.deploy(model(START + wait("pay", "Money_Received") + END + flow("start", "pay", "end")))

    assert world.migrate(2) == ()

    assert world.where() == (2, ("pay",), ("Money_Received",))
    assert world.tell("Paid").outcome is Outcome.NOT_AWAITED
    assert world.tell("Money_Received").outcome is Outcome.ACCEPTED


def test_a_name_that_was_evaluated_stays_if_its_expression_does(world: World) -> None:
    def version(name: str) -> str:
        return (
            START
            + '<parallelGateway id="both"/>'
            + wait("pay", "Paid_${n}")
            + wait("note", "Note", name)
            + wait("more", "More")
            + flow("start", "both", "pay")
            + flow("both", "note", "more")
        )

    world.deploy(model(version("first")))
    world.tell("Go", payload={"n": 1})
    world.tell("Note", payload={"n": 2})
    world.deploy(model(version("second")))
    world.deploy(model(version("third").replace("Paid_${n}", "Received_${n}")))

    assert world.migrate(2) == ()
    assert world.at().awaiting == ("More", "Paid_1")
    assert world.migrate(3) == ()
    assert world.at().awaiting == ("More", "Received_2")


def test_what_is_new_beside_the_wait_listens_and_what_is_gone_does_not(world: World) -> None:
    plain = START + wait("pay", "Paid") + END + flow("start", "pay", "end")
    answer = wait("answer", "Answered") + flow("asked-start", "answer")
    more = (
        plain
        + boundary("cancelled", "pay", "Cancelled")
        + wait("refund", "Refunded")
        + flow("cancelled", "refund")
        + event_subprocess("asked", "Asked", answer, interrupts=False)
    )
    world.deploy(model(plain))
    world.tell("Go")
    world.deploy(model(more))

    assert world.migrate(2) == ()
    assert world.where() == (2, ("pay",), ("Asked", "Cancelled", "Paid"))

    assert world.migrate(1) == ()
    assert world.where() == (1, ("pay",), ("Paid",))

    assert world.migrate(2) == ()
    world.tell("Asked", "k")
    world.tell("Cancelled", "k")
    assert world.where() == (2, ("answer", "refund"), ("Answered", "Asked", "Refunded"))


def test_an_event_based_gateway_waits_for_the_events_that_are_behind_it_now(world: World) -> None:
    def version(*messages: str) -> str:
        gateway = START + '<eventBasedGateway id="race"/>' + flow("start", "race")
        return gateway + "".join(catch(f"c-{each}", each) + flow("race", f"c-{each}") for each in messages)

    world.deploy(model(version("A", "B")))
    world.tell("Go")
    world.deploy(model(version("B", "C")))

    assert world.migrate(2) == ()
    assert world.where() == (2, ("race",), ("B", "C"))


def _fork(number: int) -> str:
    ids = "abc"[:number]
    tasks = "".join(wait(each, each.upper()) + flow("fork", each, "join") for each in ids)
    gateways = '<parallelGateway id="fork"/><parallelGateway id="join"/>'
    return START + gateways + tasks + wait("last", "Last") + flow("start", "fork") + flow("join", "last")


def test_a_join_with_more_flows_goes_on_waiting(world: World) -> None:
    world.deploy(model(_fork(2)))
    world.tell("Go")
    world.tell("A")
    world.deploy(model(_fork(3)))

    assert world.migrate(2) == ()
    world.tell("B")
    assert world.where() == (2, ("join",), ())


def test_a_join_with_fewer_flows_keeps_the_order_where_it_is(world: World) -> None:
    world.deploy(model(_fork(3)))
    world.tell("Go")
    world.tell("A")
    world.tell("C")
    world.deploy(model(_fork(2)))

    assert [str(each) for each in world.migrate(2)] == ["'join' joins 2 flows there, not 3"]


def _compensated(event: str, handler: str) -> str:
    tasks = wait("pay", "Paid") + f'<task id="{handler}" isForCompensation="true"/>'
    undone = f'<boundaryEvent id="{event}" attachedToRef="pay"><compensateEventDefinition/></boundaryEvent>'
    throws = '<intermediateThrowEvent id="undo"><compensateEventDefinition/></intermediateThrowEvent>'
    nodes = START + tasks + undone + wait("ship", "Shipped") + throws + END
    linked = f'<association id="a" associationDirection="One" sourceRef="{event}" targetRef="{handler}"/>'
    return nodes + flow("start", "pay", "ship", "undo", "end") + linked


def test_what_was_done_is_compensated_as_the_new_version_says(world: World) -> None:
    world.deploy(model(_compensated("undone", "refund")))
    world.tell("Go")
    world.tell("Paid")
    world.deploy(model(_compensated("undone", "pay-back")))

    assert world.migrate(2) == ()
    world.tell("Shipped")

    assert [step.element for step in world.at().path][-3:] == ["undo", "pay-back", "end"]


def test_an_order_whose_compensation_is_not_there_stays(world: World) -> None:
    world.deploy(model(_compensated("undone", "refund")))
    world.tell("Go")
    world.tell("Paid")
    world.deploy(model(_compensated("other", "refund")))

    assert [str(each) for each in world.migrate(2)] == ["'undone' is not in it"]


def test_an_event_subprocess_that_interrupted_listens_again_only_in_the_engine_family(world: World) -> None:
    inside = wait("told", "Told") + flow("halt-start", "told")
    body = START + wait("pay", "Paid") + END + flow("start", "pay", "end")
    halting = body + event_subprocess("halt", "Halt", inside)
    world.deploy(model(halting))
    world.tell("Go")
    world.tell("Halt")
    assert world.where() == (1, ("told",), ("Told",))
    world.deploy(model(halting.replace('id="end"', 'id="end" name="new"')))

    assert world.migrate(2) == ()

    listens = ("Halt", "Told") if isinstance(world.engine, CamundaEngine) else ("Told",)
    assert world.where() == (2, ("told",), listens)


def test_timers_keep_the_time_at_which_they_are_due_and_new_ones_begin(world: World) -> None:
    def version(*timers: str) -> str:
        events = "".join(
            boundary(f"late-{n}", "pay", each) + flow(f"late-{n}", "end") for n, each in enumerate(timers)
        )
        return START + wait("pay", "Paid") + END + flow("start", "pay", "end") + events

    world.deploy(model(version("PT1H")))
    world.tell("Go")
    (before,) = world.timers()
    world.deploy(model(version("PT5H", "PT9H")))

    assert world.migrate(2) == ()

    kept, (element, due) = world.timers()
    assert kept == before
    assert element == "late-1"
    assert 9 * 3600 - 60 < (due - world.at().started).total_seconds() < 9 * 3600 + 600
    assert world.migrate(1) == ()
    assert world.timers() == [before]


def test_an_order_that_has_ended_or_moved_meanwhile_is_gone(world: World) -> None:
    world.deploy(ORDER)
    world.deploy(ONE_STEP)
    world.tell("Go", "moved")
    world.tell("Go", "ended")
    moved, ended = world.running("moved"), world.running("ended")
    world.tell("Paid", "ended")
    assert world.moved(moved, 1).misfits == ()

    assert world.moved(ended, 1).is_gone
    assert world.moved(moved, 1).is_gone
    assert world.engine.could_migrate(world.tenant, ended, 1).is_gone


def test_a_version_that_is_not_deployed_is_named(world: World) -> None:
    world.deploy(ORDER)
    world.tell("Go")

    with pytest.raises(EngineRefused, match="no version 7 of process 'orders' is deployed"):
        world.moved(world.running(), 7)


def test_no_tenant_moves_the_orders_of_another(world: World) -> None:
    world.deploy(ORDER)
    world.deploy(ONE_STEP)
    world.tell("Go")
    other = World(world.engine, f"{world.tenant}-other", world._database)
    other.deploy(ORDER)
    other.deploy(ONE_STEP)

    found = other.moved(Running(world.running().id, "k", "orders", 2), 1)

    assert found.is_gone
    assert world.where()[0] == 2


# ---- withdraw ----------------------------------------------------------------------------------------


def test_a_withdrawn_process_starts_no_more_and_what_runs_goes_on(world: World) -> None:
    world.deploy(ORDER)
    world.tell("Go", "old")

    assert world.engine.withdraw(world.tenant, "orders")

    assert world.tell("Go", "new").outcome is Outcome.NOT_AWAITED
    assert world.engine.history(world.tenant, "new") == []
    assert world.tell("Paid", "old").outcome is Outcome.ACCEPTED
    assert world.tell("Shipped", "old").outcome is Outcome.ACCEPTED
    assert world.at("old").state == "completed"
    assert world.engine.withdrawn(world.tenant) == {"orders"}


def test_deploying_the_same_again_brings_it_back(world: World) -> None:
    world.deploy(ORDER)
    world.engine.withdraw(world.tenant, "orders")

    assert world.deploy(ORDER) == [Deployment("orders", 1, changed=True, notes=(BROUGHT_BACK,))]

    assert world.tell("Go").outcome is Outcome.ACCEPTED
    assert world.engine.withdrawn(world.tenant) == frozenset()
    assert world.deploy(ORDER) == [Deployment("orders", 1, changed=False)]


def test_a_new_version_of_a_withdrawn_process_starts(world: World) -> None:
    world.deploy(ORDER)
    world.engine.withdraw(world.tenant, "orders")

    assert [(each.version, each.changed) for each in world.deploy(ONE_STEP)] == [(2, True)]

    world.tell("Go")
    assert world.where()[0] == 2
    assert world.engine.withdrawn(world.tenant) == frozenset()


def test_an_earlier_version_does_not_start_instead(world: World) -> None:
    world.deploy(ORDER)
    world.deploy(ONE_STEP)
    world.engine.withdraw(world.tenant, "orders")

    assert world.tell("Go").outcome is Outcome.NOT_AWAITED


def test_withdrawing_again_changes_nothing(world: World) -> None:
    world.deploy(ORDER)

    assert world.engine.withdraw(world.tenant, "orders")
    assert not world.engine.withdraw(world.tenant, "orders")


def test_a_process_that_is_not_deployed_cannot_be_withdrawn(world: World) -> None:
    with pytest.raises(EngineRefused, match="process 'orders' is not deployed"):
        world.engine.withdraw(world.tenant, "orders")


def test_no_tenant_withdraws_the_process_of_another(world: World) -> None:
    world.deploy(ORDER)
    other = World(world.engine, f"{world.tenant}-other", world._database)
    other.deploy(ORDER)

    world.engine.withdraw(world.tenant, "orders")

    assert other.tell("Go").outcome is Outcome.ACCEPTED
    assert other.engine.withdrawn(other.tenant) == frozenset()


def test_orders_move_to_and_from_a_withdrawn_process_and_their_timers_are_set(world: World) -> None:
    ticking = START + wait("pay", "Paid") + wait("ship", "Shipped") + boundary("late", "ship", "PT1H") + END
    body = ticking + flow("start", "pay", "ship", "end") + flow("late", "end")
    world.deploy(model(body))
    world.tell("Go")
    world.deploy(model(body.replace('id="pay"', 'id="pay" completionQuantity="1"')))
    world.engine.withdraw(world.tenant, "orders")

    assert world.migrate(2) == ()
    world.tell("Paid")

    assert [each.element for each in world.at().timers] == ["late"]
    if isinstance(
        world.engine, CamundaEngine
    ):  # it suspends with the definition what its instances set later
        suspended = {"tenantIdIn": world.tenant, "suspended": "true"}
        assert world.engine._rest.value("/job/count", "count", **suspended) == 0


def test_the_start_of_a_withdrawn_process_is_free_on_the_embedded_engine_only(world: World) -> None:
    world.deploy(ORDER)
    world.engine.withdraw(world.tenant, "orders")
    same_start = model(START + wait("pay", "Paid") + flow("start", "pay"), "renamed")

    if isinstance(world.engine, CamundaEngine):
        with pytest.raises(EngineRefused, match="already is a message event subscription"):
            world.deploy(same_start)
        return
    world.deploy(same_start)
    assert world.tell("Go").outcome is Outcome.ACCEPTED
    with pytest.raises(ModelError, match="starts with 'Go', and so does process 'renamed'"):
        world.deploy(ORDER)
