"""`python -m tests.chaos --orders N --seed S --ledger sqlite|postgresql --faults a,b,…|all --report FILE`

The exit code is 0 only if nothing was lost, doubled or stuck, and broker, engine and ledger agree.
"""

from __future__ import annotations

import argparse
import secrets
import signal
import sys
from pathlib import Path

from tests.chaos.faults import NAMES, named
from tests.chaos.run import Options, run
from tests.chaos.system import LEDGERS, missing

_ENDS = (signal.SIGINT, signal.SIGTERM)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.chaos", description="The whole system under faults.")
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--seed", default=secrets.token_hex(4), help="the same seed makes the same plan")
    parser.add_argument("--ledger", choices=LEDGERS, default="sqlite")
    parser.add_argument("--faults", default="all", help=f"all, none, or some of {','.join(NAMES)}")
    parser.add_argument("--brief", action="store_true", help="each fault once, as in CI")
    parser.add_argument("--report", type=Path, help="append the report to this file, as Markdown")
    return parser.parse_args()


def _faults(text: str) -> tuple[str, ...]:
    names = {"all": NAMES, "none": ()}.get(text, tuple(text.split(",")))
    named(names)
    return names


def _interrupt(*_: object) -> None:
    """The first time; then everything is torn down, which nothing may interrupt."""
    for each in _ENDS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    """The exit code: 1 unless nothing was lost, doubled or stuck, and all agree."""
    for each in _ENDS:
        signal.signal(each, _interrupt)
    arguments = _arguments()
    if what := missing():
        print(f"{what} is missing")
        return 2
    try:
        faults = _faults(arguments.faults)
        report = run(Options(arguments.orders, arguments.seed, arguments.ledger, faults, arguments.brief))
    except ValueError as exc:
        print(exc)
        return 2
    except KeyboardInterrupt:
        print("interrupted")
        return 130
    print(report)
    if arguments.report:
        with arguments.report.open("a") as file:
            file.write(report.markdown())
    return 0 if report.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
