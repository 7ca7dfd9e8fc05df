"""`list` and `show`: where the orders are."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from trackflow.cli.console import as_json_option, console, print_json, table
from trackflow.cli.drawing import story
from trackflow.cli.errors import Failure
from trackflow.cli.project import pass_trackflow
from trackflow.extension import Trackflow
from trackflow.tracking.audit import Audit
from trackflow.tracking.orders import Order
from trackflow.words import age, joined

_LIMIT = 20  # orders that fit on a screen
_STATES = ("running", "completed", "terminated", "waiting", "refused", "unknown")


@click.command("list")
@click.option("--state", type=click.Choice(_STATES), help="Only orders in this state.")
@click.option("--limit", metavar="N", type=click.IntRange(min=1), default=_LIMIT, show_default=True)
@as_json_option
@pass_trackflow
def list_command(trackflow: Trackflow, state: str | None, limit: int, as_json: bool) -> None:
    """Print the orders, the newest first."""
    orders = trackflow.queries.orders(state, limit)
    if as_json:
        print_json([order.as_json() for order in orders])
    elif orders:
        _print_list(orders)
    else:
        _print_what_next(trackflow, state)


@click.command("show")
@click.argument("key")
@as_json_option
@pass_trackflow
def show_command(trackflow: Trackflow, key: str, as_json: bool) -> None:
    """Print the story of the order with the business key KEY, and what people did about it."""
    order = trackflow.queries.order(key)
    if order is None:
        raise Failure(
            f"no order {key!r} of tenant {trackflow.settings.tenant!r} in ledger {trackflow.ledger}"
        )
    acts = Audit(trackflow.ledger, trackflow.settings.tenant).acts_on_order(key)
    if as_json:
        print_json({**order.as_json(), "actions": [act.as_json() for act in acts]})
    else:
        out = console()
        out.print(story(order, out.width, acts))


def _print_list(orders: list[Order]) -> None:
    now = datetime.now(UTC)
    rows = table("key", "state", "last event", "waits for", "age", wraps="waits for")
    for order in orders:
        waits, since = joined(order.awaiting), age((now - order.started_at).total_seconds())
        rows.add_row(order.business_key, order.state, order.last_event or "–", waits, since)
    out = console()
    out.print(rows)
    for error in {order.engine_error for order in orders if order.engine_error}:
        out.print(f"Where they are is unknown: {error}")


def _print_what_next(trackflow: Trackflow, state: str | None) -> None:
    if state is not None:
        click.echo(f"No order is {state}.")
        return
    click.echo(f"No order in ledger {trackflow.ledger} yet. `celery -A tasks track demo` makes some, or")
    click.echo("`celery -A tasks track emit EVENT` with a broker and workers (AMQP_URL=amqp://…).")
