"""`track lint`, and what `check` and `deploy` make of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trackflow import EVERY_EVENT, Choreography, Subscription
from trackflow.bpmn.lint import Finding, Severity
from trackflow.cli.lint import annotation

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="urn:test">\n'
    '<message id="go" name="Order_Placed"/>\n'
    '<process id="{id}" isExecutable="true" camunda:historyTimeToLive="P1D">\n'
    '<startEvent id="s"><messageEventDefinition messageRef="go"/></startEvent>\n'
)
WAITS = '<userTask id="inspect" name="Inspect"/>\n<sequenceFlow id="f" sourceRef="s" targetRef="inspect"/>\n'
LOOPS = (
    '<task id="a"/><task id="b"/>\n<sequenceFlow id="f" sourceRef="s" targetRef="a"/>\n'
    '<sequenceFlow id="g" sourceRef="a" targetRef="b"/><sequenceFlow id="h" sourceRef="b" targetRef="a"/>\n'
)
TAIL = "</process></definitions>"


def write(folder: Path, name: str, body: str) -> Path:
    file = folder / f"{name}.bpmn"
    file.write_text(HEAD.replace("{id}", name) + body + TAIL)
    return file


def test_the_example_has_nothing_wrong(project, track):
    result = track(project(), "lint")

    assert result.exit_code == 0
    assert result.stdout == "1 file: 0 errors, 0 warnings.\n"


def test_a_warning_names_the_line_and_is_no_failure(project, track, tmp_path):
    file = write(tmp_path, "returns", WAITS)

    result = track(project(), "lint", str(file))

    assert result.exit_code == 0
    assert f"{file}:5" in result.stdout
    assert "userTask 'inspect' (Inspect) is never left" in result.stdout
    assert "no-way-out" in result.stdout


def test_an_error_is_a_failure(project, track, tmp_path):
    result = track(project(), "lint", str(write(tmp_path, "rounds", LOOPS)))

    assert result.exit_code == 1
    assert "endless-loop" in result.stdout


def test_json_has_the_same_fields_for_every_finding(project, track, tmp_path):
    file, missing = write(tmp_path, "rounds", LOOPS), tmp_path / "missing.bpmn"

    result = track(project(), "lint", "--json", str(file), str(missing))

    document = json.loads(result.stdout)
    assert result.exit_code == 1
    assert document["ok"] is False
    assert document["files"] == [str(file), str(missing)]
    by_rule = {each["rule"]: each for each in document["findings"]}
    assert by_rule["unreadable"] == {
        "rule": "unreadable",
        "severity": "error",
        "file": str(missing),
        "line": None,
        "process": None,
        "element": None,
        "event": None,
        "service": None,
        "text": "No such file or directory",
    }
    assert by_rule["endless-loop"]["element"] == "a"
    assert by_rule["endless-loop"]["line"] == 5
    assert all(each.keys() == by_rule["unreadable"].keys() for each in document["findings"])


def test_github_shows_findings_at_their_lines(project, track, tmp_path):
    file = write(tmp_path, "rounds", LOOPS)

    result = track(project(), "lint", "--github", str(file))

    assert result.exit_code == 1
    assert f"::error file={file},line=5,title=endless-loop::task 'a' begins an endless loop" in result.stdout
    assert all(line.startswith(("::error ", "::warning ")) for line in result.stdout.splitlines())


def test_an_annotation_is_escaped_as_githubs_own_tools_do_it():
    finding = Finding("r", Severity.WARNING, "100 %\nof: it, all", "odd, name: 5%.bpmn", 3)
    assert (
        annotation(finding) == "::warning file=odd%2C name%3A 5%25.bpmn,line=3,title=r::100 %25%0Aof: it, all"
    )


def test_json_and_github_are_not_both_printed(project, track):
    assert track(project(), "lint", "--json", "--github").exit_code == 2


def test_a_file_that_cannot_be_read_is_one_finding_with_its_line(project, track, tmp_path):
    file = tmp_path / "broken.bpmn"
    file.write_text("<definitions\n\n<")

    document = json.loads(track(project(), "lint", "--json", str(file)).stdout)

    (found,) = [each for each in document["findings"] if each["file"]]
    assert (found["rule"], found["line"]) == ("unreadable", 3)


def test_what_only_the_embedded_engine_refuses_is_a_warning_elsewhere(project, track, tmp_path):
    task = '<scriptTask id="x" scriptFormat="js"><script>1</script></scriptTask>'
    body = task + '<sequenceFlow id="f" sourceRef="s" targetRef="x"/>\n'
    file = write(tmp_path, "script", body)

    here = track(project(), "lint", "--json", str(file))
    there = track(project(engine_url="http://127.0.0.1:1/engine-rest"), "lint", "--json", str(file))

    assert (here.exit_code, there.exit_code) == (1, 0)
    for result, severity in ((here, "error"), (there, "warning")):
        by_rule = {each["rule"]: each for each in json.loads(result.stdout)["findings"]}
        assert by_rule["embedded-refuses"]["severity"] == severity
        assert "scriptTask 'x'" in by_rule["embedded-refuses"]["text"]


def test_what_every_engine_refuses_is_not_said_again_for_the_embedded_one(project, track, tmp_path):
    body = '<complexGateway id="x"/>\n<sequenceFlow id="f" sourceRef="s" targetRef="x"/>\n'

    result = track(project(), "lint", "--json", str(write(tmp_path, "complex", body)))

    rules = [each["rule"] for each in json.loads(result.stdout)["findings"]]
    assert "refused-flow" in rules
    assert "embedded-refuses" not in rules


def test_an_event_that_is_knowingly_ignored_is_no_finding(project, track):
    events = {
        "Order_Placed": "order",
        "Payment_Done": "payment",
        "Goods_Fetched": "inventory",
        "Goods_Shipped": "shipment",
        "Newsletter_Sent": "marketing",
    }
    everything = (Subscription("order_fulfillment", hears=EVERY_EVENT),)

    told = track(project(Choreography(events, everything)), "lint")
    silent = track(project(Choreography(events, everything, ignored=("Newsletter_Sent",))), "lint")

    assert "Newsletter_Sent: no model awaits it" in told.stdout
    assert silent.stdout == "1 file: 0 errors, 0 warnings.\n"


def test_check_says_the_same(project, track):
    app = project()
    file = write(app.trackflow.models_folder, "returns", WAITS.replace("userTask", "manualTask"))
    (app.trackflow.models_folder / "rounds.bpmn").write_text(file.read_text().replace("returns", "rounds"))

    result = track(app, "check", "--json")

    found = [each for each in json.loads(result.stdout)["findings"] if each["kind"] == "no-diagram"]
    assert [(each["what"], each["name"], each["result"], each["line"]) for each in found] == [
        ("model", "returns", "warning", 3),
        ("model", "rounds", "warning", 3),
    ]


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_deploy_refuses_errors_with_a_line_for_each_and_does_nothing(project, track, more):
    app = project()
    for name, event in (("one", "Payment_Done"), ("two", "Goods_Fetched")):
        file = write(app.trackflow.models_folder, name, LOOPS)
        file.write_text(file.read_text().replace("Order_Placed", event))

    result = track(app, "deploy", *more)

    assert result.exit_code == 1
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("Error: ") and "(endless-loop)" in line for line in lines)
    assert not any(app.trackflow.engine.deployed(app.trackflow.models, "showcase").values())


def test_deploy_tells_warnings_and_deploys(project, track):
    app = project()
    file = write(app.trackflow.models_folder, "returns", WAITS)
    file.write_text(file.read_text().replace("Order_Placed", "Payment_Done"))

    result = track(app, "deploy")

    assert result.exit_code == 0
    assert "Warning: " in result.stderr
    assert "(no-way-out)" in result.stderr
    assert all(app.trackflow.engine.deployed(app.trackflow.models, "showcase").values())
