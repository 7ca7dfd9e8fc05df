"""A copy of the sources, in which a mutant can be applied and the tests be run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.chaos.mutants.mutant import Mutant

ROOT = Path(__file__).parents[2]
_SOURCES = ("trackflow", "config", "tasks", "tests", "bpmn", "celeryconfig.py", "pyproject.toml")
_BUILT = Path("deploy/engine/target")  # large, and nobody writes there

HANGS = 600  # seconds; no mutant's tests take as long, so what still runs then is stuck
ALL_HANG = 3600  # for the tests of all mutants together
_ENDS = 60  # seconds, for the tests to stop their own servers after SIGTERM

# pytest's exit codes: https://docs.pytest.org/en/stable/reference/exit-codes.html
_PASSED, _FAILED, _NONE_COLLECTED = 0, 1, 5


class Verdict(StrEnum):
    """What the tests said."""

    GREEN = "GREEN"
    RED = "red"
    HUNG = "red (hung)"
    NOT_RUN = "NOT RUN"  # neither: the mutant cannot even be imported, say


@dataclass(frozen=True, slots=True)
class Run:
    """One run of some tests."""

    verdict: Verdict
    seconds: float
    output: str

    @property
    def is_red(self) -> bool:
        """Whether the tests noticed something."""
        return self.verdict in (Verdict.RED, Verdict.HUNG)


_VERDICTS = {_PASSED: Verdict.GREEN, _FAILED: Verdict.RED}


class SourceCopy:
    """The sources in a folder of their own, and the environment in which their tests run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        ignored = shutil.ignore_patterns("__pycache__", ".*")
        folder.mkdir()
        for name in _SOURCES:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, ignore=ignored)
            else:
                shutil.copy2(ROOT / name, folder / name)
        (folder / _BUILT).parent.mkdir(parents=True)
        (folder / _BUILT).symlink_to(ROOT / _BUILT)
        self.environment = {
            **os.environ,
            "CI": "true",  # a skipped test would be green
            "PYTHONPATH": str(folder),  # before the checkout, which is installed editable
            "PYTHONDONTWRITEBYTECODE": "1",  # a mutant of the same second and size would not be seen
        }

    def must_be_what_is_imported(self) -> None:
        """Raises RuntimeError if Python would test the checkout instead of the copy."""
        asked = "import trackflow, tests.waiting, config; print(trackflow.__file__)"
        found = self._python("-c", asked).stdout.strip()
        if not found or not Path(found).is_relative_to(self._folder):
            raise RuntimeError(f"trackflow would be imported from {found}, not from {self._folder}")

    def must_fit(self, mutant: Mutant) -> None:
        """Raises ValueError if the mutant is not one of these sources, SyntaxError if it is no Python."""
        compile(mutant.applied_to(self._read(mutant)), mutant.file, "exec")

    @contextmanager
    def mutated(self, mutant: Mutant) -> Iterator[None]:
        """Within it the sources lack the mutant's safeguard."""
        source = self._read(mutant)
        path = self._folder / mutant.file
        path.write_text(mutant.applied_to(source))
        try:
            yield
        finally:
            path.write_text(source)

    def has_any(self, tests: Sequence[str], marker: str) -> bool:
        """Whether one of the tests has this marker. Raises RuntimeError if one does not exist."""
        found = self._python("-m", "pytest", "--collect-only", "-q", "-m", marker, *tests)
        if found.returncode not in (_PASSED, _NONE_COLLECTED):
            raise RuntimeError(f"cannot collect the tests:\n{found.stdout}{found.stderr}")
        return found.returncode == _PASSED

    def run(self, tests: Sequence[str], limit: float = HANGS) -> Run:
        """Run the tests up to the first that fails."""
        log = self._folder / "output.txt"
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        start = time.monotonic()
        with log.open("w") as output:
            process = subprocess.Popen(
                command,
                cwd=self._folder,
                env=self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            verdict = (
                Verdict.HUNG if _hangs(process, limit) else _VERDICTS.get(process.returncode, Verdict.NOT_RUN)
            )
        return Run(verdict, time.monotonic() - start, log.read_text(errors="replace"))

    def _read(self, mutant: Mutant) -> str:
        return (self._folder / mutant.file).read_text()

    def _python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self._folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


def _hangs(process: subprocess.Popen[bytes], limit: float) -> bool:
    """Wait for its end; if it does not come, end it, and what it has started."""
    try:
        process.wait(limit)
        return False
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_ENDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return True
    except BaseException:  # Ctrl-C
        process.send_signal(signal.SIGTERM)
        process.wait(_ENDS)
        raise
