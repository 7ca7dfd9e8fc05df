"""Dead letters are listed, put back where they died, or thrown away; whatever happens, none is lost."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from uuid import uuid4

import pytest
from kombu import Connection

from tests.integration.raw_client import Raw, send
from tests.upkeep.graveyard import WHY, Graveyard, graveyard
from tests.waiting import until
from trackflow.errors import LedgerError, PublishError
from trackflow.upkeep import dead_letters as module
from trackflow.upkeep import groups
from trackflow.upkeep.dead_letters import DeadLetters, Selection
from trackflow.upkeep.letter import Letter
from trackflow.upkeep.raw import Enough, RawMessage
from trackflow.upkeep.raw_writer import RawWriter

pytestmark = pytest.mark.broker
ALL = Selection()
COUNT = "x-delivery-count"  # a header that the broker adds


def nothing(_letters: Sequence[Letter]) -> None:
    """Notes nothing."""


@pytest.fixture
def graves(amqp_url: str) -> Iterator[Graveyard]:
    with graveyard(amqp_url, f"t{uuid4().hex[:8]}") as made:
        yield made


@pytest.fixture
def dead(graves: Graveyard) -> Iterator[DeadLetters]:
    with Connection(graves.url) as connection:
        yield DeadLetters(connection, graves.queues)


def test_letters_are_counted_by_queue_reason_and_error(graves: Graveyard, dead: DeadLetters) -> None:
    graves.bury("1")
    graves.bury("2", headers={**WHY, "trackflow-at": "2026-02-01T12:00:00+00:00"})
    graves.bury("3", headers={**WHY, "trackflow-error": "KeyError"})
    graves.bury("4", queue="shipment", headers={})

    groups = dead.groups(ALL)

    payment, shipment = f"{graves.tenant}.payment", f"{graves.tenant}.shipment"
    assert [(each.queue, each.reason, each.error, each.count, each.example) for each in groups] == [
        (payment, "permanent", "ValueError", 2, "1"),
        (payment, "permanent", "KeyError", 1, "3"),
        (shipment, "unknown", None, 1, "4"),
    ]
    assert [str(groups[0].oldest), str(groups[0].newest)] == [
        "2026-01-31 12:00:00+00:00",
        "2026-02-01 12:00:00+00:00",
    ]
    assert groups[2].oldest is None


def test_listing_is_narrowed_by_queue_reason_and_id(graves: Graveyard, dead: DeadLetters) -> None:
    graves.bury("1")
    graves.bury("2", headers={**WHY, "trackflow-reason": "exhausted"})
    graves.bury("2", queue="shipment")
    shipment = f"{graves.tenant}.shipment"

    def ids(selection: Selection) -> list[str]:
        return [letter.id for letter in dead.letters(selection)]

    assert ids(Selection(reason="exhausted")) == ["2"]
    assert ids(Selection(queue=shipment)) == ["2"]
    assert ids(Selection(ids=frozenset({"1"}))) == ["1"]
    assert [letter.queue for letter in dead.find("2")] == [f"{graves.tenant}.payment", shipment]
    assert [letter.queue for letter in dead.find("2", shipment)] == [shipment]
    assert dead.find("3") == []
    assert (dead.count(), dead.count(shipment)) == (3, 1)


def test_a_queue_that_is_missing_has_no_letters(graves: Graveyard, dead: DeadLetters) -> None:
    graves.bury("1", queue="shipment")
    graves.wire.channel.queue_delete(f"{graves.tenant}.payment.dead")

    assert [letter.id for letter in dead.letters(ALL)] == ["1"]
    assert dead.replay(ALL, nothing).letters == {f"{graves.tenant}.shipment": 1}


def test_looking_often_loses_nothing(graves: Graveyard, dead: DeadLetters) -> None:
    # Given letters in a queue of which RabbitMQ 4 would drop what was delivered more than 20 times
    for identity in ("1", "2", "3"):
        graves.bury(identity)
    # When they are looked at more often
    for _ in range(25):
        assert sum(group.count for group in dead.groups(ALL)) == 3
    # Then all are still there
    assert sorted(map(str, graves.ids("payment.dead"))) == ["1", "2", "3"]


def test_a_replayed_letter_is_as_it_was_before_it_died(graves: Graveyard, dead: DeadLetters) -> None:
    # Given a dead letter, and one that the broker itself has put there, which died of its headers
    graves.bury("1", headers={**WHY, "cause": "0", "trackflow-attempt": 3}, content_type="application/json")
    graves.wire.channel.basic_publish("", f"{graves.tenant}.payment", b"rejected")
    method, _, _ = graves.wire.channel.basic_get(f"{graves.tenant}.payment")
    graves.wire.channel.basic_reject(method.delivery_tag, requeue=False)
    until(lambda: graves.count("payment.dead") == 2, 20, "it is dead")
    # When they are replayed
    assert [group.reason for group in dead.groups(ALL)] == ["permanent", "rejected"]
    done = dead.replay(ALL, nothing)
    # Then they are in their own queue, and nobody else heard of them
    assert done.letters == {f"{graves.tenant}.payment": 2}
    replayed, rejected = graves.wire.take(f"{graves.tenant}.payment")
    assert replayed.body == graves.event("1")
    assert replayed.properties.message_id == "1"
    assert replayed.properties.content_type == "application/json"
    assert {name: value for name, value in replayed.headers.items() if name != COUNT} == {"cause": "0"}
    assert rejected.body == b"rejected"
    assert rejected.headers.keys() <= {COUNT}
    assert graves.count("payment.dead") == 0
    assert graves.wire.hear() == []
    assert [graves.count(queue) for queue in ("inventory", "shipment", "order_fulfillment")] == [0, 0, 0]


def test_only_what_was_chosen_is_replayed(graves: Graveyard, dead: DeadLetters) -> None:
    for identity in ("1", "2", "3"):
        graves.bury(identity)
    graves.bury("2", queue="shipment")

    dead.replay(Selection(ids=frozenset({"2"}), queue=f"{graves.tenant}.payment"), nothing)

    assert graves.ids("payment") == ["2"]
    assert sorted(map(str, graves.ids("payment.dead"))) == ["1", "3"]
    assert graves.ids("shipment.dead") == ["2"]


def test_copies_of_a_letter_are_one(graves: Graveyard, dead: DeadLetters) -> None:
    # Given what a broker leaves that is killed between publish and ack, a letter of the same id with another
    # body, and a letter without an id twice
    for at in ("2026-01-31T12:00:00+00:00", "2026-01-31T12:00:01+00:00"):
        graves.bury("1", headers={**WHY, "trackflow-at": at})
        graves.bury(None, body=b"foreign")
    graves.bury("1", body=b"another")
    # When they are listed and replayed
    listed = [letter.raw.body for letter in dead.letters(ALL)]
    done = dead.replay(ALL, nothing)
    # Then each counts once, and no copy stays behind
    bodies = [graves.event("1"), b"foreign", b"another"]
    assert listed == bodies
    assert done.letters == {f"{graves.tenant}.payment": 3}
    assert [seen.body for seen in graves.wire.take(f"{graves.tenant}.payment")] == bodies
    assert graves.count("payment.dead") == 0


def test_copies_in_two_batches_are_one(
    graves: Graveyard, dead: DeadLetters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 2)
    for identity in ("1", "2", "3", "1"):
        graves.bury(identity)

    dead.replay(ALL, nothing)

    assert graves.ids("payment") == ["1", "2", "3"]
    assert graves.count("payment.dead") == 0


def test_ids_are_forgotten_after_some_time(
    graves: Graveyard, dead: DeadLetters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 2)
    for identity in ("1", "2", "2", "3", "1"):
        graves.bury(identity)

    assert [letter.id for letter in dead.letters(ALL)] == ["1", "2", "3", "1"]


def test_a_letter_whose_headers_are_too_large_keeps_its_id(graves: Graveyard, dead: DeadLetters) -> None:
    # Given a letter that is known by its content, which grows by a header of the broker's when it is read
    graves.bury(None, headers={"large": "x" * 70_000})

    (first,), (second,) = list(dead.letters(ALL)), list(dead.letters(ALL))

    assert first.raw.undecodable != second.raw.undecodable
    assert first.id == second.id


def test_groups_are_bounded(graves: Graveyard, dead: DeadLetters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "GROUPS", 2)
    for number in range(5):
        graves.bury(str(number), headers={**WHY, "trackflow-error": f"Error{number}"})

    assert [(group.reason, group.count) for group in dead.groups(ALL)] == [
        ("permanent", 1),
        ("permanent", 1),
        ("others", 3),
    ]


def test_nothing_is_done_before_it_is_noted(graves: Graveyard, dead: DeadLetters) -> None:
    # Given an audit that cannot be written
    graves.bury("1")

    def fail(_letters: Sequence[Letter]) -> None:
        raise LedgerError("away")

    # When letters are replayed and discarded
    for act in (dead.replay, dead.discard):
        with pytest.raises(LedgerError):
            act(ALL, fail)
    # Then nothing was
    until(lambda: graves.count("payment.dead") == 1, 20, "it is given back")
    assert graves.count("payment") == 0


def test_each_letter_is_noted_once(graves: Graveyard, dead: DeadLetters) -> None:
    for identity in ("1", "2", "1"):
        graves.bury(identity)
    noted: list[str] = []

    dead.replay(ALL, lambda letters: noted.extend(letter.id for letter in letters))

    assert noted == ["1", "2"]


def test_letters_that_come_meanwhile_are_not_replayed(graves: Graveyard, dead: DeadLetters) -> None:
    # Given a worker that lets each replayed letter die again at once
    for identity in ("1", "2"):
        graves.bury(identity)

    def bury_again(_letters: Sequence[Letter]) -> None:
        graves.bury("3")

    # When all are replayed
    done = dead.replay(ALL, bury_again)
    # Then that ends
    assert done.letters == {f"{graves.tenant}.payment": 2}
    assert graves.ids("payment.dead") == ["3"]


def test_a_missing_work_queue_loses_nothing(graves: Graveyard, dead: DeadLetters) -> None:
    graves.bury("1")
    graves.wire.channel.queue_delete(f"{graves.tenant}.payment")

    with pytest.raises(PublishError, match=rf"no queue '{graves.tenant}\.payment'"):
        dead.replay(ALL, nothing)

    until(lambda: graves.count("payment.dead") == 1, 20, "it is given back")


def test_what_cannot_be_copied_stays_and_can_be_discarded(graves: Graveyard, dead: DeadLetters) -> None:
    # Given a letter whose id is no UTF-8, between two good ones
    graves.bury("1")
    send(graves.url, f"{graves.tenant}.payment.dead", [Raw(b"bad", b"\x00\x80\x01\xff")])
    graves.bury("2")
    # When all are replayed
    done = dead.replay(ALL, nothing)
    # Then it is the one that stayed, and why is said
    payment = f"{graves.tenant}.payment"
    assert done.letters == {payment: 2}
    assert done.left[payment].count == 1
    assert "cannot be decoded" in done.left[payment].why
    (left,) = dead.letters(ALL)
    assert (left.id, left.raw.body) == (done.left[payment].example, b"bad")
    # And it can be thrown away
    assert dead.discard(Selection(ids=frozenset({left.id})), nothing).letters == {payment: 1}
    assert graves.count("payment.dead") == 0


def test_a_discarded_letter_is_gone_with_its_copies(graves: Graveyard, dead: DeadLetters) -> None:
    for identity in ("1", "2", "1"):
        graves.bury(identity)

    done = dead.discard(Selection(ids=frozenset({"1"})), nothing)

    assert done.letters == {f"{graves.tenant}.payment": 1}
    assert graves.ids("payment.dead") == ["2"]
    assert graves.count("payment") == 0


def test_whoever_has_enough_leaves_the_rest_as_it_was(
    graves: Graveyard, dead: DeadLetters, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given two batches, and somebody who stops before the second
    monkeypatch.setattr(module, "BATCH", 2)
    noted: list[str] = []

    def note(letters: Sequence[Letter]) -> None:
        if noted:
            raise Enough
        noted.extend(letter.id for letter in letters)

    for act, target in ((dead.replay, "payment"), (dead.discard, "payment")):
        noted.clear()
        for identity in ("1", "2", "3"):
            graves.bury(identity)
        # When letters are replayed, or discarded
        done = act(ALL, note)
        # Then what is noted is done and said, and the rest is there at once
        assert done.letters == {f"{graves.tenant}.{target}": 2}
        assert graves.ids("payment.dead") == ["3"]
    assert graves.ids("payment") == ["1", "2"]


def test_whoever_reads_waits_for_another_reader(
    graves: Graveyard, dead: DeadLetters, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given somebody who holds the letters, and an end to it
    for identity in ("1", "2"):
        graves.bury(identity)
    with Connection(graves.url) as connection:
        letters = DeadLetters(connection, graves.queues).letters(ALL)
        next(letters)
        waited: list[float] = []

        def pause(seconds: float) -> None:
            waited.append(seconds)
            letters.close()

        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=time.monotonic, sleep=pause))
        # When another one replays all
        done = dead.replay(ALL, nothing)
    # Then it has waited for that
    assert waited
    assert done.letters == {f"{graves.tenant}.payment": 2}


def test_patience_ends(graves: Graveyard, dead: DeadLetters, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a consumer of somebody's who stays
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    graves.bury("1")
    with Connection(graves.url) as connection:
        letters = DeadLetters(connection, graves.queues).letters(ALL)
        next(letters)

        assert dead.replay(ALL, nothing).letters == {}

        letters.close()


def test_only_a_content_or_an_error_is_replayed(graves: Graveyard, dead: DeadLetters) -> None:
    graves.bury("1")
    graves.bury("1", body=b"another", headers={**WHY, "trackflow-error": "KeyError"})
    graves.bury("2", headers={})
    first, other, nameless = dead.letters(ALL)

    def ids(**chosen: str) -> list[str]:
        return [letter.digest for letter in dead.letters(Selection(**chosen))]

    assert ids(digest=other.digest) == [other.digest]
    assert ids(error="ValueError") == [first.digest]
    assert ids(error="") == [nameless.digest]


REPLAY = """
import sys
from kombu import Connection
from trackflow.upkeep import dead_letters as module

module.BATCH = 50
batches = 0

def note(letters):
    global batches
    batches += 1
    reach("note", batches)

def reach(point, batch):
    if (point, batch) == ({point!r}, {batch}):
        print("here", flush=True)
        sys.stdin.read()

class Reader(module.RawReader):
    def ack(self, *letters):
        reach("ack", batches)  # all are published and confirmed
        super().ack(*letters)

module.RawReader = Reader
with Connection({url!r}) as connection:
    module.DeadLetters(connection, [{queue!r}]).replay(module.Selection(), note)
"""


def test_a_replay_that_is_killed_loses_nothing(graves: Graveyard, dead: DeadLetters) -> None:
    # Given many letters
    many = 500
    for number in range(many):
        graves.bury(str(number))
    # When the process that replays them is killed before a batch is published, and before one is acked
    for point, batch in (("note", 1), ("ack", 1), ("note", 3), ("ack", 2)):
        before = graves.count("payment")
        queue = f"{graves.tenant}.payment"
        program = REPLAY.format(url=graves.url, queue=queue, point=point, batch=batch)
        process = subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        assert process.stdout.readline() == "here\n"
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        until(lambda: graves.count("payment") + graves.count("payment.dead") >= many, 30, "all are back")
        assert graves.count("payment") == before + 50 * (batch - (point == "note"))
    # Then each letter is still there or replayed, and in the end all are replayed
    dead.replay(ALL, nothing)
    assert set(graves.ids("payment")) == {str(number) for number in range(many)}
    assert graves.count("payment.dead") == 0


LIST = """
import resource
from kombu import Connection
from trackflow.upkeep.dead_letters import DeadLetters, Selection
with Connection({url!r}) as connection:
    groups = DeadLetters(connection, [{queue!r}]).groups(Selection())
print(sum(group.count for group in groups), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_letters_are_listed_in_constant_memory(graves: Graveyard) -> None:
    # Given letters with large bodies, in two sizes of a queue
    queue = f"{graves.tenant}.payment"
    letters: list[int] = []
    kilobytes: list[int] = []

    def look() -> None:
        program = LIST.format(url=graves.url, queue=queue)
        printed = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=100
        ).stdout
        count, peak = map(int, printed.split())
        letters.append(count)
        kilobytes.append(peak)

    bury_many(graves, 0, 2000)
    look()
    bury_many(graves, 2000, 20_000)
    look()
    # Then ten times as many need no more, where their bodies alone have 70 MB
    assert letters == [2000, 20_000]
    assert kilobytes[1] - kilobytes[0] < 10_000


def bury_many(graves: Graveyard, first: int, last: int) -> None:
    queue, padding = f"{graves.tenant}.payment.dead", "x" * 4000
    with Connection(graves.url) as connection, RawWriter(connection) as writer:
        for number in range(first, last):
            body = graves.event(str(number), payload=padding)
            writer.publish(queue, RawMessage(body, {"message_id": str(number)}, {}, 0, ""), WHY)
        writer.confirm()
