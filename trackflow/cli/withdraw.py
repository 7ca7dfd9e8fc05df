"""`withdraw`: lets a process start no more."""

from __future__ import annotations

import sys

import click

from trackflow.cli.console import as_json_option, console, print_json
from trackflow.cli.errors import Failure
from trackflow.cli.findings import DEPLOY
from trackflow.cli.project import pass_trackflow
from trackflow.cli.versions import chosen_process
from trackflow.extension import Trackflow
from trackflow.tracking.audit import Audit, Entry
from trackflow.words import counted


@click.command("withdraw")
@click.argument("process")
@click.option("--yes", is_flag=True, help="Do not ask before that.")
@click.option("--why", metavar="TEXT", help="Kept in the audit, with your name and the time.")
@as_json_option
@pass_trackflow
def withdraw_command(trackflow: Trackflow, process: str, yes: bool, why: str | None, as_json: bool) -> None:
    """Let the process with the id PROCESS start no more. Orders that run go on to their end.

    The first events of new orders wait, as if the model had never been deployed. Deploying it again, changed
    or not, brings it back.
    """
    running = sum(each.running for each in chosen_process(trackflow, process))
    tenant = trackflow.settings.tenant
    changes = process not in trackflow.engine.withdrawn(tenant)
    if changes:
        _agree(process, running, yes=yes, as_json=as_json)
        entry = Entry(process, reason=f"{counted(running, 'order')} running")
        Audit(trackflow.ledger, tenant).write("withdraw", [entry], why)
        changes = trackflow.engine.withdraw(tenant, process)
    if as_json:
        print_json({"process": process, "withdrawn": True, "changed": changes, "running": running})
    elif changes:
        console().print(
            f"Withdrawn: {process}. Running: {counted(running, 'order')}. {DEPLOY} brings it back."
        )
    else:
        console().print(f"Nothing changed: {process} was withdrawn already.")


def _agree(process: str, running: int, *, yes: bool, as_json: bool) -> None:
    """Raises Failure if it must not be done."""
    question = f"No new order of {process} starts then; {counted(running, 'order')} running. Do it?"
    if yes or (not as_json and sys.stdin.isatty() and click.confirm(question)):
        return
    raise Failure("nothing was done; --yes does it without asking")
