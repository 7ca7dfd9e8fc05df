"""`board`: the web page, served from this process."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from trackflow.board.security.peers import is_loopback
from trackflow.board.settings import BoardSettings
from trackflow.cli.errors import Failure
from trackflow.cli.extras import require_board
from trackflow.cli.project import pass_trackflow
from trackflow.extension import Trackflow

if TYPE_CHECKING:
    from trackflow.board.context import Board

USER = "`celery -A tasks track user NAME`"


@click.command("board")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0: any free one."
)
@click.option("--operator", is_flag=True, help="Print a link that makes whoever opens it an operator, once.")
@click.option("--demo", is_flag=True, help="In memory, with orders that come and go.")
@click.option(
    "--rebuild", is_flag=True, help="Forget what is shown, and read it anew from ledger and engine."
)
@pass_trackflow
def board_command(
    trackflow: Trackflow, host: str, port: int, operator: bool, demo: bool, rebuild: bool
) -> None:
    """Serve the web page until Ctrl-C.

    On this machine everybody may read it. At any other address it takes users (BOARD_USERS) or a proxy that
    signs people in (BOARD_PROXY_HEADER).
    """
    require_board()
    from trackflow.board.context import open_board
    from trackflow.board.server import Server, listen

    settings = BoardSettings.of(trackflow.settings)
    _require_safe(settings, host, operator)
    _log_to_stderr("trackflow", "uvicorn")
    try:
        listening = listen(host, port)
    except socket.gaierror as exc:
        raise Failure(f"--host {host}: {exc.strerror}") from exc
    except OSError as exc:
        raise Failure(f"--host {host} --port {port}: {os.strerror(exc.errno or 0)}") from exc
    with listening, _orders(trackflow, demo):
        url = _url(host, listening.getsockname()[1])
        # Others know a board behind a proxy by its name.
        public = f"https://{settings.hosts[0]}/" if settings.hosts else url
        board = open_board(trackflow, settings, with_link=operator, has_worker=demo, url=public)
        if rebuild:
            board.projector.opened().rebuild()
        _say_where(board, host, url)
        Server(board).run([listening])


def _require_safe(settings: BoardSettings, host: str, operator: bool) -> None:
    """Raises Failure if somebody could read or write who should not."""
    signs_in = bool(settings.users) or settings.proxy is not None
    if not signs_in and not is_loopback(host):
        raise Failure(
            f"--host {host}: anybody could read the orders there. Set BOARD_USERS ({USER} prints an entry) "
            "or BOARD_PROXY_HEADER, or leave --host out"
        )
    if operator and (signs_in or not is_loopback(host)):
        raise Failure("--operator is for a board on this machine at which nobody signs in")
    if settings.users and settings.proxy is not None:
        raise Failure("BOARD_USERS and BOARD_PROXY_HEADER: who signs people in? Set one of them")
    if settings.proxy is not None and not settings.peers:
        raise Failure("BOARD_PROXY_HEADER needs BOARD_PROXY_PEERS: who else but the proxy could send it?")
    if settings.proxy is not None and not settings.hosts and any(net.is_loopback for net in settings.peers):
        # A page in a browser on this machine can send any header to a name that it points at 127.0.0.1.
        raise Failure(
            "BOARD_PROXY_HEADER with a proxy on this machine needs BOARD_HOSTS, the board's own name"
        )


def _log_to_stderr(*names: str) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    for name in names:
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(logging.WARNING)


@contextmanager
def _orders(trackflow: Trackflow, demo: bool) -> Iterator[None]:
    """The demonstration, if it is wanted."""
    if demo:
        from trackflow.cli.board_demo import demonstration

        with demonstration(trackflow):
            yield
        return
    if not trackflow.publisher.is_amqp:
        click.echo(
            "AMQP_URL is memory://, which lives within each process, so there is no broker to look at: the "
            "board shows what the ledger has. `board --demo` shows orders that move.",
            err=True,
        )
    yield


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _say_where(board: Board, host: str, url: str) -> None:
    click.echo(f"The board of {board.trackflow.settings.tenant}: {url} (Ctrl-C ends it)")
    if board.sign_in.token is not None:
        click.echo(f"To change something too, open once: {url}sign-in?token={board.sign_in.token}")
    if not is_loopback(host) and board.settings.users and not board.settings.peers:
        click.echo(
            "Passwords and sessions travel in plain text: put a proxy that speaks TLS before it "
            "(BOARD_PROXY_PEERS names its address).",
            err=True,
        )
