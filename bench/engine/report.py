"""The figures as a page, with the command, the machine and the goals beside them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from statistics import mean, median, quantiles

from bench.engine import beside
from bench.engine.beside import Pair
from bench.engine.events import Costs, Round
from bench.report import computer, spread

STEP, READS, RATIO, DEMO, TIMES = 100, 2, 1.1, 500, 5  # µs, an event, many/few, orders/s, ours/SpiffWorkflow


@dataclass
class Results:
    """Everything that was measured, round by round."""

    steps: Mapping[str, Sequence[Sequence[float]]] = field(default_factory=dict)  # seconds, by model
    costs: dict[str, Costs] = field(default_factory=dict)  # by ledger
    beside: Mapping[str, Sequence[Pair]] = field(default_factory=dict)  # by where the state is kept
    demo: list[float] = field(default_factory=list)  # orders/s


def written(results: Results, options: argparse.Namespace) -> str:
    """The page, in Markdown."""
    return f"""\
# How fast the embedded engine is

`python -m bench.engine` on {datetime.now(UTC):%-d %B %Y}, {options.rounds} rounds, on
{_machine()}.
Median of the rounds, in brackets the least and the most. What is compared was measured in turn, in one run.

## A step

One event on one instance, with its state read from JSON and written to it, as the store does; no database. By
the CPU's clock.

| model | µs a step: median | mean | 99th percentile |
|---|---|---|---|
{_steps(results.steps)}

What it means: following the rules of BPMN is the small part of an event; its transaction is the larger one.

## An event, and how many instances there are

{options.few:,} instances run, and {options.few:,} or {options.ended:,} have ended. Each event is told in a
transaction of its own, with its commit, which does not wait for the disk; {options.orders} orders a round.

| ledger | µs an event beside {options.few:,} | beside {options.ended:,} | ratio of medians (goal: {RATIO}) \
| ratio of means | reads an event (goal: {READS}) | writes |
|---|---|---|---|---|---|---|
{_costs(results.costs)}

Every one of these statements finds its rows by an index, of one order alone; the run fails if one does not.
{_filled(results.costs).strip()}

What it means: nobody has to clean up for the sake of speed; a ledger of years answers like a new one.

## Beside SpiffWorkflow

{_beside(results.beside)}

## The whole of it

{_demo(results.demo, options)}
"""


def _steps(models: Mapping[str, Sequence[Sequence[float]]]) -> str:
    return "\n".join(_step(name, rounds) for name, rounds in models.items())


def _step(name: str, rounds: Sequence[Sequence[float]]) -> str:
    every = list(chain(*rounds))
    last = quantiles(every, n=100)[-1] * 1e6
    goal = f" (goal: {STEP})" if name.startswith("the four") else ""
    medians = spread(median(each) * 1e6 for each in rounds)
    return f"| {name}{goal} | {medians} | {mean(every) * 1e6:.0f} | {last:.0f} |"


def _costs(ledgers: Mapping[str, Costs]) -> str:
    return "\n".join(_cost(name, each) for name, each in ledgers.items())


def _cost(ledger: str, costs: Costs) -> str:
    rounds = costs.rounds
    few = spread(median(each.few) * 1e6 for each in rounds)
    many = spread(median(each.many) * 1e6 for each in rounds)
    return (
        f"| {ledger} | {few} | {many} | {spread((each.ratio for each in rounds), digits=3)} "
        f"| {_means(rounds)} | {costs.reads} | {costs.writes} |"
    )


def _means(rounds: Sequence[Round]) -> str:
    return spread((each.ratio_of_means for each in rounds), digits=3)


def _filled(ledgers: Mapping[str, Costs]) -> str:
    return "".join(f" {name} was filled in {each.many.filled:.0f} s." for name, each in ledgers.items())


def _beside(ways: Mapping[str, Sequence[Pair]]) -> str:
    if not ways:
        return f"Not measured, since SpiffWorkflow is not installed: {beside.HOW_TO_GET}."
    rows = "\n".join(_way(name, pairs) for name, pairs in ways.items())
    return f"""\
SpiffWorkflow {beside.VERSION} (LGPL 3; only measured against), `bpmn/track-flow.bpmn` and its four events in
the same Python process, in turn; orders a second of CPU. "As JSON": both engines read and write an instance's
state at every event, as one that survives its process must; SpiffWorkflow's own way puts the model into it.

| the state is kept | SpiffWorkflow | Trackflow's interpreter | ratio, round by round (goal: {TIMES}) |
|---|---|---|---|
{rows}

What it means: with SpiffWorkflow a program that follows these orders would need so many times the CPU."""


def _way(name: str, pairs: Sequence[Pair]) -> str:
    spiff, ours = spread(pair.spiff for pair in pairs), spread(pair.ours for pair in pairs)
    return f"| {name} | {spiff} | {ours} | {spread((pair.ratio for pair in pairs), digits=1)} |"


def _demo(rates: Sequence[float], options: argparse.Namespace) -> str:
    if not rates:
        return "Not measured."
    return f"""\
`track demo --orders {options.demo}`, three services and the tracker, its ledger on disk, in {len(rates)}
rounds: {spread(rates)} orders/s (goal: {DEMO}).

What it means: {4 * median(rates):.0f} events a second are published, heard, told and kept, with nothing to
install."""


def _machine() -> str:
    load = os.getloadavg()[2]
    return f"{computer('celery', 'sqlalchemy', 'psycopg')}; load of the last 15 minutes {load:.1f}"
