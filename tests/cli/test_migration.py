"""`deploy --migrate`: queues with other arguments are replaced, and no message is lost, whatever happens."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections import Counter

import pytest
from kombu import Connection

from tests.cli.calling import CHECKOUT, SETTINGS, celery, python
from tests.cli.older import NUMBER, Old
from tests.waiting import until

pytestmark = pytest.mark.broker

MIGRATE = ("-A", "tasks", "track", "deploy", "--migrate", "--yes")


@pytest.fixture
def channel(amqp_url):
    """A plain one, with confirms."""
    with Connection(amqp_url, transport_options={"confirm_publish": True}) as connection:
        yield connection.channel()


@pytest.fixture
def old(on_broker, track, channel, tenant):
    assert track(on_broker, "deploy").exit_code == 0
    installation = Old(channel, tenant)
    installation.declare()
    installation.fill()
    return installation


@pytest.fixture
def settings(amqp_url, tenant, tmp_path):
    """What the tested process is told in its environment."""
    return {"AMQP_URL": amqp_url, "TENANT": tenant, "LEDGER_URL": f"sqlite:///{tmp_path}/ledger.db"}


def everything(kind):
    return {f"{kind} {n}" for n in range(NUMBER)}


def found_kinds(track, app):
    return {each["kind"] for each in json.loads(track(app, "check", "--json").stdout)["findings"]}


def test_queues_are_replaced_with_every_message_as_it_was(on_broker, track, old):
    result = track(on_broker, "deploy", "--migrate", "--yes", "--json")

    assert result.exit_code == 0, result.stderr
    changes = {each["name"]: each["change"] for each in json.loads(result.stdout)["topology"]}
    assert {name for name, change in changes.items() if change == "replaced"} == {
        old.work,
        old.retry,
        old.dead,
    }
    assert set(changes.values()) == {"replaced", "unchanged"}
    kinds = found_kinds(track, on_broker)
    assert not kinds & {"queue-differs", "queue-missing", "migration-unfinished"}
    assert old.nothing_is_left_behind()
    dead = old.take(old.dead)
    assert [letter.body.decode() for letter in dead] == [f"dead {n}" for n in range(NUMBER)]
    assert dead[0].properties["message_id"] == "dead 0"
    assert dead[0].headers["cause"] == "before"
    assert dead[0].headers["x-death"][0]["reason"] == "delivery_limit"
    # The retry queue's TTL is five seconds now: what comes due goes to the work queue.
    seen = set[str]()
    until(
        lambda: seen.update(old.bodies(old.work)) or seen == everything("work") | everything("retry"),
        60,
        "all events are in the work queue",
    )


def test_events_keep_their_routing_key(on_broker, track, old):
    track(on_broker, "deploy", "--migrate", "--yes")

    assert {message.delivery_info["routing_key"] for message in old.take(old.work)} <= {"order", old.work}


def test_a_second_migration_changes_nothing(on_broker, track, old):
    track(on_broker, "deploy", "--migrate", "--yes")

    again = json.loads(track(on_broker, "deploy", "--migrate", "--json").stdout)

    assert again["changes"] == 0
    assert old.count(old.dead) == NUMBER


def test_without_a_yes_the_plan_is_shown_and_nothing_is_done(on_broker, track, old):
    result = track(on_broker, "deploy", "--migrate")

    assert result.exit_code == 1
    assert f"{old.dead}" in result.stdout
    assert "x-message-ttl is 86400000, should be 5000; is replaced" in result.stdout
    assert f"{NUMBER} messages wait in {old.work}.migration meanwhile" in result.stdout
    assert result.stderr == "Error: nothing was done; --yes does it without asking\n"
    assert [old.count(name) for name in (old.work, old.retry, old.dead)] == [NUMBER] * 3
    assert old.nothing_is_left_behind()


def test_the_plan_as_json(on_broker, track, old):
    result = track(on_broker, "deploy", "--migrate", "--json")

    assert result.exit_code == 1
    plan = json.loads(result.stdout)["plan"]
    assert [(each["name"], each["action"], each["messages"], each["left"]) for each in plan] == [
        (old.retry, "replace", NUMBER, 0),
        (f"{old.work}.retry.30s", "set aside", 0, 0),
        (f"{old.work}.retry.150s", "set aside", 0, 0),
        (old.work, "replace", NUMBER, 0),
        (old.dead, "replace", NUMBER, 0),
    ]
    assert plan[-1]["differences"] == [{"argument": "x-delivery-limit", "wanted": 2**31 - 1, "found": None}]


@pytest.mark.parametrize(("answer", "code"), [(b"n\n", 1), (b"y\n", 0)])
def test_at_a_terminal_it_asks(old, settings, answer, code):
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    with subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "tasks", "track", "deploy", "--migrate"],
        cwd=CHECKOUT,
        env={**environment, **settings},
        stdin=theirs,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        os.write(ours, answer)
        output = process.communicate(timeout=60)[0]
    os.close(ours)
    os.close(theirs)

    assert "Do it? [y/N]" in output
    assert process.returncode == code
    assert old.count(old.dead) == NUMBER


def test_a_queue_that_is_consumed_is_not_replaced(on_broker, track, old):
    old.channel.basic_qos(0, 1, False)
    old.channel.basic_consume(old.work, callback=lambda _: None)

    result = track(on_broker, "deploy", "--migrate", "--yes")

    assert result.exit_code == 1
    assert f"stop their workers first: {old.work} (1)" in result.stderr
    assert result.stderr.count("\n") == 1
    assert old.count(old.dead) == NUMBER
    assert old.nothing_is_left_behind()


def test_two_migrations_at_once_do_not_meet(on_broker, track, old, tenant, amqp_url):
    with Connection(amqp_url) as other:
        other.channel().queue_declare(f"{tenant}.migration.lock", exclusive=True)

        result = track(on_broker, "deploy", "--migrate", "--yes")

    assert result.exit_code == 1
    assert "another migration of this tenant is running" in result.stderr
    assert old.nothing_is_left_behind()


def test_a_work_queue_that_a_person_deleted_is_waited_for(on_broker, track, old):
    # Given: what came due in the meantime is where nobody sees it
    old.channel.queue_delete(old.work)

    first = track(on_broker, "deploy", "--migrate", "--yes")
    second = track(on_broker, "deploy", "--migrate", "--yes")

    assert first.exit_code == 1
    assert f"{old.work} was missing, and is there again" in first.stderr
    assert second.exit_code == 0
    assert old.count(old.dead) == NUMBER


def test_what_is_published_meanwhile_is_not_lost(old, settings, tenant, amqp_url):
    # Given a publisher that does not stop
    published, ended = Counter(), threading.Event()

    def publish():
        with Connection(amqp_url, transport_options={"confirm_publish": True}) as connection:
            mine = Old(connection.channel(), tenant)
            while not ended.is_set():
                body = f"meanwhile {len(published)}"
                mine.publish(body, tenant, "order")
                published[body] += 1

    publisher = threading.Thread(target=publish)
    publisher.start()
    until(lambda: len(published) > 10, 30, "it publishes")
    # When the queues are replaced
    result = celery("track", "deploy", "--migrate", "--yes", **settings)
    enough = len(published) + 10
    until(lambda: len(published) > enough or not publisher.is_alive(), 30, "it publishes after that")
    alive = publisher.is_alive()
    ended.set()
    publisher.join()
    # Then every event is in the new queue
    assert result.returncode == 0, result.stderr
    assert alive
    assert old.nothing_is_left_behind()
    assert set(published) | everything("work") <= set(old.bodies(old.work))


# In the order in which they are reached.
POINTS = [
    ("queue_bind", 1),  # the queues beside are there, and hear nothing
    ("queue_unbind", 1),  # both hear
    ("basic_publish", 10),  # copied in part, nothing acked
    ("basic_ack", 10),  # copied and confirmed, acked in part
    ("basic_publish", NUMBER + 10),  # the next queue
    ("basic_ack", 3 * NUMBER),  # the last message but one
    ("queue_delete", 1),  # all are empty
    ("queue_delete", 3),  # a retry queue is gone, the work queue is not
    ("queue_delete", 4),  # the work queue is gone
    ("queue_delete", 6),  # likewise that of dead letters
    ("basic_publish", 3 * NUMBER + 10),  # put back in part
    ("basic_ack", 4 * NUMBER + 10),
    ("queue_delete", 7),  # the first one beside is empty
    ("queue_delete", 11),
]


@pytest.mark.parametrize(("method", "nth"), POINTS, ids=[f"{method}-{nth}" for method, nth in POINTS])
def test_killed_in_the_middle_it_loses_nothing_and_the_next_run_finishes(
    on_broker, track, old, settings, method, nth
):
    # Given a migration that was killed
    killed = python("tests.cli.dying", method, str(nth), *MIGRATE, **settings)
    assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
    # Then `check` names what it left, and an event that comes now has a place
    assert "migration-unfinished" in found_kinds(track, on_broker)
    old.publish("afterwards", old.tenant, "order")
    # When it runs again (the broker may need a moment to see that the other one is dead)
    until(
        lambda: track(on_broker, "deploy", "--migrate", "--yes").exit_code == 0, 60, "the next run finishes"
    )
    # Then every message is where it was, at least once
    assert old.nothing_is_left_behind()
    assert not found_kinds(track, on_broker) & {"queue-differs", "queue-missing", "migration-unfinished"}
    assert set(old.bodies(old.dead)) == everything("dead")
    wanted = everything("work") | everything("retry") | {"afterwards"}
    seen = set[str]()
    until(lambda: seen.update(old.bodies(old.work)) or seen == wanted, 60, "all events are in the work queue")
