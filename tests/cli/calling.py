"""Calls the command line as a person does, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
SETTINGS = ("AMQP_URL", "TENANT", "ENGINE_URL", "LEDGER_URL")


def celery(*args: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """`celery -A tasks …` with these settings, and none of the environment's."""
    return python("celery", "-A", "tasks", *args, **settings)


def python(module: str, *args: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """`python -m module …`, likewise."""
    environment = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    return subprocess.run(
        [sys.executable, "-m", module, *args],
        cwd=CHECKOUT,
        env={**environment, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
