"""A private RabbitMQ node of Debian's rabbitmq-server package: own name, ports, cookie and data.

A test may stop or kill it; `start` again finds the same data on the same ports. Several can form a cluster.
"""

import json
import os
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from tests.servers.process import Process, accepts, free_port
from tests.waiting import until

# The package's own programs; those in /usr/sbin change to the user rabbitmq and know one node only.
_BIN = Path("/usr/lib/rabbitmq/bin")
_START_SECONDS = 300  # far more than it takes
_CLUSTER_SECONDS = 240  # several at a time, which wait for each other


def missing() -> str | None:
    """What must be installed, if something must."""
    return None if (_BIN / "rabbitmq-server").exists() else "RabbitMQ (Debian's package rabbitmq-server)"


class Epmd:
    """Erlang's port mapper, and the cookie: what nodes share that can find each other.

    A node would start a port mapper that nobody stops, so it gets one of its own.
    """

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"  # the cookie lies there
        self.port = free_port()
        self._folder = folder
        self._process: Process | None = None
        self.home.mkdir(parents=True, exist_ok=True)
        cookie = self.home / ".erlang.cookie"
        with suppress(FileExistsError):
            cookie.touch(mode=0o600, exist_ok=False)
            cookie.write_text(uuid4().hex)

    def start(self) -> None:
        if self._process is None:
            command = ["epmd", "-port", str(self.port), "-address", "127.0.0.1"]
            self._process = Process(command, self._folder / "epmd.log")
            self._process.wait_until_ready(lambda: accepts(self.port), 10, "epmd")

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None


class RabbitMQ:
    """A node with the management plugin, or one of a cluster without it: that starts sooner."""

    def __init__(self, folder: Path, cluster: "Cluster | None" = None) -> None:
        self.folder = folder
        self.port, self.management_port = free_port(), free_port()
        self.name = f"trackflow-{uuid4().hex[:8]}@localhost"
        self._distribution_port = free_port()
        self._cluster = cluster
        self._epmd = cluster.epmd if cluster else Epmd(folder)
        self._node: Process | None = None

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    @property
    def management_url(self) -> str:
        """The HTTP API, which Flower's `--broker-api` wants."""
        return f"http://guest:guest@127.0.0.1:{self.management_port}/api/"

    @property
    def alive(self) -> bool:
        return self._node is not None

    def start(self) -> None:
        self._write_configuration()
        self._epmd.start()
        (self.folder / "pid").unlink(missing_ok=True)
        self._node = Process([_BIN / "rabbitmq-server"], self.folder / "node.log", self._environment)
        seconds = _CLUSTER_SECONDS if self._cluster else _START_SECONDS
        self._node.wait_until_ready(self._has_started, seconds, "RabbitMQ")

    def stop(self) -> None:
        """As an administrator does it."""
        if self._node is not None:
            self._node.stop()
            self._node = None
        if self._cluster is None:
            self._epmd.stop()

    def kill(self) -> None:
        """As a power cut does it."""
        if self._node is not None:
            self._node.kill()
            self._node = None
            until(lambda: not accepts(self.port), 10, "the killed node's port is closed")

    def sync(self) -> None:
        """Write the names of new queues to the disk: one killed in their first seconds cannot revive them.

        It is a known weakness of RabbitMQ 3 (its own doing is every few minutes), and not what we try.
        """
        self.ctl("eval", "[dets:sync(Table) || Table <- dets:all()].")

    def ctl(self, *arguments: str) -> str:
        """What `rabbitmqctl` prints. Raises CalledProcessError."""
        return self._ctl(*arguments, check=True).stdout

    def _ctl(self, *arguments: str, check: bool) -> "subprocess.CompletedProcess[str]":
        command = [_BIN / "rabbitmqctl", "--quiet", *arguments]
        env = {**os.environ, **self._environment}
        return subprocess.run(command, env=env, check=check, capture_output=True, text=True, timeout=120)

    def _has_started(self) -> bool:
        # The pid is written and the port is open before plugins and queues are ready.
        if not (self.folder / "pid").exists() or not accepts(self.port):
            return False
        return self._ctl("await_startup", "--timeout", "50", check=False).returncode == 0

    def _write_configuration(self) -> None:
        for name in ("data", "log"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "env.conf").touch()
        plugins, lines = "[]", self._cluster.configuration if self._cluster else ()
        if self._cluster is None:
            plugins = "[rabbitmq_management]"
            lines = ("management.tcp.ip = 127.0.0.1", f"management.tcp.port = {self.management_port}")
        (self.folder / "enabled_plugins").write_text(f"{plugins}.\n")
        (self.folder / "rabbitmq.conf").write_text("".join(f"{line}\n" for line in lines))

    @property
    def _environment(self) -> dict[str, str]:
        folder = self.folder
        return {
            "HOME": str(self._epmd.home),
            "ERL_EPMD_PORT": str(self._epmd.port),
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


class Cluster:
    """Nodes on this machine that are one broker. A quorum queue has a member on each of up to five."""

    def __init__(self, folder: Path, size: int = 3) -> None:
        self.epmd = Epmd(folder)
        self.nodes = [RabbitMQ(folder / f"node-{number}", self) for number in range(size)]

    @property
    def url(self) -> str:
        """The URLs of all nodes, as `AMQP_URL` takes them."""
        return ";".join(node.url for node in self.nodes)

    @property
    def configuration(self) -> Sequence[str]:
        """How the nodes find each other at their first start."""
        return (
            "cluster_formation.peer_discovery_backend = classic_config",
            *(
                f"cluster_formation.classic_config.nodes.{number} = {node.name}"
                for number, node in enumerate(self.nodes, 1)
            ),
        )

    def start(self) -> None:
        self.epmd.start()
        with ThreadPoolExecutor() as starting:
            for started in [starting.submit(node.start) for node in self.nodes]:
                started.result()

    def stop(self) -> None:
        with ThreadPoolExecutor() as stopping:
            for stopped in [stopping.submit(node.stop) for node in self.nodes]:
                stopped.result()
        self.epmd.stop()

    def running(self) -> set[str]:
        """The names of the nodes that are up and in the cluster, asked of one that is."""
        node = next(node for node in self.nodes if node.alive)
        answer = json.loads(node.ctl("cluster_status", "--formatter", "json"))
        return set(answer["running_nodes"])
