"""A BPMN engine of deploy/engine, with a database of its own in memory."""

import shutil
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.error import URLError

from tests.servers.process import Process, free_port

FAMILIES = ("operaton", "camunda")
_DEPLOY = Path(__file__).parents[2] / "deploy" / "engine"
_START_SECONDS = 300  # far more than it takes
# Small and quick to start; what tests ask for is answers, not speed.
_SMALL = ("-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


def missing(family: str) -> str | None:
    """What must be installed or built, if something must."""
    if shutil.which("java") is None:
        return "Java 17 or newer (Debian's package openjdk-17-jre-headless)"
    profile = "" if family == "operaton" else f" -P {family}"
    build = f"mvn -f deploy/engine/pom.xml{profile} package"
    return None if jar(family).exists() else f"{jar(family).name} (`{build}`)"


class Engine:
    """A running engine. `settings` are environment variables of deploy/engine, `java` Java's options."""

    def __init__(
        self,
        folder: Path,
        family: str,
        settings: Mapping[str, str] | None = None,
        java: Sequence[str] = _SMALL,
    ) -> None:
        self.folder = folder
        self.family = family
        self.port = free_port()
        self._settings = settings or {}
        self._java = java
        self._process: Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/engine-rest"

    def start(self) -> None:
        environment = {"SERVER_PORT": str(self.port), **self._settings}
        command = ["java", *self._java, "-jar", jar(self.family)]
        self._process = Process(command, self.folder / f"{self.family}.log", environment)
        self._process.wait_until_ready(self._is_ready, _START_SECONDS, f"the engine ({self.family})")

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None

    def kill(self) -> None:
        """As a power cut does it. What its database has stays there for the next start."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def _is_ready(self) -> bool:
        try:
            # The one page that needs no password.
            with urllib.request.urlopen(f"{self.url}/engine", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


def jar(family: str) -> Path:
    """What `make engine` built."""
    return _DEPLOY / "target" / family / f"engine-{family}.jar"
