"""`user`: makes an entry of `BOARD_USERS`."""

from __future__ import annotations

import sys
from typing import get_args

import click

from trackflow.board.settings import Role, User, user_name
from trackflow.cli.errors import Failure
from trackflow.cli.extras import require_board

SHORTEST = 8  # characters (NIST SP 800-63B, section 3.1.1.2)


@click.command("user")
@click.argument("name")
@click.option("--role", type=click.Choice(get_args(Role)), default="reader", show_default=True)
def user_command(name: str, role: Role) -> None:
    """Print the entry of NAME for BOARD_USERS; asks for the password, or reads it from stdin.

    Several entries stand with commas between them. The hash is in base64: it has no sign that a shell or
    Docker Compose would read, so it needs no quotes:

    \b
        export BOARD_USERS=$(celery -A tasks track user ann --role operator)
        BOARD_USERS=ann:operator:JGFyZ29u…,bob:reader:JGFyZ29u…      in an .env file
    """
    require_board()
    from trackflow.board.security.sign_in import hashed

    try:
        user_name(name)
    except ValueError as exc:
        raise Failure(f"{name!r}: {exc}") from exc
    password = _password()
    if len(password) < SHORTEST:
        raise Failure(f"the password should have {SHORTEST} characters or more")
    click.echo(User(name, role, hashed(password)).entry())


def _password() -> str:
    if sys.stdin.isatty():
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt="Again", err=True)
        return password
    return sys.stdin.readline().rstrip("\r\n")
