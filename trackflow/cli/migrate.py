"""`migrate`: moves running orders to another version of their model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from trackflow.cli.console import as_json_option, print_json
from trackflow.cli.errors import Failure
from trackflow.cli.migrated import Tally, migrated_as_json, print_migrated
from trackflow.cli.progress import progress
from trackflow.cli.project import pass_trackflow
from trackflow.cli.versions import LATEST, chosen_process, chosen_version
from trackflow.engines.answers import Running, Version
from trackflow.errors import TrackflowError
from trackflow.extension import Trackflow
from trackflow.tracking.audit import Audit
from trackflow.tracking.cases import Cases
from trackflow.tracking.migrating import Migrating
from trackflow.tracking.search import Search
from trackflow.words import counted, joined


@click.command("migrate")
@click.argument("keys", metavar="[KEY]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that run on an older version.")
@click.option("--to", metavar="V", default=LATEST, show_default=True, help="The version to move to.")
@click.option("--from", "before", metavar="V", type=click.IntRange(min=1), help="Only those on this version.")
@click.option("--process", metavar="P", help="Of this process, if there are several.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@click.option("--why", metavar="TEXT", help="Kept in the audit, with your name and the time.")
@as_json_option
@click.pass_context
@pass_trackflow
def migrate_command(
    trackflow: Trackflow,
    ctx: click.Context,
    keys: tuple[str, ...],
    everything: bool,
    to: str,
    before: int | None,
    process: str | None,
    dry_run: bool,
    why: str | None,
    as_json: bool,
) -> None:
    """Move running orders to another version of their model.

    The orders with these business keys KEY, or --all. An order moves if where it is exists there, too; the
    others stay, and are named. Exits with 1 if there is any of them. It may be run again.
    """
    if bool(keys) == everything:
        raise click.UsageError("which ones? Name KEYs, or --all")
    versions = chosen_process(trackflow, process)
    target = chosen_version(versions, to)
    nothing: list[str] = []
    if everything:
        wanted = [each for each in versions if each != target and _is_meant(each, target, before)]
        pages = _of_versions(trackflow, wanted)
        total = sum(each.running for each in wanted)
    else:
        chosen = list(_of_keys(trackflow, keys, target, before, nothing))
        pages, total = iter([chosen] if chosen else []), len(chosen)
    tally = Tally()
    _migrate(trackflow, pages, target.version, why, dry_run=dry_run, total=total, tally=tally)
    if as_json:
        print_json(migrated_as_json(tally, target, nothing, dry_run=dry_run))
    else:
        print_migrated(tally, target, nothing, dry_run=dry_run)
    ctx.exit(1 if tally.refused else 0)


def _is_meant(version: Version, target: Version, before: int | None) -> bool:
    """Whether `--all` means those on this version: an older one, or the one that is named."""
    return version.version < target.version if before is None else version.version == before


def _of_versions(trackflow: Trackflow, versions: Sequence[Version]) -> Iterator[list[Running]]:
    for each in versions:
        if each.running:
            yield from trackflow.engine.running_on(trackflow.settings.tenant, each.process, each.version)


def _of_keys(
    trackflow: Trackflow, keys: Sequence[str], target: Version, before: int | None, nothing: list[str]
) -> Iterator[Running]:
    """The running instances of these orders; for each order that has none to move, why goes to `nothing`.

    Raises Failure for an order that nobody knows.
    """
    search, tenant = Search(trackflow.ledger, trackflow.settings.tenant), trackflow.settings.tenant
    for key, instances in trackflow.engine.instances(tenant, dict.fromkeys(keys)).items():
        running = [each for each in instances if each.process == target.process and each.state == "running"]
        movable = [each for each in running if each.version != target.version]
        if before is not None:
            movable = [each for each in movable if each.version == before]
        if not instances and not search.outcomes(key):
            raise Failure(f"no order {key!r} of tenant {tenant!r} in ledger {trackflow.ledger}")
        if not running:
            nothing.append(f"of order {key!r} no {target.process!r} runs")
        elif not movable:
            versions = joined(sorted({str(each.version) for each in running}))
            nothing.append(f"order {key!r} is on version {versions}")
        for each in movable:
            yield Running(each.id, key, each.process, each.version)


def _migrate(
    trackflow: Trackflow,
    pages: Iterator[list[Running]],
    to: int,
    why: str | None,
    *,
    dry_run: bool,
    total: int,
    tally: Tally,
) -> None:
    """Fill the tally. Raises Failure where the engine or the ledger gives no answer."""
    tenant, ledger, engine = trackflow.settings.tenant, trackflow.ledger, trackflow.engine
    migrating = Migrating(Cases(ledger, tenant), engine, Audit(ledger, tenant), tenant)
    try:
        with progress("Migrating", lambda: total) as advance:
            moved = migrating.check(pages, to) if dry_run else migrating.migrate(pages, to, why)
            for page in moved:
                for each in page:
                    tally.add(each)
                advance(len(page))
    except TrackflowError as exc:
        raise Failure(f"{exc} ({_so_far(tally, dry_run)})") from exc


def _so_far(tally: Tally, dry_run: bool) -> str:
    if dry_run:
        return "nothing was changed"
    return f"{counted(tally.moved.total(), 'order')} moved for sure; run again, it goes on with the rest"
