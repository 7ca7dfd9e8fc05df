"""`user`: entries of BOARD_USERS."""

from __future__ import annotations

import re

import pytest
from celery import Celery
from celery.bin.celery import celery
from click.testing import CliRunner, Result

from trackflow.board.security.sign_in import SignIn
from trackflow.board.settings import users

PASSWORD = "correct horse battery"


def user(*arguments: str, typed: str = f"{PASSWORD}\n") -> Result:
    app = Celery("none", set_as_current=False)
    return CliRunner().invoke(celery, ["track", "user", *arguments], input=typed, default_map={"app": app})


@pytest.mark.parametrize(("options", "role"), [([], "reader"), (["--role", "operator"], "operator")])
def test_it_prints_an_entry_that_lets_the_user_in(options: list[str], role: str) -> None:
    result = user("ann@shop.example", *options)

    (found,) = users(result.stdout)
    assert (found.name, found.role) == ("ann@shop.example", role)
    people = SignIn((found,))
    assert people.check("ann@shop.example", PASSWORD, "192.0.2.1") is found
    assert people.check("ann@shop.example", PASSWORD + " ", "192.0.2.1") is None
    assert PASSWORD not in result.output


def test_an_entry_has_no_sign_that_a_shell_or_docker_would_read() -> None:
    assert re.fullmatch(r"ann:reader:[A-Za-z0-9_=-]+\n", user("ann").stdout)


def test_two_entries_of_one_password_look_different() -> None:
    assert user("ann").stdout != user("ann").stdout


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        ("a b", PASSWORD, "'a b': a name should be 1 to 64 characters, without spaces, ':' and ','"),
        ("a:b", PASSWORD, "'a:b': a name should be"),
        ("a,b", PASSWORD, "'a,b': a name should be"),
        ("ann", "short\n", "the password should have 8 characters or more"),
        ("ann", "", "the password should have 8 characters or more"),
    ],
)
def test_what_is_no_entry_is_told_in_one_line(name: str, typed: str, words: str) -> None:
    result = user(name, typed=typed)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {words}")
    assert len(result.stderr.splitlines()) == 1


def test_a_role_that_is_none_is_a_wrong_call() -> None:
    assert user("ann", "--role", "boss").exit_code == 2
