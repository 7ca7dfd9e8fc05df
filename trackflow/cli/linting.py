"""Lints a project's models: what the choreography and the services say is known here, and which engine runs.

`lint`, `check` and `deploy` all ask this.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from trackflow.bpmn import Model, read
from trackflow.bpmn.lint import Finding, Severity, Surroundings, lint
from trackflow.bpmn.lint.finding import error
from trackflow.engines.embedded.models.obstacles import obstacles
from trackflow.engines.embedded.models.prepare import prepare
from trackflow.errors import ModelError
from trackflow.extension import Trackflow
from trackflow.messaging import Service

UNREADABLE = error("unreadable")
EMBEDDED_REFUSES = error("embedded-refuses")


def files_of(trackflow: Trackflow) -> list[Path]:
    """The files of the models folder, in the order of their names."""
    return sorted(trackflow.models_folder.glob("*.bpmn"))


def lint_files(trackflow: Trackflow, files: Sequence[Path], *, complete: bool) -> Iterator[Finding]:
    """The findings of files, of which each is read by itself; `complete`: there are no others."""
    models = list[Model]()
    for file in files:
        try:
            models.append(read(file))
        except ModelError as exc:
            complete = False  # nobody knows what it awaits
            yield _unreadable(file, exc)
    yield from lint_models(trackflow, models, complete=complete)


def lint_models(trackflow: Trackflow, models: Sequence[Model], *, complete: bool = True) -> Iterator[Finding]:
    """The findings of models, with those of the embedded engine.

    What only the embedded engine refuses is a warning where another engine runs.
    """
    found = list(lint(models, _surroundings(trackflow), complete=complete))
    yield from found
    refused = {finding.file for finding in found if finding.rule.startswith("refused-")}
    runs_here = trackflow.settings.engine_url == "embedded"
    for model in models:
        if model.file not in refused:
            for finding in _embedded(model):
                yield finding if runs_here else replace(finding, severity=Severity.WARNING)


def errors(findings: Sequence[Finding]) -> list[Finding]:
    """Those that are no warnings."""
    return [finding for finding in findings if finding.severity is Severity.ERROR]


def place(finding: Finding) -> str:
    """`file:line`, as far as they are known."""
    return ":".join(str(each) for each in (finding.file, finding.line) if each)


def _surroundings(trackflow: Trackflow) -> Surroundings:
    trackflow.app.loader.import_default_modules()  # the services say what they emit
    services = [task for task in trackflow.app.tasks.values() if isinstance(task, Service)]
    return Surroundings(
        events=trackflow.choreography.events,
        emits={task.name: tuple(task.emits) for task in services},
        ignored=trackflow.choreography.ignored,
    )


def _unreadable(file: Path, exc: ModelError) -> Finding:
    return Finding(
        UNREADABLE.id, UNREADABLE.severity, str(exc).removeprefix(f"{file}: "), str(file), exc.line
    )


def _embedded(model: Model) -> Iterator[Finding]:
    """What this engine refuses of a model that the family takes: elements, or else expressions."""
    found = [EMBEDDED_REFUSES.at(model, element, words) for element, words in obstacles(model)]
    yield from found
    if found:
        return
    try:
        prepare(model)
    except ModelError as exc:
        yield EMBEDDED_REFUSES.of(model, str(exc).removeprefix(f"{model.file}: "), exc.line)
