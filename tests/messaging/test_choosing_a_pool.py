"""Which pool a worker gets: the command line's, else that of its queues."""

import os
from types import SimpleNamespace

import click
import pytest
from celery import Celery
from celery.bin.worker import worker as worker_command
from celery.concurrency import get_implementation

from trackflow import Choreography, Subscription
from trackflow.messaging.pools import choose_pool

TABLE = Choreography(
    {"E": "key"},
    (
        Subscription("mail", ("E",)),
        Subscription("render", ("E",), pool="prefork", concurrency=2),
        Subscription("tracker", ("E",), concurrency=16),
    ),
)


def chosen(queues: list[str], *options: str) -> SimpleNamespace:
    """The worker of `celery worker options` on these queues."""
    consumed = {name: SimpleNamespace(task=name) for name in queues}
    worker = SimpleNamespace(
        app=SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from=consumed))),
        pool_cls="Celery's",
        concurrency="Celery's",
        hostname="celery@host",
    )
    # Celery's own options of these names, and what a starting worker does with them.
    params = [param for param in worker_command.params if param.name in ("pool", "concurrency", "hostname")]
    command = click.Command("worker", params=params, callback=lambda **_: choose_pool(worker, TABLE))
    command.main(
        list(options),
        standalone_mode=False,
        auto_envvar_prefix="CELERY_WORKER",
        obj=SimpleNamespace(app=Celery(set_as_current=False)),
    )
    return worker


@pytest.mark.parametrize(
    ("queues", "pool", "concurrency"),
    [
        (["mail"], "threads", 4),
        (["render"], "prefork", 2),
        (["mail", "render"], "threads", 6),
        (["mail", "tracker"], "threads", 20),
    ],
)
def test_pool_and_width_are_those_of_the_queues(queues: list[str], pool: str, concurrency: int) -> None:
    worker = chosen(queues)
    assert worker.pool_cls is get_implementation(pool)
    assert worker.concurrency == concurrency


def test_the_name_says_the_queues_and_is_one_processs_alone() -> None:
    assert chosen(["mail"]).hostname == f"mail-{os.getpid()}@host"
    assert chosen(["mail", "render"]).hostname == f"mail+render-{os.getpid()}@host"
    assert chosen(["mail"], "-n", "mine@%h").hostname == "celery@host"  # Celery has applied -n before


def test_the_command_line_has_the_last_word() -> None:
    worker = chosen(["mail"], "--pool", "prefork", "--concurrency", "7")
    assert (worker.pool_cls, worker.concurrency) == ("Celery's", "Celery's")


def test_so_has_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELERY_WORKER_POOL", "solo")
    worker = chosen(["mail"])
    assert (worker.pool_cls, worker.concurrency) == ("Celery's", 4)


def test_a_worker_of_other_queues_is_left_alone() -> None:
    worker = chosen(["somebody else's"])
    assert (worker.pool_cls, worker.concurrency) == ("Celery's", "Celery's")


def test_a_worker_without_a_command_line_is_left_alone() -> None:
    worker = SimpleNamespace(pool_cls="the test's")
    choose_pool(worker, TABLE)
    assert worker.pool_cls == "the test's"
