"""Measures the board over many orders, and writes bench/BOARD.md.

    python -m bench.board [--orders N] [--ledger sqlite|postgresql] [--rounds N]

Needs RabbitMQ, Chromium and, for the second ledger, PostgreSQL; starts private ones.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from bench.board import beside, front, report
from bench.board.filling import fill, process
from bench.board.latency import asked
from bench.board.questions import questions
from bench.board.server import board, caught_up
from bench.safety import filling as letters
from bench.safety.letters import NOTES
from bench.system import TENANT, environment, new_ledger, track
from tests.servers.postgresql import PostgreSQL
from tests.servers.rabbitmq import RabbitMQ

LEDGERS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
CLIENTS = 20
_TIMES, _TIMES_EACH = 40, 5  # that a question is asked: by one client, by each of many
_PAINTS = 5
_ORDERS_DEAD = 500  # with four letters each


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.board", description="Measure the board.")
    parser.add_argument("--orders", type=int, default=1_000_000, help="in the ledger, with four events each")
    parser.add_argument("--ledger", choices=tuple(LEDGERS), action="append", help="both if not given")
    parser.add_argument("--flow", type=int, default=3000, help="orders that flow while boards are open")
    parser.add_argument("--rounds", type=int, default=5, help="of orders that flow; 0: none")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trackflow-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the user `postgres` must get in
        for server in ("rabbitmq", "postgresql"):
            (folder / server).mkdir()
        node, database = RabbitMQ(folder / "rabbitmq"), PostgreSQL(folder / "postgresql")
        results = report.Results(scripts=front.scripts())
        try:
            node.start()
            for turn in range(options.rounds):
                results.beside.append(beside.side_by_side(node.url, folder, options.flow, turn))
                print(results.beside[-1], f"ratio {results.beside[-1].ratio:.3f}", flush=True)
            for ledger in options.ledger or LEDGERS:
                if ledger == "postgresql":
                    database.start()
                url = database.url if ledger == "postgresql" else new_ledger(folder)
                _bury(node.url)
                results.ledgers[LEDGERS[ledger]] = _figures(node.url, url, options.orders)
        finally:
            database.stop()
            node.stop()
    text = report.written(results, options)
    print(text)
    (Path(__file__).parents[1] / "BOARD.md").write_text(text)


def _figures(amqp_url: str, ledger_url: str, count: int) -> report.Figures:
    figures = report.Figures(filled=fill(ledger_url, TENANT, count))
    print(f"  filled in {figures.filled:.0f} s", flush=True)
    with board(environment(amqp_url, "embedded", ledger_url)) as open_board:
        figures.projected = count / caught_up(ledger_url, TENANT)
        print(f"  projected at {figures.projected:.0f} orders/s", flush=True)
        every = questions(count, process())
        asked(open_board.url, every, 1, 1)  # what is opened once is open then
        figures.alone = asked(open_board.url, every, _TIMES, 1)
        figures.crowded = asked(open_board.url, every, _TIMES_EACH, CLIENTS)
        figures.paints = list(front.first_paints(open_board.url, _chromium(), _PAINTS))
        figures.megabytes = open_board.megabytes()
    return figures


def _bury(amqp_url: str) -> None:
    """As many dead letters as nobody should have."""
    track(environment(amqp_url, "embedded", "sqlite://"), "deploy")
    dead = f"{TENANT}.payment.dead"
    letters.purge(amqp_url, dead)
    letters.fill(amqp_url, dead, letters.orders(TENANT, _ORDERS_DEAD), NOTES)


def _chromium() -> str:
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or "chromium"


if __name__ == "__main__":
    main()
