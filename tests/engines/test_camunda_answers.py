"""What each kind of answer, and each kind of none, means for an event that was told.

The engine here is a small real server that misbehaves, over real sockets.
"""

import json
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from tests.engines.misbehaving import Behaviour, closes, is_silent, resets, says, says_raw, server, trickles
from trackflow.engines.answers import Outcome
from trackflow.engines.camunda import CamundaEngine, connections
from trackflow.errors import AnswerUnknown, EngineError, EngineUnreachable
from trackflow.message import Message

EVENT = Message.new(
    id="e1", tenant="showcase", business_key="4711", event="Order_Placed", payload={"amount": 7}
)
PAGE = "<html><h1>Bad gateway</h1></html>"


def error(message: str, kind: str = "RestException") -> str:
    return json.dumps({"type": kind, "message": message, "code": 0})


@pytest.fixture
def impatient_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that a test can wait for."""
    monkeypatch.setattr(connections, "READ_SECONDS", 0.3)


@pytest.fixture
def impatient_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that a test can wait for."""
    monkeypatch.setattr(connections, "CONNECT_SECONDS", 0.3)


@pytest.mark.parametrize(
    ("behaviour", "outcome", "reason"),
    [
        (says("200 OK", "[]"), Outcome.ACCEPTED, None),
        (
            says(
                "400 Bad Request",
                error(
                    "org.x.MismatchingMessageCorrelationException: Cannot correlate message 'Order_Placed': "
                    "No process definition or execution matches the parameters"
                ),
            ),
            Outcome.NOT_AWAITED,
            "Cannot correlate message 'Order_Placed': "
            "No process definition or execution matches the parameters",
        ),
        (
            says("400 Bad Request", error("org.x.Mismatch: ENGINE-13031 Cannot … 2 executions match")),
            Outcome.AMBIGUOUS,
            "ENGINE-13031 Cannot … 2 executions match",
        ),
        (
            says("400 Bad Request", error("Cannot convert\n value", "InvalidRequestException")),
            Outcome.REFUSED,
            "Cannot convert value",
        ),
        (
            says(
                "500 Internal Server Error",
                error("Unknown property used in expression", "ProcessEngineException"),
            ),
            Outcome.FAILED,
            "Unknown property used in expression",
        ),
    ],
)
def test_the_engines_own_word_is_an_answer(
    behaviour: Behaviour, outcome: Outcome, reason: str | None
) -> None:
    with server(behaviour) as running:
        answer = CamundaEngine(running.url).correlate(EVENT)
    assert (answer.outcome, answer.reason) == (outcome, reason)


@pytest.mark.parametrize(
    "behaviour",
    [
        says("503 Service Unavailable"),
        says("503 Service Unavailable", PAGE, "text/html"),
        says("401 Unauthorized"),
        says("403 Forbidden", error("not allowed", "AuthorizationException")),
        says("404 Not Found", error("HTTP 404 Not Found", "NotFoundException")),
        says("404 Not Found", PAGE, "text/html"),
        says("429 Too Many Requests"),
        says("400 Bad Request", PAGE, "text/html"),
        says("400 Bad Request", '{"error": "some proxy\'s"}'),
        says("302 Found\r\nLocation: /login", PAGE, "text/html"),
    ],
)
def test_a_page_of_somebody_in_between_means_that_nothing_happened(behaviour: Behaviour) -> None:
    with server(behaviour) as running:
        with pytest.raises(EngineUnreachable):
            CamundaEngine(running.url).correlate(EVENT)
        assert len(running.requests) == 1


@pytest.mark.usefixtures("impatient_reading")
@pytest.mark.parametrize(
    "behaviour",
    [
        resets,
        closes,
        is_silent,
        trickles,
        says("502 Bad Gateway", PAGE, "text/html"),
        says("504 Gateway Timeout", PAGE, "text/html"),
        says("500 Internal Server Error", PAGE, "text/html"),
        says("500 Internal Server Error", '{"error": "some proxy\'s"}'),
        says("500 Internal Server Error", "{"),
        says("200 OK", PAGE, "text/html"),
        says("200 OK", "[{"),
        says("200 OK", '{"status": "some proxy\'s"}'),
        says("204 No Content"),
        says_raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n[]"),
        says_raw(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]"
        ),
        says_raw("HTTP/1.1 200 OK\r\nContent-Type: appl"),
        says_raw("not HTTP at all\r\n\r\n"),
    ],
)
def test_an_event_that_was_sent_and_not_answered_may_have_happened(behaviour: Behaviour) -> None:
    with server(behaviour) as running:
        with pytest.raises(AnswerUnknown):
            CamundaEngine(running.url).correlate(EVENT)
        assert len(running.requests) == 1, "it must not be told again"


@pytest.mark.usefixtures("impatient_reading")
@pytest.mark.parametrize(
    "behaviour", [resets, closes, is_silent, trickles, says("502 Bad Gateway"), says("200 OK", "[")]
)
def test_a_question_that_is_not_answered_can_be_asked_again(behaviour: Behaviour) -> None:
    with server(behaviour) as running:
        engine = CamundaEngine(running.url)
        for ask in (
            lambda: engine.happened(EVENT),
            lambda: engine.running(EVENT),
            lambda: engine.end_twins(EVENT),
            lambda: engine.instances("showcase", ["4711"]),
            lambda: engine.history("showcase", "4711"),
            engine.ping,
        ):
            with pytest.raises(EngineUnreachable):
                ask()


@pytest.mark.parametrize("body", ["null", "7", '"text"', "{}", "[" * 100_000])
def test_json_of_something_that_is_no_engine_is_no_answer(body: str) -> None:
    with server(says("200 OK", body)) as running:
        engine = CamundaEngine(running.url)
        for ask in (engine.ping, lambda: engine.happened(EVENT), lambda: engine.running(EVENT)):
            with pytest.raises(EngineUnreachable):
                ask()


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(EngineUnreachable, match="Connection refused"):
        CamundaEngine(f"http://127.0.0.1:{port}/engine-rest").correlate(EVENT)


def test_a_host_that_does_not_exist() -> None:
    with pytest.raises(EngineUnreachable, match=r"nowhere\.invalid"):
        CamundaEngine("http://nowhere.invalid/engine-rest").correlate(EVENT)


@pytest.mark.usefixtures("impatient_connecting")
def test_a_full_backlog_is_a_connection_that_never_comes() -> None:
    # Given a server that accepts nothing, and whose backlog is full
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
            waiting.append(client)
        # When an event is told
        with pytest.raises(EngineUnreachable, match="timed out"):
            CamundaEngine(f"http://127.0.0.1:{listener.getsockname()[1]}/engine-rest").correlate(EVENT)
        for client in waiting:
            client.close()


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """A server's certificate for 127.0.0.1, signed by itself, and lying in `certificate.pem`."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    options = ("-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1")
    files = ("-keyout", key, "-out", certificate, "-addext", "subjectAltName=IP:127.0.0.1")
    subprocess.run(["openssl", "req", *options, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def test_a_certificate_that_nobody_vouches_for_is_refused(tls: ssl.SSLContext) -> None:
    with server(says("200 OK", "[]"), tls=tls) as running:
        with pytest.raises(EngineUnreachable, match="CERTIFICATE_VERIFY_FAILED"):
            CamundaEngine(running.url).correlate(EVENT)
        assert not running.requests


def test_a_certificate_that_the_system_trusts_is_enough(
    tls: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    with server(says("200 OK", "[]"), tls=tls) as running:
        assert CamundaEngine(running.url).correlate(EVENT).outcome is Outcome.ACCEPTED


def test_a_connection_is_used_again() -> None:
    with server(says("200 OK", "[]"), keep_alive=True) as running:
        engine = CamundaEngine(running.url)
        for _ in range(5):
            engine.correlate(EVENT)
    assert (running.connections, len(running.requests)) == (1, 5)


@pytest.mark.usefixtures("impatient_connecting")
def test_a_tls_handshake_that_hangs_was_told_nothing() -> None:
    with server(is_silent) as running, pytest.raises(EngineUnreachable, match="timed out"):
        CamundaEngine(running.url.replace("http:", "https:")).correlate(EVENT)


def test_user_and_password_are_sent_and_never_shown() -> None:
    url_password = "s3%3Ac%2Fr%40t%20%C3%BC"
    with server(says("401 Unauthorized")) as running:
        engine = CamundaEngine(running.url.replace("://", f"://tracker:{url_password}@"))
        with pytest.raises(EngineError) as refused:
            engine.correlate(EVENT)
    # "tracker:s3:c/r@t ü"
    assert b"authorization: basic dHJhY2tlcjpzMzpjL3JAdCDDvA==" in running.requests[0].replace(
        b"Authorization: Basic", b"authorization: basic"
    )
    for shown in (repr(engine), str(refused.value)):
        assert url_password not in shown
        assert "s3" not in shown
        assert "tracker:***@127.0.0.1" in shown


def test_a_wrong_password_is_named_as_such() -> None:
    with (
        server(says("401 ")) as running,
        pytest.raises(EngineUnreachable, match=r"answered 401 Unauthorized$"),
    ):
        CamundaEngine(running.url).ping()


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with server(says("200 OK", "[]")) as running:
        assert CamundaEngine(running.url).correlate(EVENT).outcome is Outcome.ACCEPTED


def test_what_is_told() -> None:
    with server(says("200 OK", "[]")) as running:
        CamundaEngine(running.url, frozenset({"amount"})).correlate(EVENT)
    head, _, body = running.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /engine-rest/message HTTP/1.1\r\n")
    assert json.loads(body) == {
        "messageName": "Order_Placed",
        "businessKey": "4711",
        "tenantId": "showcase",
        "resultEnabled": True,
        "processVariables": {
            "amount": {"value": 7, "type": "Long"},
            "event:e1": {"value": "Order_Placed", "type": "String"},
        },
    }


def test_a_request_takes_at_most_as_long_as_it_says() -> None:
    assert CamundaEngine.request_seconds == 13.0
