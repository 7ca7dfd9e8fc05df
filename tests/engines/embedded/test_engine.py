import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine as Database
from sqlalchemy import create_engine, event

from trackflow.bpmn import Model, read
from trackflow.engines.answers import Answer, Deployment, Outcome
from trackflow.engines.embedded import EmbeddedEngine, create_tables
from trackflow.errors import EngineUnreachable, ModelError
from trackflow.message import Message

CASES = Path(__file__).parents[1] / "cases"
START = '<startEvent id="S"><messageEventDefinition messageRef="Go"/></startEvent>'

ModelOf = Callable[..., Model]
Tell = Callable[..., Answer]
Stored = Callable[[str], list[tuple[object, ...]]]


def catch(*names: str) -> str:
    """A catch event `CA` for the message `A`, and so on."""
    definition = '<messageEventDefinition messageRef="{0}"/>'
    event = f'<intermediateCatchEvent id="C{{0}}">{definition}</intermediateCatchEvent>'
    return "".join(map(event.format, names))


NONE = '<startEvent id="N"/>'


@pytest.fixture
def waits_for_a(model_of: ModelOf) -> Model:
    return model_of(START + catch("A"), "S>CA")


def test_deploying_says_what_changed(engine: EmbeddedEngine, model_of: ModelOf, stored: Stored) -> None:
    first, second = model_of(START + catch("A"), "S>CA"), model_of(START + catch("B"), "S>CB")
    other = model_of(NONE + catch("A"), "N>CA", process="parcels")
    assert engine.deployed([first, other], "own") == {"orders": False, "parcels": False}

    assert engine.deploy([first, other], "own") == [
        Deployment("orders", 1, changed=True),
        Deployment("parcels", 1, changed=True),
    ]
    assert engine.deploy([first, other], "own") == [
        Deployment("orders", 1, changed=False),
        Deployment("parcels", 1, changed=False),
    ]
    assert engine.deploy([second], "own") == [Deployment("orders", 2, changed=True)]
    assert engine.deployed([first, other], "own") == {"orders": False, "parcels": True}
    assert engine.deployed([second], "own") == {"orders": True}
    assert engine.deploy([first], "own") == [Deployment("orders", 3, changed=True)]
    assert len(stored("engine_models")) == 4


def test_a_deployment_is_all_or_none(engine: EmbeddedEngine, model_of: ModelOf, stored: Stored) -> None:
    good, bad = model_of(START), model_of(START + '<scriptTask id="U"/>', process="people")
    with pytest.raises(ModelError, match="scriptTask 'U' does not say how it is run"):
        engine.deploy([good, bad], "own")
    assert stored("engine_models") == []


def test_a_message_starts_one_process_of_a_tenant_only(
    engine: EmbeddedEngine, model_of: ModelOf, stored: Stored
) -> None:
    orders, parcels = model_of(START), model_of(START, process="parcels")
    fault = "parcels.bpmn: process 'parcels' starts with 'Go', and so does process 'orders' of tenant 'own'"

    with pytest.raises(ModelError, match=fault):
        engine.deploy([orders, parcels], "own")
    assert stored("engine_models") == []

    engine.deploy([orders], "own")
    with pytest.raises(ModelError, match=fault):
        engine.deploy([parcels], "own")

    # Given that the first no longer starts with it, or belongs to another tenant
    engine.deploy([parcels], "other")
    assert engine.deploy([model_of(NONE + catch("A"), "N>CA"), parcels], "own") == [
        Deployment("orders", 2, changed=True),
        Deployment("parcels", 1, changed=True),
    ]


def test_two_models_of_one_process_are_a_mistake(engine: EmbeddedEngine, model_of: ModelOf) -> None:
    with pytest.raises(ModelError, match=r"orders\.bpmn: process 'orders' is in another of the files, too"):
        engine.deploy([model_of(START + catch("A"), "S>CA"), model_of(START + catch("B"), "S>CB")], "own")


def test_deployments_at_the_same_moment_do_not_disturb_each_other(
    database: Database, model_of: ModelOf, stored: Stored
) -> None:
    model, answers, ready = model_of(START), list[Deployment](), threading.Barrier(6)

    def deploy() -> None:  # as another Python process does: with nothing in common but the database
        engine = EmbeddedEngine(database)
        ready.wait()
        answers.extend(engine.deploy([model], "own"))

    threads = [threading.Thread(target=deploy) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answer.changed for answer in answers) == [False] * 5 + [True]
    assert {answer.version for answer in answers} == {1}
    assert len(stored("engine_models")) == 1


def test_of_two_deployments_at_the_same_moment_only_one_gets_the_start_message(
    database: Database, model_of: ModelOf, stored: Stored
) -> None:
    answers, ready = list[str](), threading.Barrier(2)

    def deploy(process: str) -> None:
        engine = EmbeddedEngine(database)
        ready.wait()
        try:
            engine.deploy([model_of(START, process=process)], "own")
            answers.append("deployed")
        except ModelError:
            answers.append("refused")

    threads = [threading.Thread(target=deploy, args=[process]) for process in ("orders", "parcels")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == ["deployed", "refused"]
    assert len(stored("engine_models")) == 1


def test_a_running_instance_stays_on_its_version_and_new_ones_take_the_newest(
    engine: EmbeddedEngine, database: Database, tell: Tell, waits_for_a: Model, model_of: ModelOf
) -> None:
    # Given an instance, and then a new version by another Python process
    engine.deploy([waits_for_a], "own")
    tell("Go", "old")
    EmbeddedEngine(database).deploy([model_of(START + catch("B"), "S>CB")], "own")

    # When another instance starts
    tell("Go", "new")

    # Then each awaits what its version says
    found = engine.instances("own", ["old", "new"])
    assert [(i.version, i.awaiting) for i in found["old"]] == [(1, ("A",))]
    assert [(i.version, i.awaiting) for i in found["new"]] == [(2, ("B",))]
    assert tell("B", "old").outcome is Outcome.NOT_AWAITED
    assert tell("A", "old").outcome is Outcome.ACCEPTED


def test_what_nobody_awaits_is_answered_in_words(
    engine: EmbeddedEngine, tell: Tell, waits_for_a: Model
) -> None:
    expected = (
        "no process definition or execution of tenant 'own' matches message '{}' and business key '4711'"
    )
    assert tell("Go") == Answer(Outcome.NOT_AWAITED, expected.format("Go"))
    engine.deploy([waits_for_a], "own")
    assert tell("A") == Answer(Outcome.NOT_AWAITED, expected.format("A"))
    assert tell("Go") == Answer(Outcome.ACCEPTED)
    assert tell("A") == Answer(Outcome.ACCEPTED)
    assert tell("A") == Answer(Outcome.NOT_AWAITED, expected.format("A"))


def test_a_tenant_sees_nothing_of_another(engine: EmbeddedEngine, tell: Tell, waits_for_a: Model) -> None:
    engine.deploy([waits_for_a], "own")
    tell("Go")
    assert tell("Go", tenant="other").outcome is Outcome.NOT_AWAITED
    assert tell("A", tenant="other").outcome is Outcome.NOT_AWAITED
    assert engine.instances("other", ["4711"]) == {"4711": []}
    assert engine.history("other", "4711") == []
    assert engine.deployed([waits_for_a], "other") == {"orders": False}

    engine.deploy([waits_for_a], "other")
    assert tell("Go", tenant="other").outcome is Outcome.ACCEPTED
    assert len(engine.history("own", "4711")) == 1


def test_an_instance_that_waits_goes_before_a_start(
    engine: EmbeddedEngine, tell: Tell, model_of: ModelOf
) -> None:
    engine.deploy([model_of(START + catch("Go"), "S>CGo")], "own")
    tell("Go")
    tell("Go")
    assert [instance.state for instance in engine.history("own", "4711")] == ["completed"]


def test_several_that_wait_are_ambiguous_and_nothing_changes(
    engine: EmbeddedEngine, tell: Tell, waits_for_a: Model, stored: Stored
) -> None:
    # Given that a start event was told twice, which no engine of the family prevents
    engine.deploy([waits_for_a], "own")
    tell("Go")
    tell("Go")
    before = stored("engine_instances")

    answer = tell("A")

    assert answer.outcome is Outcome.AMBIGUOUS
    assert answer.reason is not None
    assert answer.reason.startswith(
        "2 executions await message 'A' and business key '4711': 'CA' of instance "
    )
    assert stored("engine_instances") == before


def test_a_refused_event_changes_nothing_not_even_variables(
    engine: EmbeddedEngine, tell: Tell, model_of: ModelOf, stored: Stored
) -> None:
    elements = START + catch("A", "B", "C") + '<exclusiveGateway id="X"/>'
    flows = ["S>CA", "CA>X", "X>CB ${ok && amount > 1}", "X>CC ${false}"]
    engine.deploy([model_of(elements, *flows)], "own")
    tell("Go", payload={"ok": True, "amount": 2})
    before = stored("engine_instances")

    assert tell("A", payload={"ok": False}) == Answer(
        Outcome.REFUSED, "no outgoing sequence flow of 'X' can be taken"
    )
    assert tell("A", payload={"amount": "much"}).outcome is Outcome.REFUSED
    assert stored("engine_instances") == before
    assert tell("A").outcome is Outcome.ACCEPTED


def test_a_refused_start_leaves_no_instance(
    engine: EmbeddedEngine, tell: Tell, model_of: ModelOf, stored: Stored
) -> None:
    engine.deploy([model_of(START + '<task id="T"/>', "S>T ${amount > 1}")], "own")
    assert tell("Go").outcome is Outcome.REFUSED
    assert stored("engine_instances") == []


def test_the_caller_rolls_back_and_nothing_is_left(
    engine: EmbeddedEngine, database: Database, waits_for_a: Model, tell: Tell, stored: Stored
) -> None:
    engine.deploy([waits_for_a], "own")
    tell("Go", "moved")
    before = stored("engine_instances")

    with database.connect() as transaction:
        for name, key in (("Go", "started"), ("A", "moved"), ("A", "started")):
            message = Message.new(business_key=key, tenant="own", event=name)
            assert engine.correlate(message, transaction).outcome is Outcome.ACCEPTED
        transaction.rollback()

    assert stored("engine_instances") == before


def test_the_state_survives_reopening_the_database(
    engine: EmbeddedEngine, database: Database, waits_for_a: Model, tell: Tell
) -> None:
    engine.deploy([waits_for_a], "own")
    tell("Go")
    database.dispose()

    reopened = create_engine(database.url)
    with reopened.begin() as transaction:
        create_tables(transaction)
        later = EmbeddedEngine(reopened)
        message = Message.new(business_key="4711", tenant="own", event="A")
        assert later.correlate(message, transaction).outcome is Outcome.ACCEPTED
    assert [instance.state for instance in later.history("own", "4711")] == ["completed"]
    reopened.dispose()


def test_only_variables_that_an_expression_names_are_kept(
    engine: EmbeddedEngine, tell: Tell, model_of: ModelOf, stored: Stored
) -> None:
    engine.deploy([model_of(START + catch("A"), "S>CA ${amount > 1}")], "own")
    tell("Go", payload={"amount": 2, "email": "ann@example.org"})
    assert "ann@example.org" not in str(stored("engine_instances"))


def test_an_instance_tells_where_it_is_and_how_it_got_there(engine: EmbeddedEngine, tell: Tell) -> None:
    engine.deploy([read(CASES / "track-flow.bpmn")], "own")
    before = datetime.now(UTC)
    tell("Order_Placed")
    tell("Payment_Done")

    (running,) = engine.history("own", "4711")
    assert (running.process, running.version, running.state) == ("Process_0fshcjr", 1, "running")
    assert running.awaiting == ("Goods_Fetched",)
    assert running.active == ("Event_11qg34f",)
    assert running.ended is None
    assert [(step.name, step.left is None) for step in running.path] == [
        ("Order\nplaced", False),
        ("Payment\ndone", False),
        ("Goods\nfetched", True),
    ]
    assert before <= running.started <= running.path[-1].entered <= datetime.now(UTC)

    tell("Goods_Fetched")
    tell("Goods_Shipped")
    (ended,) = engine.history("own", "4711")
    assert (ended.id, ended.state, ended.awaiting, ended.active) == (running.id, "completed", (), ())
    assert ended.ended is not None
    assert ended.path[-1].name == "Order\nfulfilled"
    assert all(step.left is not None for step in ended.path)


def test_many_business_keys_are_asked_at_once(
    engine: EmbeddedEngine, database: Database, tell: Tell, waits_for_a: Model
) -> None:
    engine.deploy([waits_for_a], "own")
    for key in ("k0", "k1100"):
        tell("Go", key)
    tell("Go", "k0")
    tell("A", "k1100")
    keys = [f"k{n}" for n in range(1200)]
    asked = list[str]()
    event.listen(database, "before_cursor_execute", lambda *args: asked.append(args[2]))

    found = engine.instances("own", iter(keys))

    assert list(found) == keys
    assert [len(found[key]) for key in ("k0", "k1", "k1100")] == [2, 0, 1]
    assert [instance.awaiting for instance in found["k0"]] == [("A",), ("A",)]
    assert found["k0"][0].started < found["k0"][1].started
    assert (found["k1100"][0].state, found["k1100"][0].path) == ("completed", ())
    assert len(asked) == 3
    assert engine.instances("own", []) == {}


def test_an_event_costs_two_reads_and_one_write(
    engine: EmbeddedEngine, database: Database, tell: Tell, waits_for_a: Model
) -> None:
    # Given a model that this Python process has run before
    engine.deploy([waits_for_a], "own")
    tell("Go", "before")
    asked = list[str]()
    note = asked.append
    event.listen(database, "checkout", lambda driver, *_: driver.set_trace_callback(note))

    tell("Go")
    assert _verbs(asked) == ["SELECT", "SELECT", "INSERT"]
    asked.clear()
    tell("A")
    assert _verbs(asked) == ["SELECT", "UPDATE"]


def _verbs(statements: list[str]) -> list[str]:
    verbs = (statement.split()[0] for statement in statements)
    return [verb for verb in verbs if verb not in ("BEGIN", "COMMIT", "ROLLBACK")]


def test_the_state_of_ended_instances_is_not_read_to_find_who_waits(
    engine: EmbeddedEngine, database: Database, tell: Tell, waits_for_a: Model
) -> None:
    # Given an ended instance whose state could not be read
    engine.deploy([waits_for_a], "own")
    tell("Go")
    tell("A")
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE engine_instances SET state = 'no JSON'")

    assert tell("Go").outcome is Outcome.ACCEPTED
    assert tell("A").outcome is Outcome.ACCEPTED
    assert [instance.state for instance in engine.instances("own", ["4711"])["4711"]] == ["completed"] * 2


@pytest.mark.parametrize(
    ("events", "expected"), [([], None), (["Go"], True), (["Go", "A"], False), (["Go", "A", "Go"], True)]
)
def test_running_tells_whether_an_instance_runs_or_ever_did(
    events: list[str],
    expected: bool | None,
    engine: EmbeddedEngine,
    database: Database,
    tell: Tell,
    waits_for_a: Model,
) -> None:
    engine.deploy([waits_for_a], "own")
    for name in events:
        tell(name)
    message = Message.new(business_key="4711", tenant="own", event="A")
    with database.connect() as transaction:
        assert engine.running(message, transaction) is expected


def test_ping_names_the_engine_and_its_database(engine: EmbeddedEngine) -> None:
    assert engine.ping().startswith("embedded engine on sqlite 3.")


def test_a_database_that_is_away_is_an_engine_that_is_away(tmp_path: Path, waits_for_a: Model) -> None:
    engine = EmbeddedEngine(create_engine(f"sqlite:///{tmp_path}/no/such/folder.db"))
    for ask in (
        engine.ping,
        lambda: engine.deploy([waits_for_a], "own"),
        lambda: engine.instances("own", ["4711"]),
        lambda: engine.history("own", "4711"),
    ):
        with pytest.raises(EngineUnreachable, match="embedded engine: unable to open database file"):
            ask()
