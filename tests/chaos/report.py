"""What a run has shown, for the terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.chaos.verdict import Verdict

_SHOWN = 30  # findings of a kind


@dataclass(frozen=True)
class Report:
    """A run."""

    seed: str
    ledger: str
    verdict: Verdict
    seconds: float
    faults: Mapping[str, int]  # how often each struck
    left_out: Mapping[str, str]  # fault → why
    counts: Mapping[str, int]  # whatever else was counted

    @property
    def is_clean(self) -> bool:
        return self.verdict.is_clean

    def __str__(self) -> str:
        kinds = ("lost", "doubled", "stuck", "disagreements")
        lines = [f"{self._headline} ({self.ledger}, seed {self.seed}, {self.seconds:.0f} s)"]
        for kind in (*kinds, "repairs"):
            findings = getattr(self.verdict, kind)
            lines += [f"  {kind}: {finding}" for finding in findings[:_SHOWN]]
            if len(findings) > _SHOWN:
                lines.append(f"  {kind}: and {len(findings) - _SHOWN} more")
        return "\n".join([*lines, *(f"  {name}: {value}" for name, value in self._figures)])

    def markdown(self) -> str:
        """A heading and a table."""
        rows = [f"| {name} | {value} |" for name, value in self._figures]
        return "\n".join(
            [
                f"### {self.ledger}, seed `{self.seed}`",
                "",
                f"**{self._headline}.**",
                "",
                "| | |",
                "|---|---|",
                *rows,
                "",
                "",
            ]
        )

    @property
    def _headline(self) -> str:
        found = self.verdict
        return (
            f"{found.orders:,} orders: {len(found.lost)} lost, {len(found.doubled)} doubled, "
            f"{len(found.stuck)} stuck, {len(found.disagreements)} disagreements"
        )

    @property
    def _figures(self) -> list[tuple[str, str]]:
        faults = ", ".join(f"{name} {count}×" for name, count in self.faults.items())
        figures = [
            ("time", f"{self.seconds / 60:.1f} minutes, {self.verdict.orders / self.seconds:.1f} orders/s"),
            ("faults", faults or "none"),
            *((f"left out: {name}", why) for name, why in self.left_out.items()),
            ("deliveries to the ledger", f"{self.verdict.deliveries:,}"),
            ("repaired: twins ended", str(len(self.verdict.repairs))),
        ]
        return [*figures, *((name, f"{count:,}") for name, count in self.counts.items())]
