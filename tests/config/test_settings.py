"""The settings: good values, and one line for a bad one."""

import base64
import os
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path

import pytest

from config.settings import Settings, load
from trackflow.board.settings import ProxyHeaders

ROOT = Path(__file__).parents[2]
VARIABLES = ("AMQP_URL", "TENANT", "ENGINE_URL", "LEDGER_URL")
OF_THE_BOARD = (
    "BOARD_USERS",
    "BOARD_PROXY_HEADER",
    "BOARD_PROXY_PEERS",
    "BOARD_HOSTS",
    "BOARD_SECRET",
    "BOARD_PUBLISH",
    "MASK",
    "STUCK_HOOK",
    "COCKPIT_URL",
)
HASH = base64.urlsafe_b64encode(b"$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA").decode()


@pytest.fixture(autouse=True)
def no_variable_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (*VARIABLES, *OF_THE_BOARD):
        monkeypatch.delenv(variable, raising=False)


def test_nothing_has_to_be_set() -> None:
    assert load() == Settings(
        amqp_url="memory://", tenant="showcase", engine_url="embedded", ledger_url="sqlite:///trackflow.db"
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AMQP_URL", "amqp://user:secret@host:5672/vhost"),
        ("AMQP_URL", "amqps://[::1]/"),
        ("AMQP_URL", "amqp://user:secret@one:5672//;amqp://user:secret@two;amqps://three/vhost"),
        ("TENANT", "other-shop_1.eu"),
        ("ENGINE_URL", "http://user:secret@host:8080/engine-rest"),
        ("ENGINE_URL", "https://host/engine-rest"),
        ("LEDGER_URL", "sqlite:////var/lib/ledger.db"),
        ("LEDGER_URL", "postgresql+psycopg://user:secret@host/trackflow"),
    ],
)
def test_a_good_value_is_taken(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    assert getattr(load(), variable.lower()) == value


def test_the_engines_url_ends_without_a_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_URL", "http://host/engine-rest/")
    assert load().engine_url == "http://host/engine-rest"


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        (
            "AMQP_URL",
            "redis://u:secret@h",
            "AMQP_URL='redis://u:***@h': should begin with amqp:// or amqps:// or memory://",
        ),
        ("AMQP_URL", "u:secret@h", "AMQP_URL='u:***@h': should begin with amqp:// or amqps:// or memory://"),
        (
            "AMQP_URL",
            "amqp://u:sec/ret@h",
            "AMQP_URL='amqp://u:***@h': should have a port of 0 to 65535, or none",
        ),
        (
            "AMQP_URL",
            "amqp://u:secret@h:x",
            "AMQP_URL='amqp://u:***@h:x': should have a port of 0 to 65535, or none",
        ),
        ("AMQP_URL", "amqp://", "AMQP_URL='amqp://': should name a host"),
        ("AMQP_URL", "", "AMQP_URL='': should begin with amqp:// or amqps:// or memory://"),
        ("AMQP_URL", "amqp://[::1", "AMQP_URL='amqp://[::1': Invalid IPv6 URL"),
        (
            "AMQP_URL",
            "amqp://u:secret@one;u:secret@two",
            "AMQP_URL='amqp://u:***@two': each URL between ';' should begin with amqp:// or amqps://",
        ),
        (
            "AMQP_URL",
            "amqp://u:secret@one//;memory://",
            "AMQP_URL='amqp://u:***@one//;memory://': each URL between ';' should begin with amqp:// or amqps://",
        ),
        (
            "AMQP_URL",
            "amqp://u:secret@one//;amqp://u:secret@two:x",
            "AMQP_URL='amqp://u:***@one//;amqp://u:***@two:x': each URL between ';' should have a port",
        ),
        ("AMQP_URL", "amqp://one;", "AMQP_URL='amqp://one;': each URL between ';' should begin with"),
        ("TENANT", "my shop", "TENANT='my shop': should be 1 to 64 letters, digits"),
        ("TENANT", "", "TENANT='': should be 1 to 64 letters, digits"),
        (
            "ENGINE_URL",
            "ftp://u:secret@h",
            "ENGINE_URL='ftp://u:***@h': should begin with http:// or https://, or be embedded",
        ),
        ("ENGINE_URL", "http://", "ENGINE_URL='http://': should name a host, or be embedded"),
        (
            "LEDGER_URL",
            "mysql://u:secret@h/d",
            "LEDGER_URL='mysql://u:***@h/d': should begin with sqlite:// or postgresql+psycopg://",
        ),
    ],
)
def test_a_bad_value_ends_the_program_in_one_line(
    variable: str, value: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as ended:
        load()
    assert str(ended.value).startswith(line)
    assert len(str(ended.value).splitlines()) == 1
    assert "secret" not in str(ended.value)


def test_the_settings_show_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in zip(
        VARIABLES,
        ("amqp://u:secret@h", "t", "http://u:secret@h", "postgresql+psycopg://u:secret@h/d"),
        strict=True,
    ):
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("BOARD_SECRET", "secret-secret-secret")
    monkeypatch.setenv("MASK", "")  # by default it holds the word
    monkeypatch.setenv("BOARD_USERS", f"ann:operator:{HASH}")
    assert "secret" not in repr(load())
    assert HASH not in repr(load())
    assert "$argon2" not in repr(load().board_users)


@pytest.mark.parametrize(
    ("variable", "value", "taken"),
    [
        ("BOARD_USERS", f"ann:operator:{HASH}, bob@shop:reader:{HASH}", ["ann operator", "bob@shop reader"]),
        ("BOARD_PROXY_HEADER", "X-Forwarded-User", ProxyHeaders("X-Forwarded-User")),
        ("BOARD_PROXY_HEADER", "X-User,X-Role", ProxyHeaders("X-User", "X-Role")),
        ("BOARD_PROXY_PEERS", "127.0.0.1, 10.0.0.0/8", (ip_network("127.0.0.1"), ip_network("10.0.0.0/8"))),
        ("BOARD_HOSTS", "board.shop.example", ("board.shop.example",)),
        ("BOARD_SECRET", "0123456789abcdef", "0123456789abcdef"),
        ("BOARD_PUBLISH", "yes", True),
        ("MASK", "*card*,iban", ("*card*", "iban")),
        ("MASK", "", ()),
        ("STUCK_HOOK", "https://hooks.shop.example/stuck?key=1", "https://hooks.shop.example/stuck?key=1"),
        ("STUCK_HOOK", "notify-send 'An order waits'", "notify-send 'An order waits'"),
        ("COCKPIT_URL", "http://engine/cockpit", "http://engine/cockpit"),
    ],
)
def test_a_good_value_of_the_board_is_taken(
    variable: str, value: str, taken: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    found = getattr(load(), variable.lower())
    assert ([f"{user.name} {user.role}" for user in found] if variable == "BOARD_USERS" else found) == taken


def test_what_is_set_to_nothing_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    unset = load()
    for variable in OF_THE_BOARD:
        if variable != "MASK":  # to hide nothing is a choice
            monkeypatch.setenv(variable, "")
    assert load() == unset


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("BOARD_USERS", "a b:reader:x", "BOARD_USERS='***': each entry should be name:role:hash"),
        ("BOARD_USERS", f"ann:boss:{HASH}", "BOARD_USERS='***': the role of 'ann' should be reader or"),
        ("BOARD_USERS", "ann:reader:secret", "BOARD_USERS='***': the hash of 'ann' is none"),
        ("BOARD_USERS", f"ann:reader:{HASH},ann:operator:{HASH}", "BOARD_USERS='***': names 'ann' twice"),
        ("BOARD_PROXY_HEADER", "A,B,C", "BOARD_PROXY_HEADER='A,B,C': should be a header with the user's"),
        ("BOARD_PROXY_HEADER", "X User", "BOARD_PROXY_HEADER='X User': should be a header with the user's"),
        ("BOARD_PROXY_PEERS", "proxy", "BOARD_PROXY_PEERS='proxy': should be addresses or networks with"),
        ("BOARD_SECRET", "secret", "BOARD_SECRET='***': should have 16 characters or more"),
        ("BOARD_PUBLISH", "perhaps", "BOARD_PUBLISH='perhaps': Input should be a valid boolean"),
        ("STUCK_HOOK", "http://u:secret@", "STUCK_HOOK='http://u:***@': should name a host"),
        ("STUCK_HOOK", "notify 'it", """STUCK_HOOK="notify 'it": No closing quotation"""),
        ("COCKPIT_URL", "cockpit", "COCKPIT_URL='cockpit': should begin with http:// or https://"),
    ],
)
def test_a_bad_value_of_the_board_ends_the_program_in_one_line(
    variable: str, value: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as ended:
        load()
    assert str(ended.value).startswith(line)
    assert len(str(ended.value).splitlines()) == 1
    assert "secret" not in str(ended.value)
    assert HASH not in str(ended.value)


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"AMQP_URL": "redis://u:secret@h"}, "AMQP_URL='redis://u:***@h': should begin with"),
        ({"AMQP_URL": "memory://"}, "AMQP_URL is memory://, which lives within one process"),
    ],
)
def test_a_worker_says_it_in_one_line_too(variables: dict[str, str], line: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "tasks", "worker", "-Q", "payment"],
        check=False,
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith(line)
    assert len(ended.stderr.splitlines()) == 1
