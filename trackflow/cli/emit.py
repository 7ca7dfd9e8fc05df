"""`emit`: publishes events, as a checkout would."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

import click
from pydantic import JsonValue
from pydantic_core import from_json
from rich.progress import track as with_progress_bar

from trackflow.cli.console import as_json_option, console, print_json
from trackflow.cli.errors import Failure, broker
from trackflow.cli.project import pass_trackflow
from trackflow.errors import TrackflowError
from trackflow.extension import Trackflow
from trackflow.message import Message
from trackflow.tracking.orders import iso


@click.command("emit")
@click.argument("event")
@click.option("--key", metavar="K", help="The business key; a new one if left out.")
@click.option("--payload", metavar="JSON", help="What the event carries: any JSON value.")
@click.option("--count", metavar="N", type=click.IntRange(min=1), default=1, help="So many, a new key each.")
@as_json_option
@pass_trackflow
def emit_command(
    trackflow: Trackflow, event: str, key: str | None, payload: str | None, count: int, as_json: bool
) -> None:
    """Publish EVENT, and print its business key.

    The broker has confirmed it, and some queue has it, when the key is printed.
    """
    if key is not None and count > 1:
        raise click.UsageError("--key names one order; with --count each gets a new key")
    _require_declared(event, trackflow.choreography.events)
    value = _json(payload)
    _require_broker(trackflow)
    events = _emitted(trackflow, event, key, value, count)
    if as_json:
        print_json([_as_json(message) for message in events])
        return
    for message in events:
        click.echo(message.business_key)


def _emitted(
    trackflow: Trackflow, event: str, key: str | None, payload: JsonValue, count: int
) -> Iterator[Message]:
    done = 0
    try:
        for done in _steps(count):  # noqa: B007  (an error says how many were published before it)
            yield trackflow.emit(event, key, payload)
    except TrackflowError as exc:
        if done == 0:
            raise
        raise Failure(f"{exc} ({done} of {count} were published)") from exc


def _steps(count: int) -> Iterable[int]:
    """0 … count-1, with a progress bar beside it if a person would wait."""
    bar = console(stderr=True)
    if count == 1 or not bar.is_terminal:
        return range(count)
    return with_progress_bar(range(count), description="Publishing", console=bar, transient=True)


def _require_declared(event: str, declared: Iterable[str]) -> None:
    known = list(declared)
    if event in known:
        return
    similar = difflib.get_close_matches(event, known, n=1)
    hint = f"; did you mean {similar[0]}?" if similar else ""
    raise Failure(f"event {event!r} is not in the choreography, which knows {', '.join(known)}{hint}")


def _require_broker(trackflow: Trackflow) -> None:
    app = trackflow.app
    if app.conf.task_always_eager:
        return
    if not trackflow.publisher.is_amqp:
        raise Failure(
            "AMQP_URL is memory://, which lives within one process, so nobody would hear the event: "
            "set AMQP_URL=amqp://…, or see everything in one process with `celery -A tasks track demo`"
        )
    with broker(app):  # the publisher is patient with a broker that restarts; a person is not
        pass


def _json(text: str | None) -> JsonValue:
    if text is None:
        return None
    try:
        # Not the standard library's: it takes NaN and half of a surrogate pair, which no body can carry.
        value: JsonValue = from_json(text, allow_inf_nan=False)
    except ValueError as exc:
        raise Failure(f"--payload {text[:80]!r} is no JSON: {exc}") from exc
    return value


def _as_json(message: Message) -> dict[str, Any]:
    return {
        "businessKey": message.business_key,
        "tenant": message.tenant,
        "event": message.event,
        "id": message.id,
        "publishedAt": iso(message.published_at),
    }
