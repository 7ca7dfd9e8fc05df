"""`dead`: the events that failed, and what a person does with them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

import click
from rich.progress import Progress as ProgressBar

from trackflow.cli.console import as_json_option, console, print_json
from trackflow.cli.errors import Failure, broker
from trackflow.cli.letter import full_as_json, portrait
from trackflow.cli.letters import (
    done_as_json,
    group_as_json,
    groups_table,
    left_in_words,
    letter_as_json,
    letters_table,
)
from trackflow.cli.project import pass_trackflow
from trackflow.errors import LedgerError
from trackflow.extension import Trackflow
from trackflow.tracking.audit import Act, Action, Audit, Entry
from trackflow.upkeep.dead_letters import DeadLetters, Done, Note, Progress, Selection
from trackflow.upkeep.letter import Letter
from trackflow.words import counted, joined

_LIMIT = 20  # letters that fit on a screen
_STEP = 500  # letters from one movement of the progress bar to the next
_SHOWN = 20  # ids that a question or an error names

_queue_option = click.option("--queue", metavar="Q", help="Only those of this work queue.")
_reason_option = click.option("--reason", metavar="R", help="Only those that died for this reason.")
_why_option = click.option("--why", metavar="TEXT", help="Kept in the audit, with your name and the time.")


@click.group("dead")
def dead_command() -> None:
    """Look at dead letters, put them back, or throw them away."""


@dead_command.command("list")
@_queue_option
@_reason_option
@click.option("--letters", is_flag=True, help="One by one with their ids, instead of counted.")
@click.option("--limit", metavar="N", type=click.IntRange(min=1), default=_LIMIT, show_default=True)
@as_json_option
@pass_trackflow
def list_dead(
    trackflow: Trackflow, queue: str | None, reason: str | None, letters: bool, limit: int, as_json: bool
) -> None:
    """Count the dead letters by queue, reason and error. With --letters print at most --limit of them."""
    selection = Selection(reason=reason, queue=_work_queue(trackflow, queue))
    with _dead_letters(trackflow, selection.queue) as dead:
        if letters:
            found = list(islice(dead.letters(selection), limit))
            document, rows = [letter_as_json(letter) for letter in found], letters_table(found)
        else:
            groups = dead.groups(selection)
            document, rows = [group_as_json(group) for group in groups], groups_table(groups)
    if as_json:
        print_json(document)
    elif document:
        console().print(rows)
    else:
        click.echo("No dead letters.")


@dead_command.command("show")
@click.argument("identity", metavar="ID")
@_queue_option
@as_json_option
@pass_trackflow
def show_dead(trackflow: Trackflow, identity: str, queue: str | None, as_json: bool) -> None:
    """Print the dead letter of this ID, of each queue that has one."""
    work_queue = _work_queue(trackflow, queue)
    with _dead_letters(trackflow, work_queue) as dead:
        letters = dead.find(identity, work_queue)
    _require({identity}, letters)
    acts = _acts(trackflow, identity)
    if as_json:
        print_json([full_as_json(letter, acts) for letter in letters])
        return
    out = console()
    for number, letter in enumerate(letters):
        if number:
            out.rule()
        out.print(portrait(letter, acts))


@dead_command.command("replay")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@_reason_option
@_queue_option
@click.option("--all", "everything", is_flag=True, help="All of them.")
@_why_option
@as_json_option
@pass_trackflow
def replay_dead(
    trackflow: Trackflow,
    ids: tuple[str, ...],
    reason: str | None,
    queue: str | None,
    everything: bool,
    why: str | None,
    as_json: bool,
) -> None:
    """Put dead letters back into the queue where they died, and no other.

    Name them by ID (--queue narrows it), or choose by --reason, --queue or both, or take --all.
    """
    if ids and (reason is not None or everything):
        raise click.UsageError("either IDs, or --reason, or --all")
    if everything and (reason is not None or queue is not None):
        raise click.UsageError("--all takes all: leave it out and --reason and --queue choose")
    if not (ids or reason is not None or queue is not None or everything):
        raise click.UsageError("which ones? Name IDs, or --reason, or --queue, or --all")
    selection = Selection(frozenset(ids) if ids else None, reason, _work_queue(trackflow, queue))
    with _dead_letters(trackflow, selection.queue) as dead:
        missing = set(ids)
        done = dead.replay(selection, _noted(trackflow, "replay", why, missing))
    _report(done, "Replayed", as_json)
    _require(missing)


@dead_command.command("discard")
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@_queue_option
@click.option("--yes", is_flag=True, help="Don't ask.")
@_why_option
@as_json_option
@pass_trackflow
def discard_dead(
    trackflow: Trackflow, ids: tuple[str, ...], queue: str | None, yes: bool, why: str | None, as_json: bool
) -> None:
    """Throw dead letters away for good, by ID."""
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("nobody can be asked here: --yes says that you mean it")
    selection = Selection(frozenset(ids), queue=_work_queue(trackflow, queue))
    if not yes:
        with _dead_letters(trackflow, selection.queue) as dead:
            letters = list(dead.letters(selection))
        _require(set(ids), letters)
        _ask(letters)
    with _dead_letters(trackflow, selection.queue) as dead:
        missing = set(ids)
        done = dead.discard(selection, _noted(trackflow, "discard", why, missing))
    _report(done, "Discarded", as_json)
    _require(missing)


def _ask(letters: Sequence[Letter]) -> None:
    console(stderr=True).print(letters_table(letters[:_SHOWN]))
    click.confirm(f"Discard {counted(len(letters), 'dead letter')} for good?", abort=True, err=True)


def _report(done: Done, verb: str, as_json: bool) -> None:
    if as_json:
        print_json(done_as_json(done))
    else:
        for queue, number in done.letters.items():
            click.echo(f"{verb} {counted(number, 'dead letter')} of {queue}.")
        if not done.letters and not done.left:
            click.echo("No dead letters.")
    if done.left:
        raise Failure("; ".join(left_in_words(done)))


def _require(ids: set[str], letters: Sequence[Letter] = ()) -> None:
    missing = sorted(ids - {letter.id for letter in letters})
    if missing:
        raise Failure(f"no dead letter {joined(repr(each) for each in missing[:_SHOWN])}")


def _noted(trackflow: Trackflow, action: Action, why: str | None, missing: set[str]) -> Note:
    """Writes into the audit what is about to be done, and strikes those off that are there."""
    audit = Audit(trackflow.ledger, trackflow.settings.tenant)  # without a ledger nothing is begun

    def note(letters: Sequence[Letter]) -> None:
        audit.write(action, map(_entry, letters), why)
        missing.difference_update(letter.id for letter in letters)

    return note


def _entry(letter: Letter) -> Entry:
    return Entry(letter.id, letter.business_key, letter.cause, letter.queue)


def _acts(trackflow: Trackflow, identity: str) -> Sequence[Act] | str:
    """What was done to a letter before, or why nobody knows."""
    try:
        return Audit(trackflow.ledger, trackflow.settings.tenant).acts(identity)
    except LedgerError as exc:
        return str(exc)


def _work_queue(trackflow: Trackflow, name: str | None) -> str | None:
    """The queue that a person means: `payment` and `showcase.payment` are one."""
    for queue in trackflow.queues:
        if name in (queue.name, queue.task):
            return queue.name
    if name is None:
        return None
    known = joined(queue.task for queue in trackflow.queues)
    raise Failure(f"no queue {name!r}; there are {known}")


@contextmanager
def _dead_letters(trackflow: Trackflow, queue: str | None) -> Iterator[DeadLetters]:
    """The project's dead letters, with a progress bar where a person waits."""
    if not trackflow.publisher.is_amqp:
        raise Failure(
            "AMQP_URL is memory://, which lives within one process and keeps no dead letters: "
            "set AMQP_URL=amqp://…"
        )
    queues = [each.name for each in trackflow.queues]
    with (
        broker(trackflow.app) as connection,
        _progress(lambda: DeadLetters(connection, queues).count(queue)) as progress,
    ):
        yield DeadLetters(connection, queues, progress)


@contextmanager
def _progress(total: Callable[[], int]) -> Iterator[Progress | None]:
    """A progress bar beside what is read, if a person waits."""
    out = console(stderr=True)
    if not out.is_terminal:
        yield None
        return
    with ProgressBar(console=out, transient=True) as bar:
        task = bar.add_task("Reading", total=total())
        read = 0

        def advance() -> None:
            nonlocal read
            read += 1
            if read % _STEP == 0:  # drawing would cost more than reading
                bar.update(task, completed=read)

        yield advance
