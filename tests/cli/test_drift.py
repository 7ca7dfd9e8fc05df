"""What `check` finds at a real broker, and what `deploy` mends without being asked to migrate."""

from __future__ import annotations

import json

import pytest
from kombu import Connection

from config.topology import choreography
from trackflow import EVERY_EVENT, Choreography, Subscription

pytestmark = pytest.mark.broker

# As it was before: shipment also heard of payments, and somebody printed labels.
EARLIER = Choreography(
    events=choreography.events,
    subscriptions=(
        Subscription("payment", hears=("Order_Placed",)),
        Subscription("inventory", hears=("Payment_Done",)),
        Subscription("shipment", hears=("Goods_Fetched", "Payment_Done")),
        Subscription("labels", hears=("Goods_Fetched",), ladder=(7,)),
        Subscription("order_fulfillment", hears=EVERY_EVENT),
    ),
)


@pytest.fixture
def channel(amqp_url):
    """A plain one, with confirms."""
    with Connection(amqp_url, transport_options={"confirm_publish": True}) as connection:
        yield connection.channel()


@pytest.fixture
def drift(track):
    """The findings of `check --json` that are not ok; without the queues that nobody consumes."""

    def check(app):
        result = track(app, "check", "--json")
        assert result.exit_code == 1
        document = json.loads(result.stdout)
        assert document["ok"] is False
        return [
            each
            for each in document["findings"]
            if each["result"] != "ok" and each["kind"] != "queue-unconsumed"
        ]

    return check


def publish(channel, queue, number=1):
    for _ in range(number):
        channel.basic_publish(channel.prepare_message(b"{}"), "", queue)


def messages(channel, queue):
    return channel.queue_declare(queue, passive=True).message_count


def test_nothing_declared_is_one_finding_for_each_subscription(on_broker, drift, tenant):
    found = [(each["kind"], each["name"]) for each in drift(on_broker) if each["what"] != "model"]

    names = ("payment", "inventory", "shipment", "order_fulfillment")
    queues = [("queue-missing", f"{tenant}.{name}") for name in names]
    assert found == [("exchange-missing", tenant), *queues]


def test_each_missing_queue_is_named(on_broker, track, drift, channel, tenant):
    track(on_broker, "deploy")
    for name in (f"{tenant}.payment", f"{tenant}.payment.retry.30s", f"{tenant}.shipment.dead"):
        channel.queue_delete(name)

    assert [(each["kind"], each["name"], each["result"]) for each in drift(on_broker)] == [
        ("queue-missing", f"{tenant}.payment", "failed"),
        ("queue-missing", f"{tenant}.payment.retry.30s", "failed"),
        ("queue-missing", f"{tenant}.shipment.dead", "failed"),
    ]


def test_every_argument_that_differs_is_named_with_what_is_wanted_and_found(
    on_broker, track, drift, channel, tenant
):
    track(on_broker, "deploy")
    name = f"{tenant}.payment.retry.5s"
    channel.queue_delete(name)
    arguments = {"x-queue-type": "quorum", "x-message-ttl": 77, "x-max-length": 9}
    channel.queue_declare(name, durable=True, auto_delete=False, arguments=arguments)

    found = drift(on_broker)

    assert {(each["kind"], each["name"], each["result"]) for each in found} == {
        ("queue-differs", name, "failed")
    }
    assert sorted((each["argument"], each["wanted"], each["found"]) for each in found) == [
        ("x-dead-letter-exchange", "", None),
        ("x-dead-letter-routing-key", f"{tenant}.payment", None),
        ("x-dead-letter-strategy", "at-least-once", None),
        ("x-max-length", None, 9),
        ("x-message-ttl", 5000, 77),
        ("x-overflow", "reject-publish", None),
    ]
    assert any(f"{name}: x-message-ttl is 77, should be 5000" in each["words"] for each in found)


def test_an_exchange_of_another_type_is_found_and_cannot_be_migrated(
    on_broker, track, drift, channel, tenant
):
    channel.exchange_declare(tenant, "fanout", durable=True, auto_delete=False)

    (found,) = [each for each in drift(on_broker) if each["what"] == "exchange"]
    deployed = track(on_broker, "deploy", "--migrate", "--yes")

    assert (found["kind"], found["argument"]) == ("exchange-differs", "type")
    assert (found["wanted"], found["found"]) == ("direct", "fanout")
    assert deployed.exit_code == 1
    assert "cannot be replaced without losing what is published meanwhile" in deployed.stderr
    assert deployed.stderr.count("\n") == 1


def test_a_queue_that_nobody_consumes_says_how_much_waits(on_broker, track, channel, tenant):
    track(on_broker, "deploy")
    publish(channel, f"{tenant}.payment", 3)
    channel.basic_consume(f"{tenant}.shipment", callback=lambda _: None)

    result = track(on_broker, "check", "--json")

    found = {each["name"]: each for each in json.loads(result.stdout)["findings"] if each["what"] == "queue"}
    assert result.exit_code == 1
    assert found[f"{tenant}.payment"]["kind"] == "queue-unconsumed"
    assert found[f"{tenant}.payment"]["result"] == "warning"
    assert found[f"{tenant}.payment"]["messages"] == 3
    assert found[f"{tenant}.shipment"]["kind"] == "queue-ok"
    assert found[f"{tenant}.shipment"]["consumers"] == 1


def test_dead_letters_are_counted(on_broker, track, drift, channel, tenant):
    track(on_broker, "deploy")
    publish(channel, f"{tenant}.payment.dead", 2)

    (found,) = drift(on_broker)

    assert (found["kind"], found["name"], found["messages"]) == ("dead-letters", f"{tenant}.payment.dead", 2)
    assert found["result"] == "warning"


def test_a_binding_of_an_earlier_deployment_is_found_and_removed(
    broker_project, track, drift, channel, tenant
):
    # Given a deployment in which shipment also heard of payments
    track(broker_project(EARLIER), "deploy")
    now = broker_project()

    # When it is checked before and after the next deployment
    before = [each for each in drift(now) if each["kind"] == "binding-stale"]
    deployed = json.loads(track(now, "deploy", "--json").stdout)
    after = [each for each in drift(now) if each["kind"] == "binding-stale"]

    # Then
    assert [(each["name"], each["routingKey"]) for each in before] == [
        (f"{tenant}.labels", "inventory"),
        (f"{tenant}.shipment", "payment"),
    ]
    assert all("as it was deployed at 20" in each["words"] for each in before)
    assert {"queue": f"{tenant}.shipment", "routingKey": "payment"} in deployed["removedBindings"]
    assert after == []
    channel.basic_publish(channel.prepare_message(b"{}"), tenant, "payment")
    assert messages(channel, f"{tenant}.shipment") == 0
    channel.basic_publish(channel.prepare_message(b"{}"), tenant, "inventory")
    assert messages(channel, f"{tenant}.labels") == 0


def test_a_binding_that_somebody_else_made_is_removed_too(on_broker, track, channel, tenant):
    track(on_broker, "deploy")
    for queue in ("shipment", "shipment.dead", "payment.retry.5s"):
        channel.queue_bind(f"{tenant}.{queue}", tenant, "order")

    track(on_broker, "deploy")

    channel.basic_publish(channel.prepare_message(b"{}"), tenant, "order")
    assert messages(channel, f"{tenant}.payment") == 1
    assert [messages(channel, f"{tenant}.{each}") for each in ("shipment", "shipment.dead")] == [0, 0]
    assert messages(channel, f"{tenant}.payment.retry.5s") == 0


def test_the_queue_of_a_subscription_that_is_gone_is_kept_as_long_as_it_holds_messages(
    broker_project, track, drift, channel, tenant
):
    # Given a subscription of an earlier deployment, with an event that nobody handled
    track(broker_project(EARLIER), "deploy")
    labels = f"{tenant}.labels"
    publish(channel, labels)
    now = broker_project()

    # When the next one is deployed, even with --migrate
    deployed = json.loads(track(now, "deploy", "--migrate", "--yes", "--json").stdout)

    # Then the queue is there with its event, and said to be
    assert messages(channel, labels) == 1
    left = {each["name"]: each["change"] for each in deployed["leftQueues"]}
    assert left == {labels: "unchanged", f"{labels}.dead": "deleted", f"{labels}.retry.7s": "deleted"}
    (found,) = drift(now)
    assert (found["kind"], found["name"], found["messages"]) == ("queue-left", labels, 1)
    assert "bring its subscription back" in found["words"]

    # When it is empty
    channel.queue_purge(labels)
    assert [each["result"] for each in drift(now)] == ["warning"]
    track(now, "deploy", "--migrate", "--yes")

    # Then it is gone, and forgotten
    assert drift_free(track, now)


def test_a_queue_that_is_consumed_is_never_deleted(broker_project, track, drift, channel, tenant):
    track(broker_project(EARLIER), "deploy")
    channel.basic_consume(f"{tenant}.labels", callback=lambda _: None)
    now = broker_project()

    track(now, "deploy", "--migrate", "--yes")

    (found,) = drift(now)
    assert (found["kind"], found["name"], found["consumers"]) == ("queue-left", f"{tenant}.labels", 1)
    assert "stop its workers" in found["words"]


def test_what_an_interrupted_migration_left_is_named_by_check_and_deploy(
    on_broker, track, drift, channel, tenant
):
    track(on_broker, "deploy")
    left = f"{tenant}.payment.migration"
    arguments = {"x-queue-type": "quorum"}
    channel.queue_declare(left, durable=True, auto_delete=False, arguments=arguments)
    publish(channel, left, 4)

    (found,) = drift(on_broker)
    deployed = json.loads(track(on_broker, "deploy", "--json").stdout)

    assert (found["kind"], found["name"], found["messages"]) == ("migration-unfinished", left, 4)
    assert deployed["unfinishedMigrations"] == [{"name": left, "messages": 4}]
    assert messages(channel, left) == 4


def test_the_signs_tell_what_must_be_mended_from_what_waits_for_somebody(on_broker, track, channel, tenant):
    track(on_broker, "deploy")
    channel.queue_delete(f"{tenant}.payment.retry.5s")

    lines = track(on_broker, "check").stdout.splitlines()

    assert any(line.startswith("✗") and "payment.retry.5s is missing" in line for line in lines)
    assert any(line.startswith("!") and "payment: no worker consumes it" in line for line in lines)


def drift_free(track, app):
    kinds = {each["kind"] for each in json.loads(track(app, "check", "--json").stdout)["findings"]}
    return not {kind for kind in kinds if not kind.endswith("-ok")} - {"queue-unconsumed"}
