"""`lint`: looks for what is wrong with models, or looks so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from trackflow.bpmn.lint import Finding, Severity
from trackflow.cli.console import as_json_option, console, print_json, table
from trackflow.cli.errors import Failure
from trackflow.cli.findings import SIGNS, STYLES, Result
from trackflow.cli.linting import errors, files_of, lint_files, place
from trackflow.cli.project import pass_trackflow
from trackflow.extension import Trackflow
from trackflow.words import counted


@click.command("lint")
@click.argument("files", nargs=-1, metavar="[FILE]…", type=click.Path(path_type=Path))
@click.option("--github", is_flag=True, help="Print annotations for GitHub Actions.")
@as_json_option
@click.pass_context
@pass_trackflow
def lint_command(
    trackflow: Trackflow, ctx: click.Context, files: tuple[Path, ...], github: bool, as_json: bool
) -> None:
    """Look for what is wrong with the models, or with these files.

    ✗ surely does not work: `deploy` refuses it. ! may be meant: docs/lint.md says how to say so.
    Exits with 1 if there is a ✗.
    """
    if github and as_json:
        raise click.UsageError("--github and --json are two ways to say it: choose one")
    looked_at = list(files) or files_of(trackflow)
    if not looked_at:
        raise Failure(f"no model in {trackflow.models_folder}: a *.bpmn file is missing there")
    findings = list(lint_files(trackflow, looked_at, complete=not files))
    if as_json:
        print_json(_as_json(looked_at, findings))
    elif github:
        for finding in findings:
            click.echo(annotation(finding))
    else:
        _print(looked_at, findings)
    ctx.exit(1 if errors(findings) else 0)


def annotation(finding: Finding) -> str:
    """A workflow command of GitHub Actions: it shows the finding at its line of the pull request."""
    properties = {"file": finding.file, "line": finding.line, "title": finding.rule}
    said = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items() if value)
    return f"::{finding.severity} {said}::{_data(finding.text)}"


def _data(text: str) -> str:
    """As `@actions/core` escapes a command's text (`escapeData`)."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """As it escapes a property's value (`escapeProperty`)."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _as_json(files: Sequence[Path], findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "ok": not errors(findings),
        "files": [str(file) for file in files],
        "findings": [finding_as_json(finding) for finding in findings],
    }


def finding_as_json(finding: Finding) -> dict[str, Any]:
    """The same fields for every finding, null where it has none."""
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "file": finding.file,
        "line": finding.line,
        "process": finding.process,
        "element": finding.element,
        "event": finding.event,
        "service": finding.service,
        "text": finding.text,
    }


def _print(files: Sequence[Path], findings: Sequence[Finding]) -> None:
    rows = table("", "where", "what", "rule", wraps="what")
    rows.show_header = False
    for finding in findings:
        result: Result = "failed" if finding.severity is Severity.ERROR else "warning"
        rows.add_row(SIGNS[result], place(finding), finding.text, finding.rule, style=STYLES[result])
    if findings:
        console().print(rows)
    wrong = len(errors(findings))
    warnings = counted(len(findings) - wrong, "warning")
    click.echo(f"{counted(len(files), 'file')}: {counted(wrong, 'error')}, {warnings}.")
