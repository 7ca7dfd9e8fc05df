"""A private RabbitMQ node of Debian's rabbitmq-server package: own name, ports, cookie and data.

A test may stop or kill it; `start` again finds the same data on the same ports.
"""

import os
import subprocess
from pathlib import Path
from uuid import uuid4

from tests.servers.process import Process, accepts, free_port
from tests.waiting import until

# The package's own programs; those in /usr/sbin change to the user rabbitmq and know one node only.
_BIN = Path("/usr/lib/rabbitmq/bin")
_START_SECONDS = 90


def missing() -> str | None:
    """What must be installed, if something must."""
    return None if (_BIN / "rabbitmq-server").exists() else "RabbitMQ (Debian's package rabbitmq-server)"


class RabbitMQ:
    """A node with the management plugin."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.management_port = free_port(), free_port()
        self.name = f"trackflow-{uuid4().hex[:8]}@localhost"
        self._epmd_port, self._distribution_port = free_port(), free_port()
        self._epmd: Process | None = None
        self._node: Process | None = None
        self._write_configuration()

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    @property
    def management_url(self) -> str:
        """The HTTP API, which Flower's `--broker-api` wants."""
        return f"http://guest:guest@127.0.0.1:{self.management_port}/api/"

    def start(self) -> None:
        self._start_epmd()
        (self.folder / "pid").unlink(missing_ok=True)
        self._node = Process([_BIN / "rabbitmq-server"], self.folder / "node.log", self._environment)
        self._node.wait_until_ready(self._has_started, _START_SECONDS, "RabbitMQ")

    def stop(self) -> None:
        """As an administrator does it."""
        if self._node is not None:
            self._node.stop()
        if self._epmd is not None:
            self._epmd.stop()
        self._node = self._epmd = None

    def kill(self) -> None:
        """As a power cut does it."""
        if self._node is not None:
            self._node.kill()
            until(lambda: not accepts(self.port), 10, "the killed node's port is closed")

    def ctl(self, *arguments: str) -> str:
        """What `rabbitmqctl` prints. Raises CalledProcessError."""
        return self._ctl(*arguments, check=True).stdout

    def _ctl(self, *arguments: str, check: bool) -> "subprocess.CompletedProcess[str]":
        command = [_BIN / "rabbitmqctl", "--quiet", *arguments]
        env = {**os.environ, **self._environment}
        return subprocess.run(command, env=env, check=check, capture_output=True, text=True, timeout=60)

    def _start_epmd(self) -> None:
        """Erlang's port mapper. A node would start one that nobody stops, so it gets one of its own."""
        if self._epmd is None:
            command = ["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"]
            self._epmd = Process(command, self.folder / "epmd.log")
            self._epmd.wait_until_ready(lambda: accepts(self._epmd_port), 10, "epmd")

    def _has_started(self) -> bool:
        # The pid is written and the port is open before plugins and queues are ready.
        if not (self.folder / "pid").exists() or not accepts(self.port):
            return False
        return self._ctl("await_startup", "--timeout", "50", check=False).returncode == 0

    def _write_configuration(self) -> None:
        for name in ("data", "log", "home"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
        (self.folder / "env.conf").touch()
        (self.folder / "rabbitmq.conf").write_text(
            f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {self.management_port}\n"
        )

    @property
    def _environment(self) -> dict[str, str]:
        folder = self.folder
        return {
            "HOME": str(folder / "home"),  # the Erlang cookie lies there
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "env.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        }
