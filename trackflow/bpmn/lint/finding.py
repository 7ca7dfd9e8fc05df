"""What lint has to say: a rule that is broken, and where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trackflow.bpmn.model import Element, Flow, Model


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"  # it surely does not work: `deploy` refuses the model
    WARNING = "warning"  # it may be meant


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        rule: the id of the rule that says so.
        severity: how bad it is.
        text: one line that names the element.
        file: the model's; None if it is about no file.
        line: in the file, counted from 1; None if it is about the whole file.
        element: id of the element or sequence flow.
        process: id of the model's process.
        event: the event that it is about.
        service: the service that it is about.
    """

    rule: str
    severity: Severity
    text: str
    file: str | None = None
    line: int | None = None
    element: str | None = None
    process: str | None = None
    event: str | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule's id and how bad it is to break it."""

    id: str
    severity: Severity

    def at(self, model: Model, where: Element | Flow, words: str, event: str | None = None) -> Finding:
        """A finding at an element or a sequence flow. The words follow its description."""
        return Finding(
            rule=self.id,
            severity=self.severity,
            text=f"{where} {words}",
            file=model.file,
            line=where.line or None,
            element=where.id,
            process=model.process,
            event=event,
        )

    def of(self, model: Model, words: str, line: int | None = None) -> Finding:
        """A finding about the whole process, or at a line of its file."""
        return Finding(
            rule=self.id,
            severity=self.severity,
            text=words,
            file=model.file,
            line=line or model.line or None,
            process=model.process,
        )


def error(id_: str) -> Rule:
    """A rule without which nothing works."""
    return Rule(id_, Severity.ERROR)


def warning(id_: str) -> Rule:
    """A rule that may be broken on purpose."""
    return Rule(id_, Severity.WARNING)
