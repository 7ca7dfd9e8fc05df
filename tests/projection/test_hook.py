"""The hook that is told of stuck orders: a real server, and real commands."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.engines.misbehaving import closes, is_silent, says, server
from trackflow.projection import hook as hook_module
from trackflow.projection.alarms import Alarm, Fire
from trackflow.projection.hook import PAUSES, hook_of

ALARM = Alarm(
    business_key='47/11 "<ü>',
    tenant="showcase",
    process="order_fulfillment",
    element="payment_done",
    name="Payment done",
    awaiting=("Payment_Done",),
    since=datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
    limit_seconds=3600.0,
    url="/order?key=47%2F11",
)


class Pauses:
    """Does not wait, but remembers for how long it should have."""

    def __init__(self, *, stop_at: int | None = None) -> None:
        self.were: list[float] = []
        self._stop_at = stop_at

    def __call__(self, seconds: float) -> bool:
        self.were.append(seconds)
        return len(self.were) == self._stop_at


def _python(program: str) -> str:
    return f"{sys.executable} -c '{program}'"


def test_a_url_gets_the_alarm_as_json() -> None:
    with server(says("204 No Content")) as running:
        result = hook_of(running.url, Pauses())(ALARM)

    assert result == "told: 204 No Content"
    head, _, body = running.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /engine-rest HTTP/1.1")
    assert b"content-type: application/json" in head.lower()
    assert json.loads(body) == {
        "businessKey": '47/11 "<ü>',
        "tenant": "showcase",
        "process": "order_fulfillment",
        "element": "payment_done",
        "name": "Payment done",
        "awaiting": ["Payment_Done"],
        "since": "2026-11-24T09:30:00.000Z",
        "limitSeconds": 3600.0,
        "url": "/order?key=47%2F11",
    }


def test_a_server_that_fails_is_tried_a_few_times() -> None:
    pauses = Pauses()
    with server(says("503 Service Unavailable")) as running:
        result = hook_of(running.url, pauses)(ALARM)

    assert result == "given up after 4 tries: the hook answered 503 Service Unavailable"
    assert len(running.requests) == 4
    assert pauses.were == list(PAUSES)


def test_a_server_that_says_no_is_not_asked_again() -> None:
    with server(says("404 Not Found")) as running:
        assert (
            hook_of(running.url, Pauses())(ALARM) == "given up after 1 try: the hook answered 404 Not Found"
        )
    assert len(running.requests) == 1


def test_a_redirect_is_not_followed() -> None:
    with server(says("302 Found\r\nLocation: http://127.0.0.1:1/")) as running:
        assert hook_of(running.url, Pauses())(ALARM) == "given up after 1 try: the hook answered 302 Found"


def test_a_server_that_closes_the_connection_is_tried_again() -> None:
    with server(closes) as running:
        result = hook_of(running.url, Pauses())(ALARM)

    assert result is not None
    assert result.startswith("given up after 4 tries: ")
    assert len(running.requests) == 4


def test_a_server_that_never_answers_has_a_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook_module, "READ", 0.1)
    with server(is_silent) as running:
        result = hook_of(running.url, Pauses())(ALARM)

    assert result is not None
    assert "timed out" in result


def test_a_password_of_the_url_is_not_kept() -> None:
    result = hook_of("http://me:secret@127.0.0.1:1/hook", Pauses())(ALARM)

    assert result is not None
    assert "secret" not in result


def test_between_two_tries_it_can_be_told_to_stop() -> None:
    with server(says("503 Service Unavailable")) as running:
        assert hook_of(running.url, Pauses(stop_at=2))(ALARM) is None
    assert len(running.requests) == 2


def test_a_command_gets_the_alarm_on_its_standard_input(tmp_path: Path) -> None:
    file = tmp_path / "a file"
    hook = hook_of(_python(f'import sys; open("{file}", "w").write(sys.stdin.read())'), Pauses())

    assert hook(ALARM) == "told: the command ended well"
    assert json.loads(file.read_text())["businessKey"] == '47/11 "<ü>'


def test_a_command_is_read_by_no_shell(tmp_path: Path) -> None:
    hook_of(f"echo hello > {tmp_path}/file", Pauses())(ALARM)

    assert not (tmp_path / "file").exists()


def test_a_command_that_fails_says_why() -> None:
    hook = hook_of(_python('import sys; sys.exit("no such\\nroom")'), Pauses())

    assert hook(ALARM) == "given up after 4 tries: the hook ended with 1: no such room"


def test_a_command_that_is_not_there_is_not_tried_again() -> None:
    result = hook_of("/nowhere/hook", Pauses())(ALARM)

    assert result == "given up after 1 try: /nowhere/hook: No such file or directory"


def test_a_command_that_hangs_is_ended_with_all_that_it_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook_module, "COMMAND", 0.2)
    monkeypatch.setattr(hook_module, "PAUSES", ())

    assert _told("sh -c 'sleep 600 & sleep 600'") == "given up after 1 try: the hook took longer than 0.2 s"


def test_a_command_that_leaves_something_running_is_not_waited_for() -> None:
    program = 'import subprocess; print(subprocess.Popen(["sleep", "30"]).pid)'

    assert _told(_python(program)) == "told: the command ended well"


def test_nothing_is_no_hook() -> None:
    with pytest.raises(ValueError, match="should be a URL or a command"):
        hook_of(" ", Pauses())


def _told(text: str) -> str | None:
    fire: Fire = hook_of(text, Pauses())
    return fire(ALARM)
