"""Which pool a worker uses, how wide, and under which name, when the command line does not say.

`worker_pool` and `worker_concurrency` hold for a whole Celery app, but the right values differ by queue. So
they stand in the choreography's table, and are applied as soon as a worker knows its queues.

Celery calls every worker of a host `celery@host`, and since 5.7 the second of one name ends at once: the
first holds its control queue. So the name says the queues, and which process.
"""

from __future__ import annotations

import os
from typing import Any

import click
from celery import concurrency
from click.core import ParameterSource

from trackflow.messaging.choreography import Choreography

_SAID = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)


def choose_pool(worker: Any, choreography: Choreography) -> None:
    """Set pool, concurrency and name of a starting worker (`celery.signals.worker_init`).

    A worker of several queues takes the sum of their concurrencies, and threads unless all want another pool.
    """
    context = click.get_current_context(silent=True)
    if context is None or "pool" not in context.params:  # not `celery worker`: whoever made it has chosen
        return
    queues = worker.app.amqp.queues.consume_from.values()
    tasks = {getattr(queue, "task", None) for queue in queues}
    ours = [subscription for subscription in choreography.subscriptions if subscription.name in tasks]
    if not ours:
        return
    if context.get_parameter_source("pool") not in _SAID:
        pools = {subscription.pool for subscription in ours}
        worker.pool_cls = concurrency.get_implementation(pools.pop() if len(pools) == 1 else "threads")
    if context.get_parameter_source("concurrency") not in _SAID:
        worker.concurrency = sum(subscription.concurrency for subscription in ours)
    if context.get_parameter_source("hostname") not in _SAID:
        host = worker.hostname.rpartition("@")[2]
        worker.hostname = f"{'+'.join(each.name for each in ours)}-{os.getpid()}@{host}"
