"""`deploy`: makes broker and engine ready for the choreography, and says what that changed."""

from __future__ import annotations

from typing import Any

import click

from trackflow.cli.console import as_json_option, console, counted, print_json, table
from trackflow.cli.errors import Failure, broker
from trackflow.cli.project import pass_trackflow
from trackflow.engines.port import Deployment
from trackflow.extension import Trackflow
from trackflow.messaging.topology import Found, declare


@click.command("deploy")
@as_json_option
@pass_trackflow
def deploy_command(trackflow: Trackflow, as_json: bool) -> None:
    """Declare exchange, queues and bindings, and deploy the models.

    Running it again changes nothing.
    """
    if not trackflow.models:  # read first: a file that cannot be read should change nothing
        raise Failure(f"no model in {trackflow.models_folder}: a *.bpmn file is missing there")
    topology = _declare(trackflow) if trackflow.publisher.is_amqp else None
    deployments = trackflow.engine.deploy(trackflow.models, trackflow.settings.tenant)
    if as_json:
        print_json(_as_json(trackflow.settings.tenant, topology, deployments))
    else:
        _print(topology, deployments)


def _declare(trackflow: Trackflow) -> list[Found]:
    with broker(trackflow.app) as connection:
        return declare(connection, trackflow.queues)


def _print(topology: list[Found] | None, deployments: list[Deployment]) -> None:
    out = console()
    rows = table("", "name", "change", wraps="change")
    for found in topology or []:
        rows.add_row(found.kind, found.name, "unchanged" if found.exists else "created")
    for deployment in deployments:
        rows.add_row("model", deployment.process, _change(deployment))
    out.print(rows)
    if topology is None:
        out.print("AMQP_URL is memory://: each process declares its own exchange and queues.")
    changes = _changes(topology, deployments)
    out.print(f"{counted(changes, 'change')}." if changes else "Nothing changed.")


def _change(deployment: Deployment) -> str:
    change = "deployed" if deployment.changed else "unchanged"
    return "; ".join((f"version {deployment.version} {change}", *deployment.notes))


def _changes(topology: list[Found] | None, deployments: list[Deployment]) -> int:
    return sum(not found.exists for found in topology or ()) + sum(each.changed for each in deployments)


def _as_json(tenant: str, topology: list[Found] | None, deployments: list[Deployment]) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "topology": topology
        and [
            {"kind": found.kind, "name": found.name, "change": "unchanged" if found.exists else "created"}
            for found in topology
        ],
        "models": [
            {
                "process": each.process,
                "version": each.version,
                "change": "deployed" if each.changed else "unchanged",
                "notes": list(each.notes),
            }
            for each in deployments
        ],
        "changes": _changes(topology, deployments),
    }
