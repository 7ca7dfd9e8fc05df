"""`check`: looks at everything that the choreography needs, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import click
from kombu import Connection

from trackflow.cli.console import as_json_option, console, counted, joined, print_json, table
from trackflow.cli.errors import Failure, broker
from trackflow.cli.project import pass_trackflow
from trackflow.errors import EngineError, ExpressionError, LedgerError, ModelError, TrackflowError
from trackflow.extension import Trackflow
from trackflow.messaging import Service
from trackflow.messaging.topology import Found, compare

Result = Literal["ok", "warning", "failed"]
_SIGNS: dict[Result, str] = {"ok": "✓", "warning": "!", "failed": "✗"}
_STYLES: dict[Result, str] = {"ok": "green", "warning": "yellow", "failed": "red"}
_DEPLOY = "`celery -A tasks track deploy`"


class Finding(NamedTuple):
    """One thing that was looked at."""

    what: str
    result: Result
    words: str


@click.command("check")
@as_json_option
@click.pass_context
@pass_trackflow
def check_command(trackflow: Trackflow, ctx: click.Context, as_json: bool) -> None:
    """Look at broker, engine, ledger and models, without changing them.

    Exits with 1 if something would not work.
    """
    trackflow.app.loader.import_default_modules()  # the services say what they emit
    findings = list(_findings(trackflow))
    ok = all(finding.result != "failed" for finding in findings)
    if as_json:
        print_json({"ok": ok, "findings": [finding._asdict() for finding in findings]})
    else:
        _print(findings)
    ctx.exit(0 if ok else 1)


def _print(findings: Iterable[Finding]) -> None:
    rows = table("", "what", "words", wraps="words")
    rows.show_header = False
    for what, result, words in findings:
        rows.add_row(_SIGNS[result], what, words, style=_STYLES[result] if result != "ok" else None)
    console().print(rows)


def _findings(trackflow: Trackflow) -> Iterator[Finding]:
    yield from _broker(trackflow)
    yield from _ledger(trackflow)
    yield from _engine(trackflow)
    yield from _services(trackflow)
    yield from _events(trackflow)


def _broker(trackflow: Trackflow) -> Iterator[Finding]:
    if not trackflow.publisher.is_amqp:
        yield Finding("broker", "ok", "memory://: within each process; for real set AMQP_URL=amqp://…")
        return
    try:
        with broker(trackflow.app) as connection:
            yield Finding("broker", "ok", f"{connection.as_uri()}: {_product(connection)}")
            found = {each.name: each for each in compare(connection, trackflow.queues)}
    except Failure as exc:
        yield Finding("broker", "failed", exc.message)
        return
    exchange = found[trackflow.settings.tenant]
    yield Finding("exchange", *_judged(exchange, exchange.name))
    for queue in trackflow.queues:
        yield from _queues(found[queue.name], [found[each.name] for each in queue.behind])


def _queues(work: Found, behind: Sequence[Found]) -> Iterator[Finding]:
    """A work queue, and those behind it as far as there is something to say about them."""
    if not any(each.exists for each in (work, *behind)):
        words = f"{work.name} and the queues behind it are missing: {_DEPLOY} declares them"
        yield Finding("queue", "failed", words)
        return
    yield _consumed(work)
    for each in behind:
        if not each.exists or each.difference:
            yield Finding("queue", *_judged(each, each.name))
    if behind[-1].messages:
        words = f"{behind[-1].name}: {counted(behind[-1].messages, 'dead letter')}"
        yield Finding("queue", "warning", words)


def _product(connection: Connection) -> str:
    said: dict[str, Any] = connection.connection.server_properties
    return f"{said.get('product', 'a broker')} {said.get('version', '')}".strip()


def _judged(found: Found, words: str) -> tuple[Result, str]:
    if not found.exists:
        return "failed", f"{found.name} is missing: {_DEPLOY} declares it"
    if found.difference:
        return "failed", f"{found.name}: {found.difference}"
    return "ok", words


def _consumed(queue: Found) -> Finding:
    waiting = counted(queue.messages, "event")
    result, words = _judged(queue, f"{queue.name}: {counted(queue.consumers, 'consumer')}, {waiting} waiting")
    if result == "ok" and not queue.consumers:
        return Finding("queue", "warning", f"{queue.name}: no worker consumes it, {waiting} waiting")
    return Finding("queue", result, words)


def _ledger(trackflow: Trackflow) -> Iterator[Finding]:
    try:
        yield Finding("ledger", "ok", str(trackflow.ledger))
    except LedgerError as exc:
        yield Finding("ledger", "failed", str(exc))


def _engine(trackflow: Trackflow) -> Iterator[Finding]:
    try:
        yield Finding("engine", "ok", trackflow.engine.ping())
        deployed = trackflow.engine.deployed(trackflow.models, trackflow.settings.tenant)
    except (EngineError, LedgerError) as exc:  # the embedded engine lives in the ledger
        yield Finding("engine", "failed", str(exc))
        return
    except (ModelError, ExpressionError) as exc:
        yield Finding("model", "failed", str(exc))
        return
    if not trackflow.models:
        yield Finding("model", "failed", f"no *.bpmn file in {trackflow.models_folder}")
    for model in trackflow.models:
        if deployed[model.process]:
            yield Finding("model", "ok", f"{Path(model.file).name}: deployed as it is")
        else:
            words = f"{Path(model.file).name}: not deployed, or changed since: {_DEPLOY}"
            yield Finding("model", "failed", words)


def _services(trackflow: Trackflow) -> Iterator[Finding]:
    events = trackflow.choreography.events
    for subscription in trackflow.choreography.subscriptions:
        task = trackflow.app.tasks.get(subscription.name)
        if not isinstance(task, Service):
            yield Finding("service", "failed", f"{subscription.name}: no service has this name")
            continue
        unknown = [event for event in task.emits if event not in events]
        if unknown:
            words = f"{task.name} emits {joined(unknown)}, which the choreography does not know"
            yield Finding("service", "failed", words)


def _events(trackflow: Trackflow) -> Iterator[Finding]:
    """The three places that name events against each other: choreography, models, services."""
    try:
        models = trackflow.models
    except TrackflowError:
        return  # said already
    events = trackflow.choreography.events
    emitted = {
        event for task in trackflow.app.tasks.values() if isinstance(task, Service) for event in task.emits
    }
    starts = frozenset[str]().union(*(model.starts for model in models))
    awaited = frozenset[str]().union(*(model.messages for model in models))
    for model in models:
        # A name with an expression is known only when an instance waits for it.
        for name in sorted(name for name in model.messages - events.keys() if "${" not in name):
            words = f"{Path(model.file).name} awaits {name!r}, which the choreography does not know"
            yield Finding("event", "failed", words)
    for event in events:
        if event not in awaited:
            yield Finding("event", "warning", f"{event}: no model awaits it")
        elif event not in emitted and event not in starts:
            yield Finding("event", "warning", f"{event}: no service emits it")
        else:
            yield Finding("event", "ok", event)
