"""The plug-in as a person calls it: `celery -A tasks track …` in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest
from celery import Celery

from tests.cli.calling import CHECKOUT, celery


@pytest.mark.parametrize(
    ("variable", "value", "shown"),
    [
        ("AMQP_URL", "ampq://guest:secret@localhost//", "ampq://guest:***@localhost//"),
        ("TENANT", "amq.showcase", "amq.showcase"),
        ("ENGINE_URL", "ftp://demo:secret@localhost", "ftp://demo:***@localhost"),
        ("LEDGER_URL", "mysql://root:secret@localhost/x", "mysql://root:***@localhost/x"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value_in_one_line(variable, value, shown):
    result = celery("track", "list", **{variable: value})

    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"{variable}={shown!r}: ")
    assert result.stderr.count("\n") == 1


def test_a_verb_that_does_not_exist_is_wrong_usage():
    result = celery("track", "emti")

    assert result.returncode == 2
    assert "No such command 'emti'" in result.stderr


def test_help_names_every_verb():
    result = celery("track", "--help")

    assert result.returncode == 0
    assert all(verb in result.stdout for verb in ("demo", "deploy", "check", "emit", "list", "show"))


def test_an_app_without_trackflow_is_told_so(track):
    result = track(Celery("plain", set_as_current=False), "list")

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: the Celery app 'plain' has no Trackflow")
    assert result.stderr.count("\n") == 1


def test_a_worker_does_not_load_what_only_the_verbs_need():
    # Celery imports its plug-ins at each start.
    loaded = "import sys, trackflow.cli; print({'rich', 'sqlalchemy', 'lxml'} & set(sys.modules))"

    result = subprocess.run(
        [sys.executable, "-c", loaded], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )

    assert result.stdout == "set()\n"
