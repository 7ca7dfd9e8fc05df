"""How a worker ends: running work may finish, but not for ever.

| signal                | what becomes of the worker                                                        |
|-----------------------|-----------------------------------------------------------------------------------|
| TERM, the first INT   | takes no more; ends when what runs has finished, or by force after LONGEST         |
| the second INT, QUIT  | ends by force, at once                                                            |
| another TERM          | nothing new: service managers send it to a whole group, and again to its leader    |

By force: the pool's processes are killed and this one ends, so the broker sees the connections closed and
gives everything unacked to others. What was published or settled stays; an event that was cut off runs again,
and emits the same ids. Celery itself waits without end for a service that hangs, and cannot end a pool of
threads (its `terminate_job` raises NotImplementedError).
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from billiard import active_children
from billiard import pool as billiard_pool
from celery import bootsteps, signals
from celery.platforms import EX_FAILURE, EX_OK
from celery.worker import state

logger = logging.getLogger(__name__)

# Seconds that running work may take to finish: less than the 30 after which Kubernetes kills. The setting
# `worker_soft_shutdown_timeout`, if there is one, counts instead.
LONGEST = 20

# Tenths of a second. A forked process that ends waits, 30 s by default, until its parent has taken note of
# every result. The parent never does if it had dropped the event when it closed (AsynPool.flush).
_RESULTS_NOTED = 20


class Ending(bootsteps.StartStopStep):
    """The step of Celery's worker that watches over its end."""

    requires = ("celery.worker.components:Pool",)  # so no process of the pool is forked beside our thread

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self._longest = worker.app.conf.worker_soft_shutdown_timeout or LONGEST
        # Unlike a lock's, its methods may be called in a signal handler that has interrupted another one.
        self._asked: SimpleQueue[float] = SimpleQueue()
        self._interrupted = False
        billiard_pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_LIMIT = _RESULTS_NOTED

    def start(self, worker: Any) -> None:
        """Celery's own handlers are installed by now."""
        if threading.current_thread() is not threading.main_thread():
            return  # the process is more than a worker, and not ours to end
        threading.Thread(target=self._watch, name="ending", daemon=True).start()
        signal.signal(signal.SIGQUIT, self._end_at_once)
        signals.worker_shutting_down.connect(self._signalled, weak=False)

    def close(self, worker: Any) -> None:
        """The worker ends, for whatever reason; `celery control shutdown` is no signal."""
        self._asked.put(self._longest)

    def stop(self, worker: Any) -> None:
        """What ran has finished. Celery calls the end by one Ctrl-C a failure."""
        if self._interrupted:
            worker.exitcode = EX_OK

    def _signalled(self, sig: str, **_: Any) -> None:
        # In the handler, since the main thread may be within a service (the pool "solo").
        self._asked.put(self._longest)
        if sig == "SIGINT":
            self._interrupted = True
            signal.signal(signal.SIGINT, self._end_at_once)

    def _end_at_once(self, *_: Any) -> None:
        self._asked.put(0)

    def _watch(self) -> None:
        longest = self._asked.get()
        deadline = time.monotonic() + longest
        while (left := deadline - time.monotonic()) > 0:
            try:
                deadline = min(deadline, time.monotonic() + self._asked.get(timeout=left))
            except Empty:
                break
        _end_by_force()


def _end_by_force() -> None:
    try:
        # Not in this thread: a service may hang within a log, and hold its lock.
        words = threading.Thread(target=_log_what_is_cut_off, daemon=True)
        words.start()
        words.join(timeout=1)
        # One that was forked late has inherited the connection to the broker, and would keep it open.
        for pid in [child.pid for child in active_children() if child.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    finally:
        # Not 0: a service did not end in time, or was not let, and somebody may want to know. A service
        # manager that has asked for the end does not start it again for this.
        os._exit(EX_FAILURE)


def _log_what_is_cut_off() -> None:
    running = [each for each in list(state.requests.values()) if each.time_start and not each.acknowledged]
    events = ", ".join(f"{each.name}: {each.argsrepr}, id {_event_id(each)}" for each in running)
    logger.warning("ended by force; the broker gives to others what ran here: %s", events or "nothing")


def _event_id(request: Any) -> str:
    return str(request.request_dict["headers"]["trackflow"]["event"].id)
