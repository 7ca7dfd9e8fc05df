"""A server's process: started in a group of its own, so that all of it can be stopped by that group."""

import contextlib
import os
import random
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.waiting import until


class Process:
    """A running server whose output goes to a file."""

    def __init__(
        self, command: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self._log = log
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **(env or {})},
                cwd=log.parent,
                start_new_session=True,  # Ctrl-C at the tests is not for the server: the tests stop it
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    def wait_until_ready(self, ready: Callable[[], object], seconds: float, what: str) -> None:
        """Raises RuntimeError with the end of the log if the server ends or is not ready in time."""

        def ready_or_ended() -> object:
            if self._popen.poll() is not None:
                raise RuntimeError(f"{what} ended with {self._popen.returncode}:\n{self.log_end()}")
            return ready()

        try:
            until(ready_or_ended, seconds, f"{what} is ready")
        except TimeoutError as exc:
            raise RuntimeError(f"{exc}\n{self.log_end()}") from exc

    def stop(self, stop_signal: signal.Signals = signal.SIGTERM, seconds: float = 20) -> None:
        """Ends the server, and whatever it started and left behind."""
        if self._popen.poll() is None:
            self._popen.send_signal(stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(seconds)
        self.kill()

    def kill(self) -> None:
        """As a power cut does it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()

    def log_end(self) -> str:
        return self._log.read_text(errors="replace")[-3000:]


def free_port() -> int:
    """A port that nobody listens on now. If another program takes it first, our start fails loudly.

    None of those that the system gives to clients (from 32768): one that tries to reach a server while that
    is restarted can be given that very port, is then connected to itself, and the server cannot come back.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def accepts(port: int) -> bool:
    """Whether something on this machine listens on the port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
