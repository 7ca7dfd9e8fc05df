"""`track check`."""

from __future__ import annotations

import json

from trackflow import EVERY_EVENT, Choreography, Message, Subscription


def findings(result):
    return {(each["what"], each["result"]): each["words"] for each in json.loads(result.stdout)["findings"]}


def test_before_deploy_the_model_is_missing(project, track):
    result = track(project(), "check", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout)["ok"] is False
    assert "track deploy" in findings(result)["model", "failed"]


def test_after_deploy_all_is_well(project, track):
    app = project()
    track(app, "deploy")

    result = track(app, "check")

    assert result.exit_code == 0
    assert "✗" not in result.stdout
    assert "!" not in result.stdout
    assert "track-flow.bpmn: deployed as it is" in result.stdout


def test_a_model_that_changed_since_is_found(project, track):
    app = project()
    track(app, "deploy")
    model = next(app.trackflow.models_folder.glob("*.bpmn"))
    model.write_text(model.read_text().replace("</bpmn:definitions>", "\n</bpmn:definitions>"))
    changed = project()

    result = track(changed, "check", "--json")

    assert result.exit_code == 1
    assert "changed since" in findings(result)["model", "failed"]


def test_an_event_that_the_model_awaits_and_nobody_declared_is_found(project, track):
    shorter = Choreography(
        events={"Order_Placed": "order", "Payment_Done": "payment", "Goods_Fetched": "inventory"},
        subscriptions=(Subscription("order_fulfillment", hears=EVERY_EVENT),),
    )

    result = track(project(shorter), "check", "--json")

    assert result.exit_code == 1
    assert "awaits 'Goods_Shipped'" in findings(result)["event", "failed"]


def test_an_event_that_no_model_awaits_is_found(project, track):
    longer = Choreography(
        events={
            "Order_Placed": "order",
            "Payment_Done": "payment",
            "Goods_Fetched": "inventory",
            "Goods_Shipped": "shipment",
            "Parcel_Lost": "carrier",
        },
        subscriptions=(Subscription("order_fulfillment", hears=EVERY_EVENT),),
    )
    app = project(longer)
    track(app, "deploy")

    result = track(app, "check", "--json")

    assert result.exit_code == 1
    assert findings(result)["event", "warning"] == "Parcel_Lost: no model awaits it"


def test_an_event_that_no_service_emits_is_found_but_not_the_first_of_an_order(project, track):
    app = project()
    track(app, "deploy")
    app.tasks["payment"].emits = ()

    result = track(app, "check", "--json")

    assert result.exit_code == 1
    found = json.loads(result.stdout)["findings"]
    assert [(each["kind"], each["name"]) for each in found if each["result"] != "ok"] == [
        ("event-not-emitted", "Payment_Done")
    ]


def test_json_has_one_shape_for_every_finding(project, track):
    app = project()
    track(app, "deploy")

    document = json.loads(track(app, "check", "--json").stdout)

    assert document["ok"] is True
    assert [(each["kind"], each.get("name")) for each in document["findings"]] == [
        ("broker-ok", None),
        ("ledger-ok", None),
        ("engine-ok", None),
        ("model-ok", "order_fulfillment"),
        ("event-ok", "Order_Placed"),
        ("event-ok", "Payment_Done"),
        ("event-ok", "Goods_Fetched"),
        ("event-ok", "Goods_Shipped"),
    ]
    for each in document["findings"]:
        details = {"untold"} if each["what"] == "ledger" else set()
        always = {"kind", "what", "result", "words"} | details
        assert always <= each.keys() <= always | {"name"}


def test_a_backlog_is_told_beside_the_ledger(project, track):
    # Given an event that nothing waits for yet
    app = project()
    track(app, "deploy")
    app.trackflow.tracker.handle(Message(business_key="1", tenant="showcase", event="Payment_Done"))

    findings = json.loads(track(app, "check", "--json").stdout)["findings"]

    ledger = next(each for each in findings if each["what"] == "ledger")
    assert (ledger["result"], ledger["untold"]) == ("ok", 1)
    assert ledger["words"].endswith(", 1 event still to be told")


def test_an_event_that_a_service_emits_and_nobody_declared_is_found(project, track):
    app = project()
    track(app, "deploy")
    app.tasks["payment"].emits = ("Payment_Done", "Payment_Refused")

    result = track(app, "check", "--json")

    assert result.exit_code == 1
    assert "payment emits Payment_Refused" in findings(result)["service", "failed"]


def test_a_broker_an_engine_and_a_ledger_that_are_away_are_each_named(project, track):
    # Given: nobody listens on port 1
    app = project(
        amqp_url="amqp://guest:secret@127.0.0.1:1//",
        engine_url="http://demo:secret@127.0.0.1:1/engine-rest",
        ledger_url="sqlite:////nowhere/at/all.db",
    )

    result = track(app, "check", "--json")

    assert result.exit_code == 1
    found = findings(result)
    assert "127.0.0.1:1" in found["broker", "failed"]
    assert "127.0.0.1:1" in found["engine", "failed"]
    assert "/nowhere/at/all.db" in found["ledger", "failed"]
    assert "secret" not in result.output
