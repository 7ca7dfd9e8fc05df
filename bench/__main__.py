"""Measures Trackflow against the notebook's loop, side by side, and writes bench/RESULTS.md.

    make bench            # or: python -m bench [--orders N] [--rounds N]

Needs RabbitMQ and the engine (`make engine`); starts private ones. Each round runs the notebook's loop and
Trackflow in turn, so that a machine whose speed drifts drifts for both; ratios are taken round by round.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import median

from bench import report, runs
from bench.far_away import far_away
from tests.servers.engine import Engine
from tests.servers.rabbitmq import RabbitMQ

ONE_WAY = 0.010  # seconds


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Trackflow.")
    parser.add_argument("--orders", type=int, default=1000, help="a run, with the engine on this machine")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trackflow-bench-") as folder:
        node, engine = (
            RabbitMQ(_made(folder, "rabbitmq")),
            Engine(_made(folder, "engine"), "operaton", java=()),
        )
        demo = [runs.demo(Path(folder)) for _ in range(options.rounds)]  # before any server runs
        try:
            node.start()
            engine.start()
            runs.deploy(node.url, engine.url)
            print(f"  the engine alone, with 16 clients: {runs.warm_up(engine.url):.0f} orders/s")
            results = _measure(node.url, engine.url, Path(folder), options.orders, options.rounds, demo)
        finally:
            engine.stop()
            node.stop()
    text = report.written(results, options.orders, options.rounds)
    print(text)
    Path(__file__).with_name("RESULTS.md").write_text(text)


def _measure(
    amqp_url: str, engine_url: str, folder: Path, orders: int, rounds: int, demo: list[float]
) -> report.Results:
    with far_away(engine_url, ONE_WAY) as distant_url:
        near = _side_by_side(amqp_url, engine_url, folder, orders, rounds)
        # The loop manages a handful a second over this distance: a tenth of the orders tells as much.
        far = _side_by_side(amqp_url, distant_url, folder, orders, rounds, loop_orders=max(20, orders // 20))
    return report.Results(
        near=near,
        far=far,
        demo=demo,
        start=runs.starts(amqp_url, rounds),
    )


def _side_by_side(
    amqp_url: str, engine_url: str, folder: Path, orders: int, rounds: int, loop_orders: int | None = None
) -> list[report.Pair]:
    pairs = []
    for _ in range(rounds):
        loop = runs.notebook(amqp_url, engine_url, loop_orders or orders)
        ours = runs.trackflow(amqp_url, engine_url, folder, orders)
        pairs.append(report.Pair(loop, ours))
        print(f"  loop {loop:7.1f}   Trackflow {ours.rate:7.1f} orders/s   ratio {ours.rate / loop:5.2f}")
    print(f"  median ratio {median(pair.ratio for pair in pairs):.2f}")
    return pairs


def _made(folder: str, name: str) -> Path:
    path = Path(folder) / name
    path.mkdir()
    return path


if __name__ == "__main__":
    main()
