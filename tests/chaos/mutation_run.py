"""Takes out one safeguard after the other, and shows that the tests notice.

    python -m tests.chaos.mutation_run [--only NAME…] [--report FILE]

Everything runs in a copy of the sources; the work tree is never touched. Servers are started once for all
runs; tests that kill theirs start their own.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.chaos.mutants import MUTANTS
from tests.chaos.mutants.mutant import Mutant
from tests.chaos.mutation_report import Finding, as_markdown, as_text
from tests.chaos.source_copy import ALL_HANG, SourceCopy, Verdict
from tests.servers import engine, postgresql, rabbitmq

# By pytest's marker: the server of tests that have it, and the variable that names it to them.
_SERVERS: Mapping[str, tuple[str, Callable[[Path], Any]]] = {
    "broker": ("TEST_AMQP_URL", rabbitmq.RabbitMQ),
    "postgresql": ("TEST_POSTGRESQL_URL", postgresql.PostgreSQL),
    "engine": ("TEST_ENGINE_URL", lambda folder: engine.Engine(folder, "operaton")),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """0: the suite noticed every mutant. 1: one survived, or the suite is red without any."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers are stopped as after Ctrl-C
    mutants = [each for each in MUTANTS if not options.only or each.name in options.only]
    if unknown := set(options.only) - {each.name for each in mutants}:
        sys.exit(f"no such mutant: {', '.join(sorted(unknown))}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="trackflow-mutants-")))
        folder.chmod(0o755)  # PostgreSQL runs as a user of its own
        copy = SourceCopy(folder / "copy")
        copy.must_be_what_is_imported()
        for mutant in mutants:
            copy.must_fit(mutant)
        tests = sorted({test for mutant in mutants for test in mutant.tests})
        _start_servers(stack, copy, tests, folder)
        print(f"{len(tests)} tests without any mutant: ", end="", flush=True)
        untouched = copy.run(tests, ALL_HANG)
        print(untouched.verdict)
        if untouched.verdict is not Verdict.GREEN:  # then red would say nothing
            print(untouched.output)
            return 1
        findings = [_find(copy, mutant, options.verbose) for mutant in mutants]
    print(as_text(findings))
    if options.report:
        options.report.write_text(as_markdown(findings))
    return int(any(finding.survived for finding in findings))


def _find(copy: SourceCopy, mutant: Mutant, verbose: bool) -> Finding:
    print(f"{mutant.name}: ", end="", flush=True)
    with copy.mutated(mutant):
        run = copy.run(mutant.tests)
    print(f"{run.verdict}, {run.seconds:.0f} s", flush=True)
    if verbose or not run.is_red:
        print(run.output)
    return Finding(mutant, run)


def _start_servers(stack: ExitStack, copy: SourceCopy, tests: Sequence[str], folder: Path) -> None:
    for marker, (variable, make) in _SERVERS.items():
        if variable in copy.environment or not copy.has_any(tests, marker):
            continue
        (folder / marker).mkdir()
        server = make(folder / marker)
        stack.callback(server.stop)
        server.start()
        copy.environment[variable] = server.url


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos.mutation_run", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these mutants only")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the table as Markdown")
    parser.add_argument("--verbose", action="store_true", help="show what the tests print")
    return parser


if __name__ == "__main__":
    sys.exit(main())
