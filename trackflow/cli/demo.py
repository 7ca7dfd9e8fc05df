"""`demo`: the whole choreography in one command, with nothing to install or start."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple
from uuid import uuid4

import click

from trackflow.cli import demo_report
from trackflow.cli.console import as_json_option, console, print_json
from trackflow.cli.demo_report import Run
from trackflow.cli.errors import Failure
from trackflow.cli.local_worker import local_worker
from trackflow.cli.placing import place, progress
from trackflow.cli.project import pass_trackflow
from trackflow.cli.shares import Ended, Work, processes, results, shares
from trackflow.extension import Trackflow

# The ledger on SQLite has one writer, and two processes keep it busy.
_PROCESSES = 2
_SHARE = 50  # orders that are worth a process
_LONGEST_SWEEP = 5  # seconds
_OWN_LEDGER = "sqlite:///trackflow-demo.db"  # where broker or engine are real, so is their ledger


@click.command("demo")
@click.option("--orders", metavar="N", type=click.IntRange(min=1), default=200, show_default=True)
@click.option("--ledger", metavar="PATH", help="The ledger's file; otherwise LEDGER_URL says where.")
@as_json_option
@pass_trackflow
def demo_command(trackflow: Trackflow, orders: int, ledger: str | None, as_json: bool) -> None:
    """Run N orders through the whole choreography, with no server.

    The broker is in memory and the engine is the embedded one, whatever the settings say. Many orders are
    shared by two processes, if there are cores for them.
    """
    as_set = trackflow.settings
    move_into_memory(trackflow, f"sqlite:///{ledger}" if ledger else None)
    run = _run(trackflow, orders)
    if as_json:
        print_json(demo_report.as_json(run, str(trackflow.ledger)))
        return
    out = console()
    demo_report.report(out, trackflow, run)
    demo_report.what_next(out, trackflow, run, as_set.ledger_url)


def move_into_memory(trackflow: Trackflow, ledger_url: str | None = None) -> None:
    """Make the project ready for a demonstration: broker and engine in this process, models deployed."""
    trackflow.move_into_memory(ledger_url or _ledger_url(trackflow))
    if trackflow.publisher.is_amqp:
        raise Failure("the demo runs in memory: leave --broker and CELERY_BROKER_URL out")
    trackflow.engine.deploy(trackflow.models, trackflow.settings.tenant)


def _ledger_url(trackflow: Trackflow) -> str:
    settings = trackflow.settings
    alone = settings.amqp_url.startswith("memory:") and settings.engine_url == "embedded"
    return settings.ledger_url if alone else _OWN_LEDGER


def _run(trackflow: Trackflow, count: int) -> Run:
    start = start_event(trackflow)
    prefix = f"demo-{uuid4().hex[:6]}"  # so that a run counts its own orders
    keys = [f"{prefix}-{number:0{len(str(count))}}" for number in range(1, count + 1)]

    def work(share: Sequence[str], ended: Ended) -> Span:
        return _work(trackflow, start, share, ended)

    spans = _in_processes(trackflow, work, keys)
    seconds = max(span.until for span in spans) - min(span.since for span in spans)
    return Run(start, trackflow.queries.known(keys), seconds)


class Span(NamedTuple):
    """From the first order placed to the last one ended, in seconds of a clock that all processes share."""

    since: float
    until: float


def _in_processes(trackflow: Trackflow, work: Work[Span], keys: Sequence[str]) -> Sequence[Span]:
    """Run the work in as many processes as are worth it, each with a broker of its own on the one ledger."""
    shared = [keys] if trackflow.ledger.is_in_memory else shares(keys, _PROCESSES, _SHARE)
    if len(shared) == 1:
        with progress(len(keys)) as ended:
            return [work(keys, ended)]
    trackflow.ledger.close()
    with processes(work, shared) as at_work, progress(len(keys)) as ended:
        return results(at_work, ended)


def _work(trackflow: Trackflow, start: str, keys: Sequence[str], ended: Ended) -> Span:
    trackflow.tracker.start_sweeping()
    try:
        with local_worker(trackflow.app) as worker:
            since = time.monotonic()
            place(trackflow, start, keys, worker, ended=ended)
            return Span(since, time.monotonic())
    finally:
        trackflow.tracker.stop(wait=_LONGEST_SWEEP)


def start_event(trackflow: Trackflow) -> str:
    """The first event of the choreography that a model starts with."""
    starts = frozenset[str]().union(*(model.starts for model in trackflow.models))
    for event in trackflow.choreography.events:
        if event in starts:
            return event
    raise Failure(f"no model in {trackflow.models_folder} starts with an event of the choreography")
