"""`track deploy`."""

from __future__ import annotations

import json

import pytest
from kombu import Connection, Queue


def test_the_models_are_deployed_once(project, track):
    app = project()

    first, second = (track(app, "deploy") for _ in range(2))

    assert "version 1 deployed" in first.stdout
    assert "1 change." in first.stdout
    assert "version 1 unchanged" in second.stdout
    assert "Nothing changed." in second.stdout


def test_in_memory_there_is_no_topology_to_declare(project, track):
    result = track(project(), "deploy")

    assert result.exit_code == 0
    assert "AMQP_URL is memory://" in result.stdout


def test_json_tells_what_changed(project, track):
    document = json.loads(track(project(), "deploy", "--json").stdout)

    assert document == {
        "tenant": "showcase",
        "topology": None,
        "removedBindings": [],
        "leftQueues": [],
        "unfinishedMigrations": [],
        "models": [
            {
                "process": "order_fulfillment",
                "version": 1,
                "change": "deployed",
                "notes": [],
                "runningBefore": [],
            }
        ],
        "changes": 1,
        "findings": [],
    }


def test_a_model_that_cannot_be_read_is_named_in_one_line(project, track):
    app = project()
    (app.trackflow.models_folder / "broken.bpmn").write_text("<definitions")

    result = track(app, "deploy")

    assert result.exit_code == 1
    assert "broken.bpmn" in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_folder_without_models_is_named(project, track):
    app = project()
    for model in app.trackflow.models_folder.glob("*.bpmn"):
        model.unlink()

    result = track(app, "deploy")

    assert result.exit_code == 1
    assert str(app.trackflow.models_folder) in result.stderr


def test_an_engine_that_is_away_is_named_without_its_password(project, track):
    # Given: nobody listens on port 1
    app = project(engine_url="http://demo:secret@127.0.0.1:1/engine-rest")

    result = track(app, "deploy")

    assert result.exit_code == 1
    assert "127.0.0.1:1" in result.stderr
    assert "secret" not in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_ledger_that_cannot_be_opened_is_named_in_one_line(project, track):
    app = project(ledger_url="sqlite:////nowhere/at/all.db")

    result = track(app, "deploy")

    assert result.exit_code == 1
    assert "sqlite:////nowhere/at/all.db" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.broker
def test_the_topology_is_declared_once(on_broker, track):
    first, second = (json.loads(track(on_broker, "deploy", "--json").stdout) for _ in range(2))

    # One exchange; for each of four subscriptions a queue, three retry queues and one for dead letters.
    assert [each["change"] for each in first["topology"]] == ["created"] * 21
    assert {each["change"] for each in second["topology"]} == {"unchanged"}
    assert second["changes"] == 0


@pytest.mark.broker
def test_a_queue_with_another_argument_is_named_with_what_is_wanted_and_found(on_broker, track, amqp_url):
    # Given
    name = f"{on_broker.trackflow.settings.tenant}.payment.retry.5s"
    with Connection(amqp_url) as connection:
        Queue(name, queue_arguments={"x-message-ttl": 77}, channel=connection.channel()).queue_declare()

    # When
    result = track(on_broker, "deploy")

    # Then: said, and nothing was declared
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: queue {name}: ")
    assert "x-message-ttl is 77, should be 5000" in result.stderr
    assert "deploy --migrate" in result.stderr
    assert result.stderr.count("\n") == 1
    missing = [each for each in _found(track(on_broker, "check", "--json")) if "missing" in each["words"]]
    assert missing


@pytest.mark.broker
def test_after_deploy_check_finds_only_that_no_worker_runs(on_broker, track):
    track(on_broker, "deploy")

    result = track(on_broker, "check", "--json")

    assert result.exit_code == 1
    assert [each["kind"] for each in _found(result) if each["result"] != "ok"] == ["queue-unconsumed"] * 4


def _found(result):
    return json.loads(result.stdout)["findings"]
