"""The board as a user starts it, and when it shows everything."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
import sqlalchemy as sa
import urllib3

from bench.system import ROOT, cpu
from tests.servers.process import free_port
from tests.waiting import until
from trackflow.projection.tables import projectors
from trackflow.tracking.tables import cases

_START = 120  # seconds; far more than it takes
_HOURS = 6 * 3600


@dataclass(frozen=True)
class Board:
    """A running board."""

    url: str
    process: psutil.Process

    def cpu(self) -> float:
        """Seconds that it has used."""
        return cpu(self.process)

    def megabytes(self) -> float:
        """Resident."""
        return self.process.memory_info().rss / 1e6


@contextmanager
def board(settings: Mapping[str, str]) -> Iterator[Board]:
    """`celery -A tasks track board`, while the block runs."""
    port = free_port()
    command = (
        sys.executable,
        "-m",
        "celery",
        "--quiet",
        "-A",
        "tasks",
        "track",
        "board",
        "--port",
        str(port),
    )
    process = subprocess.Popen(command, cwd=ROOT, env=dict(settings))
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: _answers(url) or process.poll() is not None, _START, "the board answers")
        yield Board(url, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait(60)


def caught_up(ledger_url: str, tenant: str) -> float:
    """Wait until the projection shows every order; the seconds that it took."""
    database = sa.create_engine(ledger_url)
    unshown = (
        sa.select(cases.c.business_key).where(cases.c.tenant == tenant, cases.c.unshown.is_not(None)).limit(1)
    )
    reached = sa.select(projectors.c.reached_at).where(projectors.c.tenant == tenant)

    def is_done() -> bool:
        time.sleep(0.2)
        with database.connect() as connection:
            return connection.scalar(reached) is not None and connection.scalar(unshown) is None

    began = time.perf_counter()
    until(is_done, _HOURS, "the projection has caught up")
    database.dispose()
    return time.perf_counter() - began


def _answers(url: str) -> bool:
    try:
        return urllib3.request("GET", f"{url}/", redirect=False, retries=False).status < 500
    except urllib3.exceptions.HTTPError:
        return False
