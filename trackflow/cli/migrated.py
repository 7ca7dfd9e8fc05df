"""What `migrate` says: how many orders moved, and which stay and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from trackflow.cli.console import console, table
from trackflow.engines.answers import Version
from trackflow.tracking.migrating import Moved
from trackflow.words import counted, joined


@dataclass
class Tally:
    """What became of all orders so far.

    Attributes:
        moved: how many, by the version that they were on.
        gone: how many had ended meanwhile, or were moved by somebody else.
        refused: each order that stays.
    """

    moved: Counter[int] = field(default_factory=Counter)
    gone: int = 0
    refused: list[Moved] = field(default_factory=list)

    def add(self, moved: Moved) -> None:
        """Count one order."""
        if moved.migrated.misfits:
            self.refused.append(moved)
        elif moved.migrated.is_gone:
            self.gone += 1
        else:
            self.moved[moved.instance.version] += 1


def print_migrated(tally: Tally, target: Version, nothing: Sequence[str], *, dry_run: bool) -> None:
    """For a person."""
    out = console()
    for words in nothing:
        out.print(f"nothing to migrate: {words}")
    would = "Would move" if dry_run else "Moved"
    if tally.moved:
        origins = joined(f"{number:,} from version {each}" for each, number in sorted(tally.moved.items()))
        orders = counted(tally.moved.total(), "order")
        out.print(f"{would} to version {target.version} of {target.process}: {orders} ({origins}).")
    elif not tally.refused and not nothing:
        out.print(f"Nothing runs on an earlier version of {target.process} than {target.version}.")
    if tally.gone:
        out.print(f"Ended or moved meanwhile: {counted(tally.gone, 'order')}.")
    if tally.refused:
        would = "Would stay" if dry_run else "Refused"
        out.print(f"{would}: {counted(len(tally.refused), 'order')}.")
        rows = table("key", "version", "why it stays", wraps="why it stays")
        for instance, migrated in tally.refused:
            for misfit in migrated.misfits:
                rows.add_row(instance.business_key, str(instance.version), str(misfit))
        out.print(rows)


def migrated_as_json(
    tally: Tally, target: Version, nothing: Sequence[str], *, dry_run: bool
) -> dict[str, Any]:
    """For a machine."""
    return {
        "process": target.process,
        "to": target.version,
        "dryRun": dry_run,
        "migrated": tally.moved.total(),
        "from": {str(version): number for version, number in sorted(tally.moved.items())},
        "gone": tally.gone,
        "refused": [
            {
                "businessKey": instance.business_key,
                "instanceId": instance.id,
                "version": instance.version,
                "reasons": [misfit.as_json() for misfit in migrated.misfits],
            }
            for instance, migrated in tally.refused
        ],
        "nothing": list(nothing),
    }
