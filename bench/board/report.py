"""The figures as a page, with the command, the machine and the goals beside them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.board import front
from bench.board.beside import BOARDS, Pair
from bench.board.latency import Latency
from bench.board.questions import SEARCH
from bench.report import computer, spread

# Milliseconds, p95.
ALONE, CROWDED, FIRST_SEARCH = 200, 500, 50


@dataclass
class Figures:
    """Of one ledger."""

    filled: float = 0  # seconds
    projected: float = 0  # orders/s of the projector, from the first to the last
    megabytes: float = 0  # of the board's process, after all questions
    alone: Mapping[str, Latency] = field(default_factory=dict)
    crowded: Mapping[str, Latency] = field(default_factory=dict)
    paints: Sequence[float] = ()  # ms


@dataclass
class Results:
    """Everything that was measured."""

    ledgers: dict[str, Figures] = field(default_factory=dict)
    scripts: dict[str, float] = field(default_factory=dict)
    beside: list[Pair] = field(default_factory=list)


def written(results: Results, options: argparse.Namespace) -> str:
    """The page, in Markdown."""
    return f"""\
# How fast the board is

`python -m bench.board --orders {options.orders}` ({4 * options.orders:,} events) on
{computer("fastapi", "uvicorn", "sqlalchemy")}.
Board, database, broker and the clients that ask share these cores.

{"".join(_ledger(name, figures) for name, figures in results.ledgers.items())}
## The browser

Scripts of the board, compressed: **{_own_scripts(results.scripts):.0f} kB** (goal: below 300), and bpmn-js on
pages with a diagram: {_diagram_scripts(results.scripts):.0f} kB.

## The tracker beside it

{_beside(results.beside, options)}"""


def _ledger(name: str, figures: Figures) -> str:
    rows = "\n".join(
        _row(question, figures.alone[question], figures.crowded[question]) for question in figures.alone
    )
    return f"""\
## {name}

Filled in {figures.filled:.0f} s; the projector shows **{figures.projected:.0f} orders/s** of what it has
never seen. After all this the board's process holds {figures.megabytes:.0f} MB. First paint of the overview:
{spread(figures.paints)} ms (goal: below 1000).

| ms: median, p95, most | one client (goal: p95 below {ALONE}) | 20 clients (goal: p95 below {CROWDED}) | kB |
|---|---|---|---|
{rows}

"""


def _row(question: str, alone: Latency, crowded: Latency) -> str:
    goal = FIRST_SEARCH if question == SEARCH else ALONE
    return f"| `{question}` | {_cell(alone, goal)} | {_cell(crowded, CROWDED)} | {alone.kilobytes:.0f} |"


def _cell(latency: Latency, goal: float) -> str:
    p95 = f"{latency.p95:.0f}" if latency.p95 < goal else f"**{latency.p95:.0f}, above {goal}**"
    return f"{latency.median:.0f}, {p95}, {latency.most:.0f}"


def _own_scripts(scripts: Mapping[str, float]) -> float:
    return sum(size for name, size in scripts.items() if not front.is_of_diagrams(name))


def _diagram_scripts(scripts: Mapping[str, float]) -> float:
    return sum(size for name, size in scripts.items() if front.is_of_diagrams(name))


def _beside(pairs: Sequence[Pair], options: argparse.Namespace) -> str:
    if not pairs:
        return "Not measured.\n"
    alone, watched = (spread(pair.alone for pair in pairs), spread(pair.watched for pair in pairs))
    ratio = spread((pair.ratio for pair in pairs), digits=3)
    share = spread((pair.board_share for pair in pairs), digits=2)
    return f"""\
{options.flow} orders a run through RabbitMQ, four workers, the embedded engine and a ledger on disk (SQLite),
in {options.rounds} rounds, each without and with {BOARDS} open boards in turn.

| orders/s without | with | with/without, round by round (goal: 0.95) | the board's CPU, share of one core |
|---|---|---|---|
| {alone} | {watched} | {ratio} | {share} |
"""
