"""A password never reaches a log, a page or an error."""

import pytest

from trackflow.urls import masked


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("amqp://user:secret@host:5672//", "amqp://user:***@host:5672//"),
        ("amqps://:secret@host", "amqps://:***@host"),
        ("amqp://user:sec@ret@host", "amqp://user:***@host"),
        ("amqp://user:se/cr?e#t@host/vhost", "amqp://user:***@host/vhost"),
        ("amqp://user:secret@one;amqp://user:secret@two", "amqp://user:***@one;amqp://user:***@two"),
        ("user:secret@host", "user:***@host"),
        (
            "postgresql+psycopg://host/db?user=me&password=secret",
            "postgresql+psycopg://host/db?user=me&password=***",
        ),
        ("broker amqp://user:secret@host: refused", "broker amqp://user:***@host: refused"),
        ("AMQP_URL='user:secret@host'", "AMQP_URL='user:***@host'"),
    ],
)
def test_a_password_becomes_stars(url: str, shown: str) -> None:
    assert masked(url) == shown


@pytest.mark.parametrize(
    "url",
    [
        "memory://",
        "embedded",
        "sqlite:///trackflow.db",
        "amqp://host:5672/a@b",
        "amqp://user@host",
        "http://host:8080/path?mail=a@b",
        "write to me@example.org: at once",
    ],
)
def test_what_holds_no_password_stays_as_it_is(url: str) -> None:
    assert masked(url) == url
