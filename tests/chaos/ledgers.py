"""The ledger's database on SQLite or PostgreSQL, with what can happen to it."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.servers import postgresql

_DISK = "512m"  # in memory; ten thousand orders take a tenth of it
_PIECE = bytes(1 << 20)


class SqliteLedger:
    """A file, where possible on a disk of its own, so that the disk can be full."""

    def __init__(self, folder: Path) -> None:
        self._disk = folder / "disk"
        self._disk.mkdir()
        self._ballast = self._disk / "ballast"
        self.has_own_disk = False

    @property
    def url(self) -> str:
        return f"sqlite:///{self._disk / 'ledger.db'}"

    def start(self) -> None:
        """Only root may mount a disk; elsewhere it cannot be full."""
        mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "chaos", str(self._disk)]
        with contextlib.suppress(OSError):
            self.has_own_disk = subprocess.run(mount, check=False, capture_output=True).returncode == 0

    def stop(self) -> None:
        if self.has_own_disk:
            for file in self._disk.glob("ledger.db*"):  # it may be asked why the run was red
                shutil.copy(file, self._disk.parent)
            subprocess.run(["umount", "--lazy", self._disk], check=False)
            self.has_own_disk = False

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Not a byte is left."""
        try:
            with contextlib.suppress(OSError), self._ballast.open("wb", buffering=0) as file:
                while file.write(_PIECE) > 0:
                    pass
            yield
        finally:
            self._ballast.unlink()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Another program writes, and takes its time."""
        connection = sqlite3.connect(self._disk / "ledger.db", timeout=120, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield
        finally:
            connection.close()


class PostgresLedger:
    """A cluster of its own."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        folder.mkdir()
        self._cluster = postgresql.PostgreSQL(folder, environment)

    @property
    def url(self) -> str:
        return self._cluster.url

    def start(self) -> None:
        self._cluster.start()

    def stop(self) -> None:
        self._cluster.stop()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Stopped without a goodbye ("immediate"); when it is back it recovers from its log."""
        self._cluster.crash()
        try:
            yield
        finally:
            self._cluster.start()
