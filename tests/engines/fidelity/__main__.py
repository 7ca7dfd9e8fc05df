"""A longer run: `python -m tests.engines.fidelity --models 5000 --seed 1000 --engine camunda`.

With `--url` on an engine that runs already, with its job executor off and used by nobody else.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.engines.fidelity.cases import paths, record
from tests.engines.fidelity.ours import OurEngine
from tests.engines.fidelity.real import RealEngine
from tests.engines.fidelity.run import Run
from tests.engines.fidelity.wire import STILL
from tests.servers.engine import FAMILIES, Engine, missing


def main() -> int:
    """0: nothing differs; 1: something does; 2: it could not be run."""
    asked = _arguments()
    if not asked.url and (absent := missing(asked.engine)):
        print(f"{absent} is missing", file=sys.stderr)
        return 2
    with _running(asked.engine, asked.url) as engine:
        if asked.record:
            record(engine, paths())
            return 0
        return _compare(engine, range(asked.seed, asked.seed + asked.models), asked.shrink)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.engines.fidelity", description=__doc__)
    parser.add_argument("--models", type=int, default=1000, help="how many (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, help="of the first; each has the next (default: 0)")
    parser.add_argument(
        "--engine", choices=FAMILIES, default="operaton", help="the real one (default: operaton)"
    )
    parser.add_argument(
        "--shrink", type=int, default=10, help="how many that differ are shrunk (default: 10)"
    )
    parser.add_argument("--record", action="store_true", help="record tests/engines/cases again instead")
    parser.add_argument("--url", help="REST API of an engine that runs already")
    return parser.parse_args()


@contextmanager
def _running(family: str, url: str | None) -> Iterator[RealEngine]:
    if url:
        yield RealEngine(url, family)
        return
    with TemporaryDirectory(prefix="trackflow-fidelity-") as folder:
        server = Engine(Path(folder), family, STILL[family])
        try:
            server.start()
            yield RealEngine(server.url, family)
        finally:
            server.stop()


def _compare(engine: RealEngine, seeds: range, shrinking: int) -> int:
    run = Run(engine, OurEngine())
    findings = run.differing(seeds, say=lambda text: print(text, flush=True))
    for number, finding in enumerate(findings, start=1):
        shown = run.shrunk(finding) if number <= shrinking else f"seed {finding.seed}, {finding.difference}"
        print(f"\n== {number}. {shown}", flush=True)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
