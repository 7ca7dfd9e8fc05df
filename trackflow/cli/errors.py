"""The seam between errors and the person at the terminal: one line on stderr, exit code 1, no traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from amqp.exceptions import AMQPError
from celery import Celery
from kombu import Connection
from kombu.exceptions import OperationalError

from trackflow.errors import TrackflowError
from trackflow.urls import masked, said

# What a broker, or its absence, raises through Kombu and py-amqp once a connection was made.
_BROKER_ERRORS = (OperationalError, AMQPError)
_SECONDS = 5  # for a connection to the broker; a person waits


class Failure(click.ClickException):
    """It did not work, and this line says why."""

    def __init__(self, message: str) -> None:
        super().__init__(masked(" ".join(message.split())))


@contextmanager
def in_one_line(ctx: click.Context) -> Iterator[None]:
    """Turn what a user can cause into a `Failure`. A bug of ours keeps its traceback."""
    try:
        yield
    except TrackflowError as exc:
        raise Failure(str(exc)) from exc
    except _BROKER_ERRORS as exc:
        raise broker_failure(ctx.obj.app, exc) from exc


@contextmanager
def broker(app: Celery) -> Iterator[Connection]:
    """A connection to the app's broker, made at once or not at all. Raises Failure."""
    connection = app.connection_for_write(connect_timeout=_SECONDS)
    try:
        # Each node of a cluster, but no retry: whoever types a command would rather hear that all are away.
        connection.ensure_connection(max_retries=max(len(connection.alt) - 1, 0), timeout=_SECONDS)
    except (*_BROKER_ERRORS, OSError) as exc:
        raise broker_failure(app, exc) from exc
    with connection:
        yield connection


def broker_failure(app: Celery, error: Exception) -> Failure:
    """The broker by its address, and what it said."""
    return Failure(f"broker {app.connection_for_write().as_uri()}: {said(error)}")
