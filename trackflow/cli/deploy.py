"""`deploy`: makes broker and engine ready for the choreography, and says what that changed."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click
from kombu import Connection

from trackflow.bpmn.lint import Finding
from trackflow.cli import earlier
from trackflow.cli.console import as_json_option, print_json
from trackflow.cli.deployed import AtBroker, Plan, deployed_as_json, print_deployed
from trackflow.cli.errors import Failure, broker
from trackflow.cli.lint import finding_as_json
from trackflow.cli.linting import errors, lint_models, place
from trackflow.cli.project import pass_trackflow
from trackflow.extension import Trackflow
from trackflow.upkeep.migration import migrate
from trackflow.upkeep.migration_plan import plan
from trackflow.upkeep.topology import declare, left_by_migration


@click.command("deploy")
@click.option("--migrate", "migrates", is_flag=True, help="Replace queues that differ; keeps their messages.")
@click.option("--yes", is_flag=True, help="Do not ask before that.")
@as_json_option
@pass_trackflow
def deploy_command(trackflow: Trackflow, migrates: bool, yes: bool, as_json: bool) -> None:
    """Declare exchange, queues and bindings, and deploy the models.

    A model that surely does not work is refused (`lint` says why), and nothing is done. Running it again
    changes nothing. Bindings of an earlier deployment that nobody wants now are removed.
    If a queue has other arguments nothing is done; with --migrate it is replaced, once that was agreed to.
    """
    if not trackflow.models:  # read first: a file that cannot be read should change nothing
        raise Failure(f"no model in {trackflow.models_folder}: a *.bpmn file is missing there")
    findings = list(lint_models(trackflow, trackflow.models))
    _refuse(findings)
    at_broker = None
    if trackflow.publisher.is_amqp:
        with broker(trackflow.app) as connection:
            at_broker = _deploy(trackflow, connection, migrates, yes, as_json)
    tenant = trackflow.settings.tenant
    deployments = trackflow.engine.deploy(trackflow.models, tenant)
    versions = trackflow.engine.versions(tenant)
    if as_json:
        document = deployed_as_json(tenant, at_broker, deployments, versions)
        print_json({**document, "findings": [finding_as_json(finding) for finding in findings]})
    else:
        print_deployed(at_broker, deployments, versions)
        for finding in findings:
            click.echo(f"Warning: {_in_words(finding)}", err=True)


def _refuse(findings: Sequence[Finding]) -> None:
    """One line for each error. Raises Failure if there is one."""
    refused = [_in_words(finding) for finding in errors(findings)]
    for words in refused[:-1]:
        click.echo(f"Error: {words}", err=True)
    if refused:
        raise Failure(refused[-1])


def _in_words(finding: Finding) -> str:
    where = f"{place(finding)}: " if finding.file else ""
    return f"{where}{finding.text} ({finding.rule})"


def _deploy(
    trackflow: Trackflow, connection: Connection, migrates: bool, yes: bool, as_json: bool
) -> AtBroker:
    left = earlier.look(trackflow, connection)
    planned = Plan()
    if migrates:
        planned = Plan(plan(connection, trackflow.queues), earlier.deletable(left.queues))
        _agree(planned, yes, as_json)
        migrate(connection, trackflow.queues)
    before = declare(connection, trackflow.queues, trackflow.choreography.events.values())
    deleted = earlier.clear(trackflow, connection, left, planned.deleted)
    return AtBroker(planned, before, left, deleted, left_by_migration(connection, trackflow.queues))


def _agree(planned: Plan, yes: bool, as_json: bool) -> None:
    """Say what will be done, and ask. Raises Failure if it must not be done."""
    if not planned or (yes and as_json):  # then the one document is what was done
        return
    if as_json:
        print_json({"plan": planned.as_json()})
    else:
        planned.print()
    if yes or (not as_json and sys.stdin.isatty() and click.confirm("Do it?")):
        return
    raise Failure("nothing was done; --yes does it without asking")
