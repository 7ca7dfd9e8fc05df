"""The private servers themselves: what other tests rely on."""

import json
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError

import pika
import pytest
from sqlalchemy import create_engine, text

from tests.servers import engine, rabbitmq
from tests.servers.needed import need
from tests.servers.process import Process, accepts
from tests.waiting import until


def test_what_is_missing_skips_a_test_on_a_laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="RabbitMQ is missing"):
        need("RabbitMQ")


def test_what_is_missing_fails_a_test_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="RabbitMQ is missing"):
        need("RabbitMQ")


def test_a_server_that_ends_at_once_says_why(tmp_path: Path) -> None:
    process = Process(["sh", "-c", "echo no room left; exit 3"], tmp_path / "log")
    with pytest.raises(RuntimeError, match="the server ended with 3:\nno room left"):
        process.wait_until_ready(lambda: False, 10, "the server")


def test_what_a_server_started_ends_with_it(tmp_path: Path) -> None:
    # Given a server that started another program and wrote down its pid
    process = Process(["sh", "-c", "sleep 600 & echo $!; wait"], tmp_path / "log")
    child = until(lambda: process.log_end().strip(), 10, "the pid is written")
    # When the server is stopped
    process.stop()
    # Then the other program has ended too (a zombie until somebody reads its exit code has no command line)
    command_line = Path(f"/proc/{child}/cmdline")
    until(lambda: not command_line.exists() or not command_line.read_bytes(), 10, "the child has ended")


def test_waiting_has_an_end_and_says_for_what() -> None:
    with pytest.raises(TimeoutError, match=r"not within 0\.1 seconds: the cows come home"):
        until(lambda: False, 0.1, "the cows come home")


@pytest.mark.broker
def test_a_killed_node_comes_back_with_its_messages(tmp_path: Path) -> None:
    need(rabbitmq.missing())
    # Given a durable message on a private node. A classic queue: RabbitMQ 3.10 cannot revive a quorum queue
    # that was declared in the last seconds before the power cut, as its name was not yet on the disk.
    node = rabbitmq.RabbitMQ(tmp_path)
    parameters = pika.ConnectionParameters("127.0.0.1", node.port)
    try:
        node.start()
        with pika.BlockingConnection(parameters) as connection:
            channel = connection.channel()
            channel.queue_declare("kept", durable=True)
            channel.confirm_delivery()
            channel.basic_publish("", "kept", b"still here", pika.BasicProperties(delivery_mode=2))
        # When it is killed and started again
        node.kill()
        assert not accepts(node.port)
        node.start()
        # Then the message is there
        with pika.BlockingConnection(parameters) as connection:
            assert connection.channel().basic_get("kept", auto_ack=True)[2] == b"still here"
    finally:
        node.stop()
    assert not accepts(node.port)


@pytest.mark.broker
def test_the_node_has_a_management_api(rabbitmq_node: rabbitmq.RabbitMQ) -> None:
    url = f"http://127.0.0.1:{rabbitmq_node.management_port}/api/overview"
    with urllib.request.urlopen(_with_password(url, "guest", "guest"), timeout=10) as answer:
        assert json.load(answer)["node"] == rabbitmq_node.name


@pytest.mark.postgresql
def test_postgresql_answers(postgresql_url: str) -> None:
    with create_engine(postgresql_url).connect() as connection:
        assert connection.execute(text("select 1")).scalar() == 1


@pytest.fixture(params=engine.FAMILIES)
def locked_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[engine.Engine]:
    """An engine with a password, open to the network."""
    need(engine.missing(request.param))
    settings = {"SERVER_ADDRESS": "0.0.0.0", "ENGINE_USER": "tracker", "ENGINE_PASSWORD": "s3:c/r@t ü"}
    server = engine.Engine(tmp_path, request.param, settings)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.mark.engine
def test_an_engine_with_a_password_answers_nobody_without_it(locked_engine: engine.Engine) -> None:
    version = f"{locked_engine.url}/version"
    with urllib.request.urlopen(_with_password(version, "tracker", "s3:c/r@t ü"), timeout=10) as answer:
        assert answer.status == 200
    for refused in (version, _with_password(version, "demo", "demo")):
        with pytest.raises(HTTPError, match="401"):
            urllib.request.urlopen(refused, timeout=10)


@pytest.mark.engine
@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"SERVER_ADDRESS": "0.0.0.0"}, "SERVER_ADDRESS='0.0.0.0' is open to others"),
        ({"SERVER_ADDRESS": ""}, "SERVER_ADDRESS='' is open to others"),
        ({"ENGINE_USER": "tracker"}, "set both ENGINE_USER and ENGINE_PASSWORD"),
        ({"ENGINE_USER": "a-b", "ENGINE_PASSWORD": "x"}, "letters and digits"),
    ],
)
def test_an_engine_that_would_be_open_to_others_does_not_start(
    tmp_path: Path, settings: dict[str, str], why: str
) -> None:
    need(engine.missing("operaton"))
    server = engine.Engine(tmp_path, "operaton", settings)
    try:
        with pytest.raises(RuntimeError, match=why) as refused:
            server.start()
        assert "Exception" not in str(refused.value)
    finally:
        server.stop()


@pytest.mark.engine
@pytest.mark.parametrize("family", engine.FAMILIES)
def test_cockpit_is_there(engine_url_of: Callable[[str], str], family: str) -> None:
    cockpit = engine_url_of(family).replace("/engine-rest", f"/{family}/app/cockpit/default/")
    with urllib.request.urlopen(cockpit, timeout=30) as answer:
        assert family.title() in answer.read().decode()


def _with_password(url: str, user: str, password: str) -> urllib.request.Request:
    pair = b64encode(f"{user}:{password}".encode()).decode()
    return urllib.request.Request(url, headers={"Authorization": f"Basic {pair}"})
