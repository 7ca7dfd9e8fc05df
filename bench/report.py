"""The figures as a page, with the command, the machine and the versions beside them."""

import platform
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from statistics import median

import psutil

from bench.runs import Run, Start
from bench.system import QUEUES


@dataclass(frozen=True)
class Pair:
    """One round: the loop and Trackflow, one after the other."""

    loop: float
    ours: Run

    @property
    def ratio(self) -> float:
        return self.ours.rate / self.loop


@dataclass(frozen=True)
class Results:
    """Everything that was measured, round by round."""

    near: list[Pair]
    far: list[Pair]
    demo: list[float]
    start: dict[str, list[Start]]


def written(results: Results, orders: int, rounds: int) -> str:
    """The page, in Markdown."""
    cpu = " · ".join(
        f"{queue} {median(pair.ours.cpu[queue] for pair in results.near):.1f}" for queue in QUEUES
    )
    starts = "\n".join(_start(queue, runs, results.near) for queue, runs in results.start.items())
    return f"""\
# What it costs

`make bench` ({orders} orders a run, {rounds} rounds; median, in brackets the least and the most) on
{machine()}.
RabbitMQ, engine, workers and the notebook's loop share these cores.

| orders/s | the notebook's loop | Trackflow | ratio, round by round |
|---|---|---|---|
| the engine on the same machine | {_loops(results.near)} | {_ours(results.near)} | {_ratios(results.near)} |
| the engine 10 ms away, each way | {_loops(results.far)} | {_ours(results.far)} | {_ratios(results.far)} |
| `track demo`, one process, no server | | {spread(results.demo)} | |

The loop acknowledges before it works, keeps nothing on disk, and ignores what the engine says. Trackflow's
figure is with durable quorum queues, confirmed publishing, late acknowledgement and the ledger on disk. An
engine far away costs the loop two round trips an event (one to connect), one event after the other;
Trackflow's tracker tells 16 orders at a time.

CPU an order, ms: {cpu}.

| a worker | ready after, s | resident idle, MB | after {orders} orders, MB |
|---|---|---|---|
{starts}
"""


def machine() -> str:
    """Cores, memory and versions, with an engine beside it."""
    used = computer("celery", "kombu", "sqlalchemy", "urllib3", "requests", "pika")
    return f"{used}, Operaton 1.0.3 on H2 in memory"


def computer(*packages: str) -> str:
    """Cores, memory, and the versions of Python and of these packages."""
    memory = psutil.virtual_memory().total / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{psutil.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, {versions}"
    )


def _loops(pairs: list[Pair]) -> str:
    return spread([pair.loop for pair in pairs])


def _ours(pairs: list[Pair]) -> str:
    return spread([pair.ours.rate for pair in pairs])


def _ratios(pairs: list[Pair]) -> str:
    return spread([pair.ratio for pair in pairs], digits=2)


def _start(queue: str, runs: list[Start], pairs: list[Pair]) -> str:
    seconds, megabytes = [run.seconds for run in runs], [run.megabytes for run in runs]
    busy = [pair.ours.megabytes[queue] for pair in pairs]
    return f"| `-Q {queue}` | {spread(seconds, digits=2)} | {spread(megabytes)} | {spread(busy)} |"


def spread(values: Iterable[float], digits: int = 0) -> str:
    """The median, and in brackets the least and the most."""
    values = sorted(values)
    least, most = values[0], values[-1]
    return f"**{median(values):.{digits}f}** ({least:.{digits}f}–{most:.{digits}f})"
