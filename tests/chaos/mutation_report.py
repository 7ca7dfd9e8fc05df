"""The table of what the tests noticed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.mutants.mutant import Mutant
from tests.chaos.source_copy import Run


@dataclass(frozen=True, slots=True)
class Finding:
    """One mutant, and what its tests said."""

    mutant: Mutant
    run: Run

    @property
    def survived(self) -> bool:
        """Nobody noticed."""
        return not self.run.is_red


def as_text(findings: Sequence[Finding]) -> str:
    """For the terminal: a line each."""
    wide = max(len(finding.mutant.name) for finding in findings)
    lines = [
        f"{finding.run.verdict:10}  {finding.mutant.name:{wide}}  {finding.run.seconds:4.0f} s"
        f"  {finding.mutant.promise}"
        for finding in findings
    ]
    return "\n".join(["", *lines, _summary(findings)])


def as_markdown(findings: Sequence[Finding]) -> str:
    """As a document."""
    lines = [
        "# Every safeguard, taken out",
        "",
        "`make chaos-mutants` takes each of these out of a copy of the sources, one at a time, and runs the",
        'tests that must notice. "red" is as it should be.',
        "",
        f"**{_summary(findings)}**",
        "",
        "| safeguard | mutant | in | tests | suite | seconds |",
        "|---|---|---|---|---|---|",
        *(_row(finding) for finding in findings),
    ]
    return "\n".join([*lines, ""])


def _row(finding: Finding) -> str:
    mutant = finding.mutant
    tests = "<br>".join(f"`{_sentence(test)}`" for test in mutant.tests)
    file = mutant.file.removeprefix("trackflow/")
    return (
        f"| {mutant.promise} | {mutant.name} | `{file}` | {tests} "
        f"| {finding.run.verdict} | {finding.run.seconds:.0f} |"
    )


def _sentence(test: str) -> str:
    return test.rpartition("::")[2].replace("|", "\\|")


def _summary(findings: Sequence[Finding]) -> str:
    survived = [finding.mutant.name for finding in findings if finding.survived]
    noticed = f"{len(findings) - len(survived)} of {len(findings)} mutants were noticed"
    return f"{noticed}; survived: {', '.join(survived)}" if survived else f"{noticed}."
