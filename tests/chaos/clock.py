"""The time of day of workers and ledger, which an administrator may set back.

It is only ever set back and never forward again: a lease is measured by the ledger's clock, and that a clock
goes forward faster than time does is more than the tracker promises to survive.
"""

from __future__ import annotations

import mmap
import shutil
import subprocess
from pathlib import Path

_SOURCE = Path(__file__).with_name("clock.c")


def missing() -> str | None:
    """What must be installed, if something must."""
    return None if shutil.which("cc") else "a C compiler (Debian's packages gcc and libc6-dev)"


class Clock:
    """Shared by every process that is started with `environment`."""

    def __init__(self, folder: Path) -> None:
        self._library = folder / "clock.so"
        self._file = folder / "clock"
        self._file.write_bytes(bytes(mmap.PAGESIZE))
        self._file.chmod(0o644)  # PostgreSQL runs as a user of its own
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", self._library, _SOURCE], check=True)
        self.behind = 0

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self._library), "CHAOS_CLOCK": str(self._file)}

    def set_back(self, seconds: int) -> None:
        self.behind += seconds
        with self._file.open("r+b") as file:
            file.write(self.behind.to_bytes(8, "little"))
