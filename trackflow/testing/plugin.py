"""The pytest plugin: fixtures for tests of models and services, and the coverage of models.

pytest imports this module in every session of an environment that has Trackflow, so it imports nothing of
ours: what a fixture needs is imported when a test asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from trackflow.testing.bench import Bench
    from trackflow.testing.clock import Time
    from trackflow.testing.coverage import Coverage
    from trackflow.testing.coverage_report import Line
    from trackflow.testing.project import Project
    from trackflow.testing.services import Services
    from trackflow.testing.stage import Expect, Given, Stage, UseModels

_coverage: pytest.StashKey[Coverage] = pytest.StashKey()
_lines: pytest.StashKey[list[Line]] = pytest.StashKey()
_WORKER = "trackflow_coverage"  # in what a pytest-xdist worker hands to its controller


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the coverage, and where the project is."""
    group = parser.getgroup("trackflow", "coverage of BPMN models")
    group.addoption(
        "--bpmn-cov",
        action="store_true",
        help="say which elements and sequence flows of the models the tests never took",
    )
    group.addoption(
        "--bpmn-cov-svg",
        metavar="DIR",
        help="draw each model into DIR, coloured by what the tests took; implies --bpmn-cov",
    )
    group.addoption(
        "--bpmn-cov-fail-under",
        metavar="PERCENT",
        type=_percent,
        help="fail if less than PERCENT of all elements and flows were taken; implies --bpmn-cov",
    )
    parser.addini("trackflow_app", "the Celery app, as `celery -A` takes it (default: the environment's APP)")
    parser.addini("trackflow_models", "a BPMN file or folder (default: the app's; without an app `bpmn`)")


def pytest_configure(config: pytest.Config) -> None:
    """Count, if any option wants to know."""
    options = ("bpmn_cov", "bpmn_cov_svg", "bpmn_cov_fail_under")
    if any(config.getoption(option) not in (None, False) for option in options):
        from trackflow.testing.coverage import Coverage

        config.stash[_coverage] = Coverage()


# ---- fixtures ----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _trackflow_project(pytestconfig: pytest.Config) -> Project:
    from trackflow.testing.project import Project

    app, models = pytestconfig.getini("trackflow_app"), pytestconfig.getini("trackflow_models")
    return Project(app or None, models or None, pytestconfig.rootpath)


@pytest.fixture
def _trackflow_stage(_trackflow_project: Project, pytestconfig: pytest.Config) -> Iterator[Stage]:
    from trackflow.testing.stage import Stage

    stage = Stage(_trackflow_project, lambda bench: _count(pytestconfig, bench))
    yield stage
    stage.close()


@pytest.fixture
def given(_trackflow_stage: Stage) -> Given:
    """`given("Order_Placed", key="4711", payload={…})`: a new order with its first event."""
    return _trackflow_stage.given


@pytest.fixture
def expect() -> Expect:
    """`expect(order).awaits("Payment_Done")`: or the test fails, and says where the order is instead."""
    from trackflow.testing.expectations import Expectation

    return Expectation


@pytest.fixture
def time(_trackflow_stage: Stage) -> Time:
    """`time.passes("PT2H")`: the test's clock, which moves only then; timers fire."""
    return _trackflow_stage.time


@pytest.fixture
def model(_trackflow_stage: Stage) -> UseModels:
    """`model("bpmn/claim.bpmn")`: run this model in this test instead of the project's."""
    return _trackflow_stage.use_models


@pytest.fixture
def services(_trackflow_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Services:
    """With it the app's services run, too: an event runs everything that follows from it."""
    return _trackflow_stage.run_services(monkeypatch)


# ---- coverage ----------------------------------------------------------------------------------------


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands over what it counted; otherwise too little of it fails the session."""
    config = session.config
    coverage = config.stash.get(_coverage, None)
    if coverage is None:
        return
    if hasattr(config, "workeroutput"):
        config.workeroutput[_WORKER] = coverage.as_data()
        return
    from trackflow.testing.coverage_report import report

    folder = config.getoption("bpmn_cov_svg")
    made = report(coverage, Path(folder) if folder else None, config.getoption("bpmn_cov_fail_under"))
    config.stash[_lines] = made.lines
    if made.failed and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker of pytest-xdist has ended: add what it has counted."""
    coverage = node.config.stash.get(_coverage, None)
    if coverage is not None:  # a worker that crashed hands over nothing
        coverage.merge(getattr(node, "workeroutput", {}).get(_WORKER, []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table, and where the diagrams are."""
    if (lines := config.stash.get(_lines, None)) is not None:
        terminalreporter.section("coverage of BPMN models")
        for line in lines:
            terminalreporter.write_line(line.text, **line.markup)


def _count(config: pytest.Config, bench: Bench) -> None:
    if (coverage := config.stash.get(_coverage, None)) is not None:
        coverage.add(bench)


def _percent(text: str) -> float:
    from argparse import ArgumentTypeError

    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise ArgumentTypeError(f"{text!r} should be a number from 0 to 100")
    return value
