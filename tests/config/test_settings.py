"""The settings: good values, and one line for a bad one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import Settings, load

ROOT = Path(__file__).parents[2]
VARIABLES = ("AMQP_URL", "TENANT", "ENGINE_URL", "LEDGER_URL")


@pytest.fixture(autouse=True)
def no_variable_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES:
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
    assert "secret" not in repr(load())


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
