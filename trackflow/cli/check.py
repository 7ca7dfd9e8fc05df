"""`check`: looks at everything that the choreography needs, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from trackflow.bpmn.lint import Finding as LintFinding
from trackflow.bpmn.lint import Severity
from trackflow.cli.console import as_json_option, console, print_json, table
from trackflow.cli.drift import broker_findings
from trackflow.cli.findings import DEPLOY, SIGNS, STYLES, Finding, failed, fine, warning
from trackflow.cli.linting import lint_models, place
from trackflow.cli.project import pass_trackflow
from trackflow.errors import EngineError, ExpressionError, LedgerError, ModelError, TrackflowError
from trackflow.extension import Trackflow
from trackflow.messaging import Service
from trackflow.tracking.search import Search
from trackflow.words import counted


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
        style = STYLES[finding.result] if finding.result != "ok" else None
        rows.add_row(SIGNS[finding.result], finding.what, finding.words, style=style)
    console().print(rows)


def _findings(trackflow: Trackflow) -> Iterator[Finding]:
    yield from broker_findings(trackflow)
    yield from _ledger(trackflow)
    yield from _engine(trackflow)
    yield from _services(trackflow)
    yield from _models(trackflow)


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
        withdrawn = trackflow.engine.withdrawn(trackflow.settings.tenant)
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
        if model.process in withdrawn:
            words = f"{file}: withdrawn, so no order starts: {DEPLOY} brings it back"
            yield warning("model-withdrawn", "model", model.process, words)
        elif deployed[model.process]:
            yield fine("model", model.process, f"{file}: deployed as it is")
        else:
            words = f"{file}: not deployed, or changed since: {DEPLOY}"
            yield failed("model-differs", "model", model.process, words)


def _services(trackflow: Trackflow) -> Iterator[Finding]:
    for subscription in trackflow.choreography.subscriptions:
        if not isinstance(trackflow.app.tasks.get(subscription.name), Service):
            words = f"{subscription.name}: no service has this name"
            yield failed("service-missing", "service", subscription.name, words)


def _models(trackflow: Trackflow) -> Iterator[Finding]:
    """What lint says, and the events that it has nothing to say of."""
    try:
        found = list(lint_models(trackflow, trackflow.models))
    except TrackflowError:
        return  # said already
    yield from map(_of_lint, found)
    named = {finding.event for finding in found}
    for event in trackflow.choreography.events:
        if event not in named:
            yield fine("event", event, event)


def _of_lint(found: LintFinding) -> Finding:
    what, name = "model", found.process
    for kind, value in (("event", found.event), ("service", found.service)):
        if value is not None:
            what, name = kind, value
    where = {"file": found.file, "line": found.line, "element": found.element}
    details = {key: value for key, value in where.items() if value is not None}
    words = f"{place(found)}: {found.text}" if found.file else found.text
    say = failed if found.severity is Severity.ERROR else warning
    return say(found.rule, what, name, words, **details)
