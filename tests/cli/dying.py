"""`celery …` that kills itself before it calls a method of an AMQP channel for the n-th time.

    python -m tests.cli.dying queue_delete 3 -A tasks track deploy --migrate --yes

Calls are counted from when the migration takes its lock: what comes before changes nothing.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from amqp import Channel
from celery.__main__ import main

LOCK = ".migration.lock"


def die_before(method: str, nth: int) -> None:
    """From now on. Methods that are a chain of others, as queue_declare is, count once."""
    declare, call = Channel.queue_declare, getattr(Channel, method)
    state = {"locked": False, "calls": 0}

    def queue_declare(self: Any, queue: str = "", **kwargs: Any) -> Any:
        state["locked"] |= queue.endswith(LOCK)
        return declare(self, queue, **kwargs)

    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        state["calls"] += state["locked"]
        if state["calls"] == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(self, *args, **kwargs)

    Channel.queue_declare = queue_declare  # type: ignore[method-assign]
    setattr(Channel, method, counted)


if __name__ == "__main__":
    _, method, nth, *arguments = sys.argv
    die_before(method, int(nth))
    sys.argv = ["celery", *arguments]
    main()
