"""A private PostgreSQL cluster of the newest version that is installed under Debian's paths."""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.servers.process import Process, free_port

_PACKAGES = Path("/usr/lib/postgresql")
_START_SECONDS = 120  # far more than it takes


def missing() -> str | None:
    """What must be installed, if something must."""
    return None if _versions() else "PostgreSQL (Debian's package postgresql)"


class PostgreSQL:
    """A cluster that trusts whoever reaches its port on the loopback address.

    The server refuses to run as root, so root becomes `postgres`, the user of Debian's package, whom the
    folder must let in.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self._environment = environment
        self._process: Process | None = None

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        data = self.folder / "data"
        if not data.exists():
            self._make(data)
        address = ("-p", str(self.port), "-h", "127.0.0.1", "-k", self.folder)
        command = [*_as_postgres(), _bin() / "postgres", "-D", data, *address]
        self._process = Process(command, self.folder / "server.log", self._environment)
        self._process.wait_until_ready(self._is_ready, _START_SECONDS, "PostgreSQL")

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop(signal.SIGINT)  # the server's "fast": connections are closed
            self._process = None

    def crash(self) -> None:
        """The server's "immediate": no goodbye, and the next start recovers from its log."""
        if self._process is not None:
            self._process.stop(signal.SIGQUIT)
            self._process = None

    def _make(self, data: Path) -> None:
        if _is_root():
            shutil.chown(self.folder, "postgres")
        options = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")
        command = [*_as_postgres(), _bin() / "initdb", "-D", data, *options]
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder)

    def _is_ready(self) -> bool:
        address = ("-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres")
        return subprocess.run([_bin() / "pg_isready", "--quiet", *address], check=False).returncode == 0


def _versions() -> list[Path]:
    found = _PACKAGES.glob("*/bin/postgres")
    return sorted((path.parent for path in found), key=lambda path: float(path.parent.name))


def _bin() -> Path:
    return _versions()[-1]


def _is_root() -> bool:
    return os.geteuid() == 0


def _as_postgres() -> Sequence[str]:
    if not _is_root():
        return ()
    user = pwd.getpwnam("postgres")
    return ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--")
