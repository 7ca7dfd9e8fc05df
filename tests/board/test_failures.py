"""Dead letters in groups by cause, and what operators do about them, on a real broker."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from kombu import Connection
from kombu.exceptions import OperationalError

from tests.board.conftest import BASE, Signed, sign_in_by_link
from tests.integration import raw_client
from tests.integration.bad_messages import KINDS, properties_of
from tests.integration.raw_client import Raw
from tests.integration.workers import Workers
from tests.servers.needed import need
from tests.servers.rabbitmq import RabbitMQ, missing
from tests.upkeep.graveyard import WHY, Graveyard, graveyard
from tests.waiting import until
from trackflow import Trackflow
from trackflow.board.app import create_app
from trackflow.board.context import Board, open_board
from trackflow.board.repair.operations import Operation
from trackflow.board.settings import BoardSettings
from trackflow.tracking.audit import Act, Audit
from trackflow.upkeep.dead_letters import DeadLetters, Selection
from trackflow.upkeep.letter import Letter
from trackflow.upkeep.raw import RawMessage
from trackflow.upkeep.raw_writer import RawWriter

pytestmark = pytest.mark.broker
SECONDS = 120
SECRET = "4111 1111 1111 1111"
XSS = "<script>alert(1)</script>"


@dataclass(frozen=True)
class World:
    """A board whose broker has dead letters."""

    board: Board
    graves: Graveyard
    trackflow: Trackflow
    operator: Signed

    @property
    def client(self) -> TestClient:
        return self.operator.client

    def bury(self, *ids: str, queue: str = "payment", **more: Any) -> None:
        for identity in ids:
            self.graves.bury(identity, queue, **more)

    def seen(self, count: int) -> World:
        """Wait until the board has seen so many letters."""

        self.board.letters.look_again()
        until(lambda: self.board.letters.count == count, SECONDS, f"{count} letters are seen")
        return self

    def remain(self, count: int, queue: str = "payment") -> None:
        """Wait until so many are dead: the board holds some while it looks."""
        until(lambda: self.graves.count(f"{queue}.dead") == count, SECONDS, f"{count} letters are dead")

    def left(self, queue: str = "payment") -> list[str | None]:
        """Take the letters that are left, when the board looks no more."""
        self.board.letters.stop()
        return self.graves.ids(f"{queue}.dead")

    def post(self, path: str, **fields: Any) -> Operation:
        """Send a form as the page does, and wait until its operation is over."""
        operation = self.begin(path, **fields)
        until(lambda: operation.is_over, SECONDS, "the operation is over")
        return operation

    def begin(self, path: str, **fields: Any) -> Operation:
        answer = self.client.post(path, data=fields, headers=self.operator.headers)
        assert answer.status_code == 303, answer.text
        operation = self.board.operations.find(answer.headers["location"].rpartition("/")[2])
        assert operation is not None
        return operation

    @property
    def name(self) -> str:
        """Whose link it was."""
        session = self.board.sessions.read(self.client.cookies["trackflow_session"], self.board.sign_in.users)
        assert session is not None
        return session.user.name

    def queue(self, name: str = "payment") -> str:
        return f"{self.graves.tenant}.{name}"

    @property
    def acts(self) -> list[Act]:
        return Audit(self.trackflow.ledger, self.graves.tenant).newest(100)

    def letter_page(self, identity: str, queue: str = "payment") -> Any:
        return self.client.get("/failures/letter", params={"queue": self.queue(queue), "id": identity})


@pytest.fixture
def worlds(project: Callable[..., Trackflow]) -> Iterator[Callable[..., World]]:
    with ExitStack() as stack:

        def make(url: str) -> World:
            graves = stack.enter_context(graveyard(url, f"t{uuid4().hex[:8]}"))
            trackflow = project(amqp_url=url, tenant=graves.tenant)
            board = open_board(trackflow, BoardSettings(), with_link=True)
            client = TestClient(
                create_app(board), base_url=BASE, client=("127.0.0.1", 50_000), follow_redirects=False
            )
            stack.enter_context(client)
            return World(board, graves, trackflow, sign_in_by_link(board, client))

        yield make


@pytest.fixture
def world(amqp_url: str, worlds: Callable[..., World]) -> World:
    return worlds(amqp_url)


@pytest.fixture
def reader(world: World) -> TestClient:
    """The same board, asked by somebody who is not signed in."""
    return TestClient(
        create_app(world.board), base_url=BASE, client=("127.0.0.1", 50_000), follow_redirects=False
    )


# ---- looking ---------------------------------------------------------------------------------------------


def test_failures_are_grouped_by_cause_the_largest_first(world: World, reader: TestClient) -> None:
    world.bury("1", "2", "3")
    world.bury("4", headers={**WHY, "trackflow-error": "KeyError", "trackflow-message": XSS})
    world.bury("5", queue="shipment", body=b"{", headers={**WHY, "trackflow-reason": "unreadable"})
    world.seen(5)

    answer = reader.get("/api/failures").json()

    groups = [(each["kind"], each["where"], each["cause"], each["count"]) for each in answer["groups"]]
    assert groups[0] == ("dead letter", world.queue(), "ValueError", 3)
    assert sorted(groups[1:]) == [
        ("dead letter", world.queue(), "KeyError", 1),
        ("dead letter", world.queue("shipment"), "It is no event that the service can read", 1),
    ]
    assert (answer["letters"], answer["refused"], answer["brokerAwaySince"]) == (5, 0, None)
    page = reader.get("/failures").text
    assert "5 dead letters" in page
    assert "&lt;script&gt;" in page
    assert "/failures/replay" not in page  # a reader is offered nothing
    assert "/failures/replay" in world.client.get("/failures").text


def test_no_failure_is_said_with_what_would_be_here(world: World, reader: TestClient) -> None:
    world.seen(0)
    until(lambda: world.board.letters.as_of, SECONDS, "the broker was looked at")

    assert "No failures" in reader.get("/failures").text
    assert reader.get("/api/failures").json()["groups"] == []


def test_a_group_shows_its_letters_page_by_page(world: World) -> None:
    world.bury(*map(str, range(60)))
    world.bury("other", headers={"trackflow-reason": "permanent"})
    world.seen(61)
    group = {"queue": world.queue(), "reason": "permanent", "error": "ValueError"}

    def ids(**more: Any) -> set[str]:
        shown = world.client.get("/failures/letters", params={**group, **more})
        assert shown.status_code == 200
        return set(re.findall(r'name="id" value="([^"]*)"', shown.text))

    first, second = ids(), ids(start=50)

    assert (len(first), len(second), len(first | second)) == (50, 10, 60)
    assert "1–50 of 60" in world.client.get("/failures/letters", params=group).text
    only = world.client.get("/api/letters", params={"queue": "payment", "errorless": True}).json()
    assert [each["id"] for each in only] == ["other"]


def test_a_letter_is_shown_with_masked_fields(world: World, reader: TestClient) -> None:
    body = world.graves.event("1", payload={"amount": 3, "card_number": SECRET, "note": XSS})
    world.bury("1", body=body, headers={**WHY, "api_token": SECRET, "cause": "0"}, app_id="checkout")
    world.seen(1)

    for client in (reader, world.client):
        page = client.get("/failures/letter", params={"queue": world.queue(), "id": "1"}).text
        assert SECRET not in page
        assert XSS not in page
        assert "no such customer" in page
        assert "checkout" in page
        full = client.get("/api/letters/one", params={"queue": "payment", "id": "1"}).json()
        assert json.loads(full["body"]["text"])["payload"]["card_number"] == "•••"
        assert full["headers"]["api_token"] == "•••"
        assert "handles it as if it were new" in full["onReplay"]


def test_what_is_no_json_only_operators_see(world: World, reader: TestClient) -> None:
    world.bury("1", body=f"card={SECRET}".encode(), headers={**WHY, "trackflow-reason": "unreadable"})
    world.bury("2", body=b"\x00\xff\x01", headers={**WHY, "trackflow-reason": "unreadable"})
    world.seen(2)
    where = {"queue": world.queue(), "id": "1"}

    assert SECRET not in reader.get("/failures/letter", params=where).text
    assert reader.get("/api/letters/one", params=where).json()["body"]["kind"] == "hidden"
    assert SECRET in world.client.get("/failures/letter", params=where).text
    assert "00 ff 01" in world.letter_page("2").text


@pytest.mark.parametrize("path", ["/failures/letter", "/api/letters/one"])
def test_a_letter_that_is_not_there_is_404(path: str, world: World) -> None:
    world.bury("1")
    world.seen(1)

    assert world.client.get(path, params={"queue": world.queue(), "id": "2"}).status_code == 404
    assert world.client.get(path, params={"queue": "nowhere", "id": "1"}).status_code == 404
    assert world.client.get("/failures/letters", params={"queue": "nowhere"}).status_code == 404


def test_every_bad_message_can_be_looked_at(world: World) -> None:
    # Given everything that anybody may send, as dead letters
    bodies = {name: kind.body(world.graves.tenant, name) for name, kind in KINDS.items()}
    raw = [Raw(bodies[name], kind.raw) for name, kind in KINDS.items() if kind.raw is not None]
    for name, kind in KINDS.items():
        if kind.raw is None:
            properties = properties_of(name)
            properties.expiration = None
            world.graves.wire.channel.basic_publish("", f"{world.queue()}.dead", bodies[name], properties)
    raw_client.send(world.graves.url, f"{world.queue()}.dead", raw)
    with Connection(world.graves.url) as connection:
        dead = DeadLetters(connection, world.graves.queues)
        letters = list(dead.letters(Selection()))
    assert len(letters) > 150
    world.seen(len(letters))
    # Then the list, each group and each letter open, for programs too
    assert world.client.get("/failures").status_code == 200
    for group in world.board.letters.groups():
        chosen = {"queue": group.queue, "reason": group.reason, "error": group.error or ""}
        assert world.client.get("/failures/letters", params=chosen).status_code == 200
    for letter in letters:
        where = {"queue": letter.queue, "id": letter.id, "digest": letter.digest}
        for path in ("/failures/letter", "/api/letters/one"):
            answer = world.client.get(path, params=where)
            assert answer.status_code == 200, (path, where)
    # And all of it can be thrown away
    assert world.post("/failures/discard", queue=world.queue()).done == len(letters)
    world.remain(0)


def test_many_letters_are_counted_and_some_of_them_kept(world: World) -> None:
    bury_many(world.graves, 6000)
    world.seen(6000)

    shelf = world.board.letters.shelves[0]

    assert (shelf.count, len(shelf.letters), shelf.has_all) == (6000, 4000, False)
    assert world.letter_page("0").status_code == 200
    assert world.letter_page("3000").status_code == 200  # read from the broker
    assert [letter.id for letter in world.board.letters.of_order("5999")] == ["5999"]
    world.remain(6000)


# ---- repairing -------------------------------------------------------------------------------------------


def test_one_letter_is_replayed(world: World) -> None:
    world.bury("1", "2")
    world.seen(2)

    operation = world.post("/failures/replay", queue=world.queue(), id="1", why="the bank is back")

    assert operation.result == f"Replayed 1 dead letter of {world.queue()}."
    assert (operation.state, operation.who) == ("done", f"{world.name}@board")
    assert world.graves.ids("payment") == ["1"]
    world.seen(1)
    (act,) = world.acts
    assert (act.action, act.entry.event_id, act.who, act.why) == (
        "replay",
        "1",
        f"{world.name}@board",
        "the bank is back",
    )
    assert "the bank is back" in world.client.get("/failures").text
    assert "the bank is back" in world.client.get("/audit", params={"key": "1"}).text


def test_a_selection_is_replayed(world: World) -> None:
    world.bury("1", "2", "3")
    world.seen(3)

    assert world.post("/failures/replay", queue=world.queue(), id=["1", "3"]).done == 2

    assert world.graves.ids("payment") == ["1", "3"]
    assert world.left() == ["2"]


def test_a_group_is_replayed_and_no_other(world: World) -> None:
    world.bury("1", "2")
    world.bury("3", headers={**WHY, "trackflow-error": "KeyError"})
    world.bury("4", headers={"trackflow-reason": "permanent"})  # of no error
    world.bury("5", queue="shipment")
    world.seen(5)

    world.post("/failures/replay", queue=world.queue(), reason="permanent", error="ValueError")
    assert world.graves.ids("payment") == ["1", "2"]
    world.post("/failures/replay", queue=world.queue(), reason="permanent", errorless="true")
    assert world.graves.ids("payment") == ["4"]
    assert world.left() == ["3"]
    assert world.left("shipment") == ["5"]


def test_letters_are_discarded(world: World) -> None:
    world.bury("1", "2")
    world.seen(2)

    operation = world.post("/failures/discard", queue=world.queue(), id="2", why="a test")

    assert operation.result == f"Discarded 1 dead letter of {world.queue()}."
    assert world.left() == ["1"]
    assert world.graves.count("payment") == 0
    assert [act.action for act in world.acts] == ["discard"]


def test_programs_can_repair_too(world: World) -> None:
    world.bury("1", "2")
    world.seen(2)

    def post(path: str, **body: Any) -> Any:
        answer = world.client.post(path, json=body, headers=world.operator.headers)
        assert answer.status_code == 202, answer.text
        operation = world.board.operations.find(answer.json()["id"])
        assert operation is not None
        until(lambda: operation.is_over, SECONDS, "it is over")
        return world.client.get(f"/api/operations/{operation.id}").json()

    assert post("/api/letters/replay", queue="payment", id=["1"])["done"] == 1
    assert post("/api/letters/discard", everything=True)["state"] == "done"
    assert world.graves.ids("payment") == ["1"]
    world.remain(0)
    acts = world.client.get("/api/audit").json()
    assert [(act["action"], act["id"]) for act in acts] == [("discard", "2"), ("replay", "1")]


def test_an_empty_form_does_nothing(world: World) -> None:
    world.bury("1")
    world.seen(1)
    for path in ("/failures/replay", "/failures/discard", "/failures/retry"):
        answer = world.client.post(path, data={"why": "?"}, headers=world.operator.headers)
        assert answer.status_code == 422
    world.remain(1)


@pytest.mark.parametrize(
    "path",
    ["/failures/replay", "/failures/discard", "/failures/edit", "/failures/retry", "/api/letters/replay"],
)
def test_a_reader_repairs_nothing(path: str, world: World, reader: TestClient) -> None:
    world.bury("1")
    world.seen(1)

    assert reader.post(path, data={"queue": world.queue()}).status_code == 403
    without_token = world.client.post(path, data={"queue": world.queue()})
    assert without_token.status_code == 403
    world.remain(1)


def test_what_is_gone_already_is_said(world: World) -> None:
    operation = world.post("/failures/replay", queue=world.queue(), id="1")

    assert operation.result == "Nothing was found: it may have been replayed or discarded before."


# ---- editing ---------------------------------------------------------------------------------------------


@pytest.fixture
def worker(world: World, tmp_path: Path) -> Iterator[Workers]:
    """A real payment service for the world's tenant, started when it is asked for."""
    workers = Workers(
        {
            "AMQP_URL": world.graves.url,
            "TENANT": world.graves.tenant,
            "LEDGER_URL": f"sqlite:///{tmp_path}/worker.db",
        },
        tmp_path,
    )
    yield workers
    workers.close()
    print(workers.logs())


def form_of(page: str) -> str:
    """What stands in the text of the form, as a browser would have it."""
    found = re.search(r'<textarea id="edit-text"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert found, page
    return found[1].replace("&#34;", '"').replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")


def test_the_service_gets_the_edited_payload_and_the_original_is_kept(world: World, worker: Workers) -> None:
    # Given a letter with a hidden field
    body = world.graves.event("1", payload={"amount": "12,5", "card": SECRET})
    world.bury("1", body=body, headers={**WHY, "cause": "0"})
    world.seen(1)
    text = form_of(world.letter_page("1").text)
    assert json.loads(text) == {"amount": "12,5", "card": "•••"}
    # When its payload is edited
    operation = world.post(
        "/failures/edit",
        queue=world.queue(),
        id="1",
        digest=world.board.letters.letters(Selection())[0].digest,
        text=text.replace('"12,5"', "12.5"),
        why="the shop sent a comma",
    )
    assert operation.result == f"Edited and replayed 1 dead letter of {world.queue()}."
    # Then the service gets that, with the same id, and with what was hidden
    worker.start("payment").ready()
    until(lambda: world.graves.wire.keys_of("Payment_Done"), SECONDS, "the payment is done")
    (seen,) = world.graves.wire.hear()
    assert seen.event["payload"] == {"amount": 12.5, "card": SECRET}
    assert seen.headers["cause"] == "1"
    # And the audit has what it was, for people with what is hidden hidden
    (act,) = world.acts
    assert (act.action, act.has_original, act.why) == ("edit", True, "the shop sent a comma")
    kept = json.loads(Audit(world.trackflow.ledger, world.graves.tenant).original(act.number) or "")
    assert json.loads(kept["body"])["payload"]["amount"] == "12,5"
    assert kept["headers"]["cause"] == "0"
    page = world.client.get("/audit/original", params={"number": act.number}).text
    assert "12,5" in page
    assert SECRET not in page
    assert world.client.get("/audit/original", params={"number": act.number + 1}).status_code == 404


def test_an_edited_letter_says_who_edited_it(world: World) -> None:
    world.bury("1", headers={**WHY, "cause": "0"})
    world.seen(1)

    world.post("/failures/edit", queue=world.queue(), id="1", digest="", text="[1]")

    (edited,) = world.graves.wire.take(world.queue())
    assert edited.properties.message_id == "1"
    assert edited.properties.content_type == "application/json"
    assert {"edited-by": world.name, "cause": "0"}.items() <= edited.headers.items()
    assert not any(name.startswith("trackflow-") for name in edited.headers)
    assert edited.event["payload"] == [1]
    assert world.graves.wire.hear() == []  # nobody else heard of it


def test_what_was_no_event_can_be_made_one(world: World) -> None:
    unreadable = {**WHY, "trackflow-reason": "unreadable", "compression": "application/x-gzip"}
    world.bury(
        "1", body=world.graves.event("4711")[:-1] + b",}", headers=unreadable, content_type="text/html"
    )
    world.seen(1)
    text = form_of(world.letter_page("1").text)

    world.post("/failures/edit", queue=world.queue(), id="1", digest="", text=text.replace(",}", "}"))

    (edited,) = world.graves.wire.take(world.queue())
    assert edited.body == world.graves.event("4711")
    assert "compression" not in edited.headers


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "payload: Expecting"),
        ("NaN", "Out of range float values"),
        ('{"note": "•••"}', "this field is not hidden"),
        ('{"card": "••• 7"}', "stands for no value"),
        ("[" * 5000 + "]" * 5000, "payload"),
    ],
)
def test_what_is_no_payload_is_not_sent(text: str, why: str, world: World) -> None:
    world.bury("1", body=world.graves.event("1", payload={"card": SECRET}))
    world.seen(1)
    form = {"queue": world.queue(), "id": "1", "digest": "", "text": text, "why": "because"}

    answer = world.client.post("/failures/edit", data=form, headers=world.operator.headers)

    assert answer.status_code == 422
    assert why in answer.text.replace("&#39;", "'")
    assert "because" in answer.text
    assert form_of(answer.text)[:100] == text[:100]
    world.remain(1)
    assert world.acts == []


def test_what_the_queue_does_not_hear_is_not_sent(world: World) -> None:
    world.bury("1", body=b"{}")
    world.seen(1)
    body = world.graves.event("1", event="Goods_Shipped").decode()

    answer = world.client.post(
        "/api/letters/edit",
        json={"queue": "payment", "id": "1", "text": body},
        headers=world.operator.headers,
    )

    assert answer.status_code == 422
    assert answer.json()["detail"] == "payment does not hear 'Goods_Shipped'"
    world.remain(1)


# ---- what goes wrong meanwhile ---------------------------------------------------------------------------


def test_a_stopped_replay_loses_nothing(world: World) -> None:
    # Given many letters
    many = 10_000
    bury_many(world.graves, many)
    world.seen(many)
    # When their replay is stopped in the middle
    operation = world.begin("/failures/replay", queue=world.queue(), why="all of them")
    until(lambda: operation.done, SECONDS, "some are replayed")
    stopped = world.client.post(f"/operations/{operation.id}/stop", headers=world.operator.headers)
    assert stopped.status_code == 303
    until(lambda: operation.is_over, SECONDS, "it has stopped")
    # Then what is done is done and said, and each letter is in one of the two queues
    assert operation.state == "stopped"
    assert 0 < operation.done < many
    assert f"Replayed {operation.done:,} dead letters" in operation.result
    assert "the rest stands as it stood" in operation.result
    assert world.graves.count("payment") == operation.done
    found = [*world.graves.ids("payment"), *world.left()]
    assert sorted(map(str, found)) == sorted(map(str, range(many)))


@pytest.fixture
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    """A broker that a test may kill."""
    need(missing())
    node = RabbitMQ(tmp_path_factory.mktemp("rabbitmq"))
    node.start()
    try:
        yield node
    finally:
        node.stop()


@pytest.mark.timeout(600)
def test_a_broker_that_dies_in_the_middle_is_said(node: RabbitMQ, worlds: Callable[..., World]) -> None:
    many = 10_000
    try:
        # Given a replay that goes on
        world = worlds(node.url)
        bury_many(world.graves, many)
        node.sync()
        world.seen(many)
        operation = world.begin("/failures/replay", queue=world.queue())
        until(lambda: operation.done, SECONDS, "some are replayed")
        # When the broker is killed
        node.kill()
        until(lambda: operation.is_over, SECONDS, "it is over")
        # Then that is said, with what was done, and what is known of the letters is still shown
        assert operation.state == "failed"
        assert f"{operation.done:,} were done before" in operation.result
        until(lambda: world.board.letters.away_since, SECONDS, "the board has noticed")
        page = world.client.get("/failures").text
        assert "The broker is away" in page
        assert "ValueError" in page
        assert world.client.get("/api/failures").json()["brokerAwaySince"]
        # And with the broker nothing is lost; the batch in doubt may be there twice, with the same ids
        node.start()
        world.graves.wire.connect(node.url)
        until(lambda: not world.board.letters.away_since, SECONDS, "the broker is back")
        until(lambda: counted(world) >= many, SECONDS, "the letters are back")
        world.post("/failures/replay", queue=world.queue())
        assert set(world.graves.ids("payment")) == set(map(str, range(many)))
        world.remain(0)
    finally:
        if not node.alive:  # the end of its world empties the queues
            node.start()


def counted(world: World) -> int:
    return world.graves.count("payment") + world.graves.count("payment.dead")


def test_the_command_line_can_replay_at_the_same_time(world: World) -> None:
    # Given many letters, which the board has just begun to read
    many = 5000
    bury_many(world.graves, many)
    world.board.letters.look_again()
    # When the board and somebody else replay all of them at once
    elsewhere: list[int] = []

    def replay() -> None:
        with Connection(world.graves.url) as connection:
            done = DeadLetters(connection, world.graves.queues).replay(Selection(), nothing)
            elsewhere.append(done.letters.total())

    other = threading.Thread(target=replay)
    other.start()
    operation = world.post("/failures/replay", queue=world.queue())
    other.join(SECONDS)
    # Then each letter is replayed once
    assert elsewhere[0] + operation.done == many
    assert sorted(world.graves.ids("payment")) == sorted(map(str, range(many)))
    world.remain(0)


def nothing(_letters: Sequence[Letter]) -> None:
    """Notes nothing."""


def bury_many(graves: Graveyard, many: int) -> None:
    with Connection(graves.url) as connection, RawWriter(connection) as writer:
        for number in range(many):
            body = graves.event(str(number))
            writer.publish(
                f"{graves.tenant}.payment.dead", RawMessage(body, {"message_id": str(number)}, {}, 0, ""), WHY
            )
        writer.confirm()


def test_a_page_does_not_wait_long_for_whoever_has_the_letters(world: World) -> None:
    letters = world.board.letters
    with letters.reading(), pytest.raises(OperationalError, match="try again"), letters.reading(0.01):
        pass
