"""Which version of which process a command is about, and what `deploy` says of those that go on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from trackflow.cli.errors import Failure
from trackflow.engines.answers import Deployment, Version
from trackflow.extension import Trackflow
from trackflow.words import counted, joined

LATEST = "latest"
_MIGRATE = "`celery -A tasks track migrate`"


def chosen_process(trackflow: Trackflow, process: str | None) -> list[Version]:
    """The deployed versions of a process, in order; without its id of the only one that there is.

    Raises Failure for one that is not deployed, UsageError if there are several to choose from.
    """
    tenant = trackflow.settings.tenant
    versions = trackflow.engine.versions(tenant)
    known = sorted({each.process for each in versions})
    if process is None and len(known) > 1:
        raise click.UsageError(f"which process? --process is one of {joined(known)}")
    found = [each for each in versions if process in (None, each.process)]
    if not found:
        named = "no process" if process is None else f"no process {process!r}"
        raise Failure(f"{named} is deployed for tenant {tenant!r}: there is {joined(known, 'none')}")
    return found


def chosen_version(versions: Sequence[Version], wanted: str) -> Version:
    """One of them, by its number or `latest`. Raises Failure for one that is not deployed."""
    if wanted == LATEST:
        return versions[-1]
    for each in versions:
        if str(each.version) == wanted:
            return each
    numbers = joined(str(each.version) for each in versions)
    raise Failure(f"process {versions[0].process!r} has no version {wanted!r}: there is {numbers}")


def staying(deployment: Deployment, versions: Iterable[Version]) -> list[Version]:
    """The versions on which orders of this process go on that are older than what is deployed now."""
    return [
        each
        for each in versions
        if each.process == deployment.process and each.version < deployment.version and each.running
    ]


def staying_in_words(versions: Sequence[Version]) -> str:
    """Such versions, the newest first; there must be one."""
    counts = [
        f"{counted(versions[-1].running, 'order')} {_stay(versions[-1])} on version {versions[-1].version}"
    ]
    counts += [f"{each.running:,} on version {each.version}" for each in reversed(versions[:-1])]
    return f"running: {joined(counts)}: {_MIGRATE}"


def _stay(version: Version) -> str:
    return "stays" if version.running == 1 else "stay"
