"""What the board knows of processes: which there are, their models and figures, each kept for a while."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import HTTPException

from trackflow.board.context import Board
from trackflow.board.process.selections import Selection
from trackflow.bpmn import Model
from trackflow.errors import EngineError, ModelError
from trackflow.projection import processes
from trackflow.projection.comparison import Comparison, comparison
from trackflow.projection.models import DeployedModels
from trackflow.projection.period import Period
from trackflow.projection.statistics import Statistics, read, statistics

_FIGURES_SECONDS = 10.0  # the projector writes all the time, and nobody looks at a week every second
_KNOWN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a process's model."""

    number: int
    orders: int  # that it has or had


@dataclass(frozen=True, slots=True)
class KnownProcess:
    """One process. A process that has no orders yet has no versions."""

    id: str
    name: str
    versions: Sequence[Version]  # the newest first
    withdrawn: bool = False  # it starts no more; False also while the engine is away

    @property
    def orders(self) -> int:
        """How many there are or were."""
        return sum(version.orders for version in self.versions)

    @property
    def newest(self) -> int:
        """The version that is drawn if nobody chose one; 0 stands for the file of the models folder."""
        return self.versions[0].number if self.versions else 0


def known_processes(board: Board) -> Sequence[KnownProcess]:
    """Those that are modelled and those that have orders, the busiest first. Raises LedgerError."""

    def make() -> Mapping[str, Mapping[int, int]]:
        with board.trackflow.ledger.reading() as transaction:
            return processes.orders_by_version(transaction, board.trackflow.settings.tenant)

    counted = board.kept.get("processes", _KNOWN_SECONDS, make)
    withdrawn = _withdrawn(board)
    found = [
        _known(board, process, counted.get(process, {}), process in withdrawn)
        for process in {*counted, *modelled(board)}
    ]
    return sorted(found, key=lambda each: (-each.orders, each.name, each.id))


def known_process(board: Board, process: str) -> KnownProcess:
    """One of them; 404 if there is none of this id. Raises LedgerError."""
    for each in known_processes(board):
        if each.id == process:
            return each
    raise HTTPException(404, f"there is no process {process[:255]!r}")


def _known(board: Board, process: str, orders: Mapping[int, int], withdrawn: bool) -> KnownProcess:
    versions = [Version(number, orders[number]) for number in sorted(orders, reverse=True)]
    model = model_of(board, process, versions[0].number if versions else 0)
    name = " ".join(((model and model.name) or process).split())
    return KnownProcess(process, name, versions, withdrawn)


def _withdrawn(board: Board) -> frozenset[str]:
    engine, tenant = board.trackflow.engine, board.trackflow.settings.tenant
    if board.health.report.engine.state == "away":
        return frozenset()
    try:
        return board.kept.get("withdrawn", _KNOWN_SECONDS, lambda: engine.withdrawn(tenant))
    except EngineError:
        return frozenset()


def modelled(board: Board) -> Mapping[str, Model]:
    """The models of the models folder by process; none if one of them cannot be read."""
    try:
        return {model.process: model for model in board.trackflow.models}
    except ModelError:
        return {}


def model_of(board: Board, process: str, version: int) -> Model | None:
    """As it is deployed; while the engine is away or has forgotten it, as it is in the models folder."""
    trackflow, deployed = board.trackflow, None
    if version and board.health.report.engine.state != "away":
        models = board.kept.get(
            "models", math.inf, lambda: DeployedModels(trackflow.engine, trackflow.settings.tenant)
        )
        deployed = models.of(process, version)
    return deployed or modelled(board).get(process)


def figures(board: Board, process: str, selected: Selection) -> Statistics:
    """Of the orders that a selection chooses. Raises LedgerError."""

    def make() -> Statistics:
        with board.trackflow.ledger.reading() as transaction:
            rows = read(
                transaction, board.trackflow.settings.tenant, process, selected.period, selected.version
            )
        return statistics(rows, selected.period)

    return board.kept.get(("figures", process, selected.period, selected.version), _FIGURES_SECONDS, make)


def compared(board: Board, process: str, selected: Selection, other: Selection, now: float) -> Comparison:
    """The figures of `selected` against those of `other`, which come before. Raises LedgerError."""
    return comparison(figures(board, process, other), figures(board, process, selected), now)


def nearest(board: Board, process: str, selected: Selection) -> Period | None:
    """The nearest period of the same length in which something happened. Raises LedgerError."""

    def make() -> Period | None:
        with board.trackflow.ledger.reading() as transaction:
            return processes.nearest(
                transaction, board.trackflow.settings.tenant, process, selected.period, selected.version
            )

    return board.kept.get(("nearest", process, selected.period, selected.version), _FIGURES_SECONDS, make)
