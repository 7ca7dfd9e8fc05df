"""The figures as a page, with the command and the machine beside them."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field

from bench.report import machine, spread
from bench.safety import letters, outage


@dataclass
class Results:
    """Everything that was measured, round by round."""

    without_ledger: list[float] = field(default_factory=list)  # orders/s
    with_ledger: list[float] = field(default_factory=list)
    plain: list[float] = field(default_factory=list)  # events/s
    once: list[float] = field(default_factory=list)
    letters: list[letters.Rates] = field(default_factory=list)
    outages: dict[tuple[str, int], outage.Rates] = field(
        default_factory=dict
    )  # by place, and how many orders


def written(results: Results, options: argparse.Namespace) -> str:
    """The page, in Markdown."""
    outages = "\n".join(_outage(*what, rates) for what, rates in results.outages.items())
    return f"""\
# What safety costs

`python -m bench.safety` ({options.orders} orders a run, {options.rounds} rounds; median, in brackets the
least and the most) on
{machine()}.
RabbitMQ, engine and workers share these cores.

| | without | with | with/without, round by round |
|---|---|---|---|
| the ledger behind the tracker, orders/s | {_pair(results.without_ledger, results.with_ledger)} |
| `Service(once=True)`, events/s of one worker | {_pair(results.plain, results.once)} |

Without the ledger an event whose answer got lost would be told twice or never, and an early one not at all.

| dead letters/s, the whole command | |
|---|---|
| `dead list`, of {options.letters:,} | {spread(each.listed for each in results.letters)} |
| `dead replay --all`, of {options.letters // 5:,} | {spread(each.replayed for each in results.letters)} |

An outage of the engine (one tracker, one run each):

| the engine; the ledger | orders | events/s recorded with it | without it | orders/s told | backlog | ratio |
|---|---|---|---|---|---|---|
{outages}

"Told" is the rate with the engine there, from a full queue; "backlog" counts from the moment when the engine
is back, with the seconds until a tracker notices.
"""


def _pair(without: list[float], with_: list[float]) -> str:
    ratios = [ours / bare for bare, ours in zip(without, with_, strict=True)]
    return f"{spread(without)} | {spread(with_)} | {spread(ratios, digits=2)}"


def _outage(place: str, count: int, rates: outage.Rates) -> str:
    return (
        f"| {place} | {count:,} | {rates.recorded_with_engine:.0f} | {rates.recorded:.0f} | {rates.told:.0f} "
        f"| {rates.caught_up:.0f} | **{rates.caught_up / rates.told:.2f}** |"
    )
