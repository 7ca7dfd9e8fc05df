"""`check`: looks at everything that the choreography needs, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from trackflow.cli.console import as_json_option, console, print_json, table
from trackflow.cli.drift import broker_findings
from trackflow.cli.findings import DEPLOY, Finding, Result, failed, fine, warning
from trackflow.cli.project import pass_trackflow
from trackflow.errors import EngineError, ExpressionError, LedgerError, ModelError, TrackflowError
from trackflow.extension import Trackflow
from trackflow.messaging import Service
from trackflow.tracking.search import Search
from trackflow.words import counted, joined

_SIGNS: dict[Result, str] = {"ok": "✓", "warning": "!", "failed": "✗"}
_STYLES: dict[Result, str] = {"ok": "green", "warning": "yellow", "failed": "red"}


@click.command("check")
@as_json_option
@click.pass_context
@pass_trackflow
def check_command(trackflow: Trackflow, ctx: click.Context, as_json: bool) -> None:
    """Look at broker, engine, ledger and models, without changing them.

    ✗ would not work or is not as deployed, ! waits for somebody: no worker runs, or there are dead letters.
    Exits with 1 if there is any of them.
    """
    trackflow.app.loader.import_default_modules()  # the services say what they emit
    findings = list(_findings(trackflow))
    ok = all(finding.result == "ok" for finding in findings)
    if as_json:
        print_json({"ok": ok, "findings": [finding.as_json() for finding in findings]})
    else:
        _print(findings)
    ctx.exit(0 if ok else 1)


def _print(findings: Iterable[Finding]) -> None:
    rows = table("", "what", "words", wraps="words")
    rows.show_header = False
    for finding in findings:
        style = _STYLES[finding.result] if finding.result != "ok" else None
        rows.add_row(_SIGNS[finding.result], finding.what, finding.words, style=style)
    console().print(rows)


def _findings(trackflow: Trackflow) -> Iterator[Finding]:
    yield from broker_findings(trackflow)
    yield from _ledger(trackflow)
    yield from _engine(trackflow)
    yield from _services(trackflow)
    yield from _events(trackflow)


def _ledger(trackflow: Trackflow) -> Iterator[Finding]:
    try:
        untold = Search(trackflow.ledger, trackflow.settings.tenant).open()
        backlog = f", {counted(untold, 'event')} still to be told" if untold else ""
        yield fine("ledger", None, f"{trackflow.ledger}{backlog}", untold=untold)
    except LedgerError as exc:
        yield failed("ledger-away", "ledger", None, str(exc))


def _engine(trackflow: Trackflow) -> Iterator[Finding]:
    try:
        yield fine("engine", None, trackflow.engine.ping())
        deployed = trackflow.engine.deployed(trackflow.models, trackflow.settings.tenant)
    except (EngineError, LedgerError) as exc:  # the embedded engine lives in the ledger
        yield failed("engine-away", "engine", None, str(exc))
        return
    except (ModelError, ExpressionError) as exc:
        yield failed("model-unreadable", "model", None, str(exc))
        return
    if not trackflow.models:
        yield failed("model-missing", "model", None, f"no *.bpmn file in {trackflow.models_folder}")
    for model in trackflow.models:
        file = Path(model.file).name
        if deployed[model.process]:
            yield fine("model", model.process, f"{file}: deployed as it is")
        else:
            words = f"{file}: not deployed, or changed since: {DEPLOY}"
            yield failed("model-differs", "model", model.process, words)


def _services(trackflow: Trackflow) -> Iterator[Finding]:
    events = trackflow.choreography.events
    for subscription in trackflow.choreography.subscriptions:
        task = trackflow.app.tasks.get(subscription.name)
        if not isinstance(task, Service):
            words = f"{subscription.name}: no service has this name"
            yield failed("service-missing", "service", subscription.name, words)
            continue
        unknown = [event for event in task.emits if event not in events]
        if unknown:
            words = f"{task.name} emits {joined(unknown)}, which the choreography does not know"
            yield failed("event-not-in-choreography", "service", task.name, words, events=unknown)


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
            yield failed("event-not-in-choreography", "event", name, words)
    computed = any("${" in name for name in awaited)
    for event in events:
        if event not in awaited and not computed:
            yield warning("event-not-in-model", "event", event, f"{event}: no model awaits it")
        elif event not in emitted and event not in starts:  # the first of an order comes from outside
            yield warning("event-not-emitted", "event", event, f"{event}: no service emits it")
        else:
            yield fine("event", event, event)
