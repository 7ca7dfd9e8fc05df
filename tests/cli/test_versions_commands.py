"""`track migrate`, `track withdraw`, and what `deploy`, `check` and `show` say of versions."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.engines.versioned import END, START, flow, model
from trackflow import Message
from trackflow.tracking.audit import Audit

PROCESS = "order_fulfillment"


@pytest.fixture
def app(project, track):
    """Orders `paid` and `placed` run on version 1, `done` has ended; nothing else is deployed yet."""
    app = project()
    track(app, "deploy")
    for key, events in {
        "placed": ["Order_Placed"],
        "paid": ["Order_Placed", "Payment_Done"],
        "done": ["Order_Placed", "Payment_Done", "Goods_Fetched", "Goods_Shipped"],
    }.items():
        for event in events:
            _hear(app, event, key)
    return app


@pytest.fixture
def changed(app, project) -> Callable[[Callable[[str], str]], object]:
    """The same project with another version of its model."""

    def change(edit: Callable[[str], str]) -> object:
        (path,) = app.trackflow.models_folder.glob("*.bpmn")
        path.write_text(edit(path.read_text()))
        return project()

    return change


def _hear(app, event: str, key: str) -> None:
    app.trackflow.tracker.handle(Message.new(business_key=key, tenant="showcase", event=event))


def _without_fetching(text: str) -> str:
    """Where goods are fetched another element waits for it."""
    changed = text.replace('"goods_fetched"', '"fetched_otherwise"')
    return changed.replace(">goods_fetched<", ">fetched_otherwise<")


# ---- deploy ------------------------------------------------------------------------------------------


def test_deploy_says_how_many_orders_stay_on_which_version(changed, track):
    second = changed(lambda text: text + "<!-- 2 -->")
    first_words = track(second, "deploy").stdout
    _hear(second, "Order_Placed", "newer")
    third = changed(lambda text: text + "<!-- 3 -->")

    words = track(third, "deploy").stdout
    document = json.loads(track(third, "deploy", "--json").stdout)

    assert (
        "version 2 deployed (running: 2 orders stay on version 1: `celery -A tasks track migrate`)"
        in first_words
    )
    assert "version 3 deployed (running: 1 order stays on version 2, 2 on version 1: `celery" in words
    assert document["models"][0]["runningBefore"] == [
        {"version": 1, "orders": 2},
        {"version": 2, "orders": 1},
    ]


# ---- migrate -----------------------------------------------------------------------------------------


def test_all_orders_move_to_the_newest_version(changed, track):
    app = changed(lambda text: text + "<!-- 2 -->")
    track(app, "deploy")

    result = track(app, "migrate", "--all", "--to", "2")

    assert (result.exit_code, result.stdout) == (
        0,
        f"Moved to version 2 of {PROCESS}: 2 orders (2 from version 1).\n",
    )
    assert app.trackflow.queries.order("paid").instances[-1].version == 2
    _hear(app, "Goods_Fetched", "paid")
    assert app.trackflow.queries.order("paid").awaiting == ("Goods_Shipped",)


def test_there_is_nothing_to_move_the_second_time(changed, track):
    app = changed(lambda text: text + "<!-- 2 -->")
    track(app, "deploy")
    track(app, "migrate", "--all")

    result = track(app, "migrate", "--all")

    assert (result.exit_code, result.stdout) == (
        0,
        f"Nothing runs on an earlier version of {PROCESS} than 2.\n",
    )


def test_an_order_whose_place_is_not_there_is_refused_by_name_and_the_others_move(changed, track):
    app = changed(_without_fetching)
    assert track(app, "deploy").exit_code == 0

    result = track(app, "migrate", "--all")

    assert result.exit_code == 1
    moved, refused, header, row = result.stdout.splitlines()
    assert moved == f"Moved to version 2 of {PROCESS}: 1 order (1 from version 1)."
    assert refused == "Refused: 1 order."
    assert header.split() == ["key", "version", "why", "it", "stays"]
    assert row.split()[:2] == ["paid", "1"]
    assert row.endswith("is not in it")
    assert app.trackflow.queries.order("paid").instances[-1].version == 1


def test_json_names_the_element_and_the_reason(changed, track):
    app = changed(_without_fetching)
    track(app, "deploy")
    order = app.trackflow.queries.order("paid")

    result = track(app, "migrate", "paid", "placed", "done", "--json")

    assert result.exit_code == 1
    document = json.loads(result.stdout)
    (refused,) = document.pop("refused")
    assert document == {
        "process": PROCESS,
        "to": 2,
        "dryRun": False,
        "migrated": 1,
        "from": {"1": 1},
        "gone": 0,
        "nothing": [f"of order 'done' no {PROCESS!r} runs"],
    }
    (reason,) = refused.pop("reasons")
    assert refused == {"businessKey": "paid", "instanceId": order.instance_id, "version": 1}
    assert (reason["element"], reason["reason"]) == (order.instances[-1].active[0], "is not in it")
    assert reason["name"]


def test_a_dry_run_says_the_same_and_changes_nothing(changed, track):
    app = changed(_without_fetching)
    track(app, "deploy")

    result = track(app, "migrate", "--all", "--dry-run")

    assert result.exit_code == 1
    assert result.stdout.startswith(f"Would move to version 2 of {PROCESS}: 1 order (1 from version 1).\n")
    assert "Would stay: 1 order." in result.stdout
    assert {order.instances[-1].version for order in app.trackflow.queries.orders()} == {1}
    assert json.loads(track(app, "show", "placed", "--json").stdout)["actions"] == []


def test_orders_move_back_only_if_their_version_is_named(changed, track):
    app = changed(lambda text: text + "<!-- 2 -->")
    track(app, "deploy")
    track(app, "migrate", "--all")

    nothing = track(app, "migrate", "--all", "--to", "1")
    back = track(app, "migrate", "--all", "--to", "1", "--from", "2")

    assert nothing.stdout == f"Nothing runs on an earlier version of {PROCESS} than 1.\n"
    assert back.stdout == f"Moved to version 1 of {PROCESS}: 2 orders (2 from version 2).\n"


def test_an_order_that_is_there_already_says_so(app, track):
    result = track(app, "migrate", "paid")

    assert (result.exit_code, result.stdout) == (0, "nothing to migrate: order 'paid' is on version 1\n")


def test_show_tells_who_moved_it_and_why(changed, track):
    app = changed(lambda text: text + "<!-- 2 -->")
    track(app, "deploy")
    track(app, "migrate", "paid", "--why", "a faster way")

    row = track(app, "show", "paid").stdout.splitlines()[-1]
    (action,) = json.loads(track(app, "show", "paid", "--json").stdout)["actions"]

    assert row.startswith(f"migrate  from version 1 to 2 of '{PROCESS}'  engine")
    assert row.endswith("a faster way")
    assert (action["action"], action["reason"], action["why"]) == (
        "migrate",
        f"from version 1 to 2 of '{PROCESS}'",
        "a faster way",
    )


@pytest.mark.parametrize("choice", [(), ("paid", "--all")])
def test_one_must_say_which_orders_and_only_once(app, track, choice):
    result = track(app, "migrate", *choice)

    assert result.exit_code == 2
    assert "which ones? Name KEYs, or --all" in result.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--all", "--to", "7"], f"process '{PROCESS}' has no version '7': there is 1"),
        (["--all", "--process", "nobody"], "no process 'nobody' is deployed for tenant 'showcase'"),
        (["nobody"], "no order 'nobody' of tenant 'showcase' in ledger sqlite:///"),
    ],
)
def test_what_is_not_there_is_named_in_one_line(app, track, args, words):
    result = track(app, "migrate", *args)

    assert (result.exit_code, result.stdout) == (1, "")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


def test_of_several_processes_one_must_be_named(app, project, track):
    other = model(START.replace("Go", "Goods_Shipped") + END + flow("start", "end"), "claims")
    (app.trackflow.models_folder / "claims.bpmn").write_bytes(other.source)
    app = project()
    deployed = track(app, "deploy")
    assert deployed.exit_code == 0, deployed.stderr

    asked = track(app, "migrate", "--all")
    chosen = track(app, "migrate", "--all", "--process", PROCESS)

    assert asked.exit_code == 2
    assert f"which process? --process is one of claims, {PROCESS}" in asked.stderr
    assert chosen.exit_code == 0


def test_an_engine_that_is_away_is_one_line(project, track, tmp_path):
    # Given: nobody listens on port 1
    app = project(engine_url="http://demo:secret@127.0.0.1:1/engine-rest")

    for command in (["migrate", "--all"], ["withdraw", PROCESS, "--yes"]):
        result = track(app, *command)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "127.0.0.1:1" in result.stderr
        assert "secret" not in result.stderr
        assert result.stderr.count("\n") == 1


def test_no_tenant_sees_the_orders_of_another(app, project, track):
    other = project(tenant="other")
    track(other, "deploy")

    result = track(other, "migrate", "paid")

    assert result.exit_code == 1
    assert "no order 'paid' of tenant 'other'" in result.stderr


# ---- withdraw ----------------------------------------------------------------------------------------


def test_a_withdrawn_process_starts_no_more_until_it_is_deployed_again(app, track):
    result = track(app, "withdraw", PROCESS, "--yes", "--why", "the shop is closed")

    assert (result.exit_code, result.stdout) == (
        0,
        f"Withdrawn: {PROCESS}. Running: 2 orders. `celery -A tasks track deploy` brings it back.\n",
    )
    _hear(app, "Order_Placed", "new")
    assert app.trackflow.queries.order("new").state == "waiting"
    _hear(app, "Goods_Fetched", "paid")
    assert app.trackflow.queries.order("paid").awaiting == ("Goods_Shipped",)

    again = track(app, "deploy")
    assert "version 1 deployed; it was withdrawn, and starts again" in again.stdout
    track(app, "retry", "new")
    assert app.trackflow.queries.order("new").state == "running"


def test_it_is_done_only_if_somebody_agrees(app, track):
    result = track(app, "withdraw", PROCESS)

    assert (result.exit_code, result.stderr) == (1, "Error: nothing was done; --yes does it without asking\n")
    assert app.trackflow.engine.withdrawn("showcase") == frozenset()


def test_withdrawing_again_says_that_nothing_changed(app, track):
    first, second = (json.loads(track(app, "withdraw", PROCESS, "--yes", "--json").stdout) for _ in range(2))

    assert first == {"process": PROCESS, "withdrawn": True, "changed": True, "running": 2}
    assert second == {**first, "changed": False}


def test_check_says_that_a_model_is_withdrawn(app, track):
    track(app, "withdraw", PROCESS, "--yes")

    result = track(app, "check", "--json")

    assert result.exit_code == 1
    (finding,) = (each for each in json.loads(result.stdout)["findings"] if each["what"] == "model")
    assert (finding["kind"], finding["result"], finding["name"]) == ("model-withdrawn", "warning", PROCESS)


def test_who_withdrew_it_is_in_the_audit(app, track):
    track(app, "withdraw", PROCESS, "--yes", "--why", "the shop is closed")

    (act,) = Audit(app.trackflow.ledger, "showcase").newest(5)
    assert (act.action, act.entry.event_id, act.why) == ("withdraw", PROCESS, "the shop is closed")


def test_a_process_that_nobody_deployed_is_named(app, track):
    result = track(app, "withdraw", "nobody", "--yes")

    assert result.exit_code == 1
    assert "no process 'nobody' is deployed for tenant 'showcase'" in result.stderr
