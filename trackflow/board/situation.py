"""All that the overview shows, as a page and in the API: figures, health, needs, and the verdict."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from trackflow.board.attention import Names, Need, Verdict, needs, verdict
from trackflow.board.context import Board
from trackflow.board.health import Report
from trackflow.errors import LedgerError, ModelError
from trackflow.extension import Trackflow
from trackflow.projection.overview import Overview, overview

_SECONDS = 1.0  # that the figures are kept: whoever looks meanwhile sees the same


@dataclass(frozen=True, slots=True)
class Situation:
    """A tenant's, as of a moment.

    Attributes:
        overview: the figures; None: the ledger has not answered since the board started.
        is_stale: the ledger is away, the figures are the last that it gave.
        health: of the parts and queues.
        needs: what needs somebody, the worst first.
        verdict: whether orders flow.
        names: of processes and their elements.
    """

    overview: Overview | None
    is_stale: bool
    health: Report
    needs: Sequence[Need]
    verdict: Verdict
    names: Names

    @property
    def as_of(self) -> datetime | None:
        """When the figures were read (UTC)."""
        return None if self.overview is None else datetime.fromtimestamp(self.overview.taken_at, UTC)


def situation(board: Board) -> Situation:
    """Now. Never raises because a part is away: what is known of it is told."""
    figures, health, names = _figures(board), board.health.report, _names(board.trackflow)
    found = needs(figures, health, board.letters.groups(), names)
    return Situation(
        overview=figures,
        is_stale=figures is not None and health.ledger.state == "away",
        health=health,
        needs=found,
        verdict=verdict(figures, found),
        names=names,
    )


def _figures(board: Board) -> Overview | None:
    trackflow = board.trackflow

    def read() -> Overview:
        with trackflow.ledger.reading() as transaction:
            return overview(transaction, trackflow.settings.tenant, time.time())

    try:
        return board.kept.get("overview", _SECONDS, read)
    except LedgerError:
        return None


def _names(trackflow: Trackflow) -> Names:
    try:
        models = trackflow.models
    except ModelError:  # a file of the folder is wrong: ids will do
        models = ()
    return Names(
        app=trackflow.app.main or "tasks",
        processes={model.process: model.name for model in models if model.name},
        elements={
            (model.process, element.id): " ".join(element.name.split())
            for model in models
            for element in model.elements.values()
            if element.name
        },
    )
