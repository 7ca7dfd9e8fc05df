"""Measures the embedded engine, and writes bench/ENGINE.md.

    python -m bench.engine [--rounds N] [--ended N] [--demo N] [--ledger sqlite|postgresql]

Needs PostgreSQL for the second ledger, and starts a private one. SpiffWorkflow is measured beside it where
it is installed (`bench.engine.beside` says how). All of it takes less than ten minutes.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import create_engine, text

from bench.engine import beside, report, steps
from bench.engine.crowd import crowd
from bench.engine.events import Costs, costs
from bench.runs import demo
from bench.system import new_ledger
from tests.servers.postgresql import PostgreSQL

LEDGERS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
_INSTANCES = 400  # of a model in one round of steps
_BESIDE = 250  # orders a round beside SpiffWorkflow


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.engine", description="Measure the embedded engine."
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--orders", type=int, default=250, help="a round beside the ended ones; four events each"
    )
    parser.add_argument("--few", type=int, default=10_000, help="instances that have ended, and that run")
    parser.add_argument("--ended", type=int, default=1_000_000, help="the same in the larger ledger")
    parser.add_argument("--demo", type=int, default=2000, help="orders a round of the demo")
    parser.add_argument("--demos", type=int, default=3, help="rounds of the demo; 0: none")
    parser.add_argument("--ledger", choices=tuple(LEDGERS), action="append", help="both if not given")
    options = parser.parse_args()
    results = report.Results()
    with tempfile.TemporaryDirectory(prefix="trackflow-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the user `postgres` must get in
        for _ in range(options.demos):
            results.demo.append(demo(folder, options.demo))
            print(f"  the demo: {results.demo[-1]:.0f} orders/s", flush=True)
        results.steps = _steps(options.rounds)
        if beside.is_there():
            results.beside = beside.side_by_side(options.rounds, _BESIDE)
        else:
            print(f"  SpiffWorkflow is not installed, so nothing is measured beside it: {beside.HOW_TO_GET}")
        for ledger in options.ledger or LEDGERS:
            results.costs[LEDGERS[ledger]] = _costs(ledger, folder, options)
    page = report.written(results, options)
    print(page)
    (Path(__file__).parents[1] / "ENGINE.md").write_text(page)


def _steps(rounds: int) -> dict[str, list[list[float]]]:
    """For each model the rounds, with the seconds of every step; the models take turns."""
    scripts = {"the four-event model": steps.four_events(), "nested": steps.nested()}
    for script in scripts.values():  # what is compiled once is compiled then
        steps.stored_steps(script)
    seconds: dict[str, list[list[float]]] = {name: [] for name in scripts}
    for _ in range(rounds):
        for name, script in scripts.items():
            seconds[name].append([one for _ in range(_INSTANCES) for one in steps.stored_steps(script)])
    return seconds


def _costs(ledger: str, folder: Path, options: argparse.Namespace) -> Costs:
    if ledger == "sqlite":
        return _filled_and_measured(lambda _: new_ledger(folder), options)
    (folder / "postgresql").mkdir()
    server = PostgreSQL(folder / "postgresql")
    server.start()
    try:
        return _filled_and_measured(lambda name: _new_database(server, name), options)
    finally:
        server.stop()


def _filled_and_measured(new: Callable[[str], str], options: argparse.Namespace) -> Costs:
    few, many = (crowd(new(f"ended_{ended}"), ended, options.few) for ended in (options.few, options.ended))
    print(f"  filled with {options.ended:,} ended instances in {many.filled:.0f} s", flush=True)
    try:
        return costs(few, many, options.rounds, options.orders)
    finally:
        few.ledger.close()
        many.ledger.close()


def _new_database(server: PostgreSQL, name: str) -> str:
    admin = create_engine(server.url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        # As on SQLite: what a commit waits for the disk is not the engine's.
        connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    admin.dispose()
    return f"{server.url.rpartition('/')[0]}/{name}"


if __name__ == "__main__":
    main()
