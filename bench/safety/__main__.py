"""Measures what safety costs, each thing beside what it is compared with, and writes bench/SAFETY.md.

    python -m bench.safety [--orders N] [--letters N] [--rounds N]

Needs RabbitMQ and the engine (`make engine`); starts private ones.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench.runs import deploy, warm_up
from bench.safety import letters, outage, report, services
from bench.system import new_ledger
from tests.servers.engine import Engine
from tests.servers.postgresql import PostgreSQL
from tests.servers.rabbitmq import RabbitMQ

ONE_WAY = 0.010  # seconds


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.safety", description="Measure what safety costs.")
    parser.add_argument("--orders", type=int, default=1000, help="a run")
    parser.add_argument(
        "--outage", type=int, default=10_000, help="orders that come while the engine is away"
    )
    parser.add_argument("--far", type=int, default=3000, help="the same, with an engine 10 ms away")
    parser.add_argument("--letters", type=int, default=100_000, help="listed; a fifth of them is replayed")
    parser.add_argument("--rounds", type=int, default=3, help="of all but the outages")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trackflow-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the user `postgres` must get in
        for server in ("rabbitmq", "engine", "postgresql"):
            (folder / server).mkdir()
        node, engine = RabbitMQ(folder / "rabbitmq"), Engine(folder / "engine", "operaton", java=())
        database = PostgreSQL(folder / "postgresql")
        try:
            node.start()
            engine.start()
            database.start()
            deploy(node.url, engine.url)
            warm_up(engine.url)
            results = _measured(node.url, engine.url, database.url, folder, options)
        finally:
            database.stop()
            engine.stop()
            node.stop()
    text = report.written(results, options)
    print(text)
    (Path(__file__).parents[1] / "SAFETY.md").write_text(text)


def _measured(
    amqp_url: str, engine_url: str, database_url: str, folder: Path, options: argparse.Namespace
) -> report.Results:
    results = report.Results()
    for _ in range(options.rounds):
        results.without_ledger.append(services.without_ledger(amqp_url, engine_url, folder, options.orders))
        results.with_ledger.append(services.with_ledger(amqp_url, engine_url, folder, options.orders))
        results.plain.append(services.plain(amqp_url, folder, 4 * options.orders))
        results.once.append(services.once(amqp_url, folder, 4 * options.orders))
        results.letters.append(letters.letters(amqp_url, folder, options.letters, options.letters // 5))
        print(results, flush=True)
    for name, ledger, count, one_way in (
        ("on the same machine; SQLite", new_ledger(folder), options.outage, 0.0),
        ("10 ms away, each way; SQLite", new_ledger(folder), options.far, ONE_WAY),
        ("10 ms away, each way; PostgreSQL", database_url, options.far, ONE_WAY),
    ):
        results.outages[name, count] = outage.outage(amqp_url, engine_url, ledger, count, one_way)
        print(results.outages, flush=True)
    return results


if __name__ == "__main__":
    main()
