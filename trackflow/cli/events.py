"""`events`: searches the ledger."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

from trackflow.cli.console import as_json_option, console, print_json, table
from trackflow.cli.errors import Failure
from trackflow.cli.project import pass_trackflow
from trackflow.extension import Trackflow
from trackflow.tracking.search import Found, Search, Wanted
from trackflow.tracking.tables import Outcome

_LIMIT = 20  # events that fit on a screen
_AGE = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@click.command("events")
@click.option("--outcome", type=click.Choice([each.value for each in Outcome]), help="Only of this outcome.")
@click.option("--event", "name", metavar="NAME", help="Only of this name.")
@click.option("--key", metavar="K", help="Only of the order with this business key.")
@click.option("--since", metavar="T", help="Only recorded since: ISO 8601, or an age like 15m, 2h, 3d.")
@click.option("--limit", metavar="N", type=click.IntRange(min=1), default=_LIMIT, show_default=True)
@as_json_option
@pass_trackflow
def events_command(
    trackflow: Trackflow,
    outcome: str | None,
    name: str | None,
    key: str | None,
    since: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Print the events of the ledger, the newest first."""
    wanted = Wanted(
        outcomes=None if outcome is None else (Outcome(outcome),),
        name=name,
        business_keys=None if key is None else (key,),
        since=None if since is None else moment_of(since),
    )
    found = Search(trackflow.ledger, trackflow.settings.tenant).newest(wanted, limit)
    if as_json:
        print_json([each.as_json() for each in found])
    elif found:
        _print(found)
    else:
        click.echo("No such event.")


def moment_of(text: str) -> datetime:
    """The time that a person means: ISO 8601 (without an offset this machine's), or how long ago.

    Raises Failure.
    """
    try:
        if (age := _AGE.fullmatch(text)) is not None:
            return datetime.now(UTC) - timedelta(**{_UNITS[age[2]]: int(age[1])})
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise Failure(f"--since {text[:80]!r} is neither ISO 8601 nor an age like 15m, 2h or 3d") from exc


def _print(found: list[Found]) -> None:
    rows = table("when", "key", "event", "outcome", "deliveries", "reason", wraps="reason")
    for key, event in found:
        when = f"{event.received_at.astimezone():%Y-%m-%d %H:%M:%S}"
        rows.add_row(when, key, event.event, event.outcome, str(event.deliveries), event.reason or "")
    console().print(rows)
