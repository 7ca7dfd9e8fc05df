"""`retry`: tells the engine again what it refused or what waits, after the cause is mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from trackflow.cli.console import as_json_option, console, print_json, table
from trackflow.cli.errors import Failure
from trackflow.cli.progress import progress
from trackflow.cli.project import pass_trackflow
from trackflow.engines.answers import Timer
from trackflow.engines.port import TransactionalEngine
from trackflow.errors import TrackflowError
from trackflow.extension import Trackflow
from trackflow.tracking.audit import Audit
from trackflow.tracking.retried import Retried
from trackflow.tracking.retry import Retry
from trackflow.tracking.search import RETRIABLE, Search, Wanted
from trackflow.words import counted, joined

_REASONS = 20  # different ones that are told: an engine's words may name each order
_OTHERS = "for other reasons"
Standing = Mapping[str, Sequence[Timer]]  # by business key, timers that could not fire
# Why an event of such an outcome is left alone.
_LEFT = {
    "received": "a tracker is to tell it",
    "correlated": "took effect",
    "duplicate": "a second start",
    "unmatched": "its order had ended, which is final",
}


@dataclass
class Tally:
    """What became of all events so far."""

    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)  # of those still open or refused
    held: int = 0
    silence: str | None = None
    timers: Counter[str | None] = field(default_factory=Counter)  # by why they still cannot fire; None: fired

    @property
    def reopened(self) -> int:
        """All of them."""
        return self.held + self.outcomes.total()

    def add(self, retried: Retried) -> None:
        """Count the events of one order."""
        self.silence = self.silence or retried.silence
        self.timers.update(retried.timers)
        if retried.is_held:
            self.held += len(retried.events)
            return
        for outcome, reason in retried.events:
            self.outcomes[outcome.value] += 1
            if reason is not None:
                known = (outcome.value, reason) in self.reasons or len(self.reasons) < _REASONS
                self.reasons[(outcome.value, reason if known else _OTHERS)] += 1


@click.command("retry")
@click.argument("keys", metavar="[KEY]...", nargs=-1)
@click.option("--reason", metavar="R", help="Those with R in their reason, in every order.")
@click.option("--all", "everything", is_flag=True, help="All that are refused or wait.")
@click.option("--why", metavar="TEXT", help="Kept in the audit, with your name and the time.")
@as_json_option
@pass_trackflow
def retry_command(
    trackflow: Trackflow,
    keys: tuple[str, ...],
    reason: str | None,
    everything: bool,
    why: str | None,
    as_json: bool,
) -> None:
    """Tell the engine again what it refused or what waits, now that the cause is mended.

    Of the orders with these business keys KEY, or by --reason, or --all. An event that was given up because
    its order had ended stays so. By KEY also timers of the embedded engine that could not fire.
    """
    if (bool(keys), reason is not None, everything).count(True) != 1:
        raise click.UsageError("which ones? Name KEYs, or --reason, or --all")
    search = Search(trackflow.ledger, trackflow.settings.tenant)
    standing = _standing(trackflow, keys)
    nothing = list(_nothing(trackflow, search, keys, standing))
    wanted = Wanted(outcomes=RETRIABLE, business_keys=keys or None, reason=reason)
    tally = Tally()
    if len(nothing) < len(set(keys)) or not keys:
        _retry(trackflow, search, wanted, standing, why, tally)
        if not (tally.reopened or tally.timers):
            nothing.append("no event is refused or waits" + (f" because of {reason!r}" if reason else ""))
    if as_json:
        print_json(_as_json(tally, nothing))
    else:
        _print(tally, nothing)


def _retry(
    trackflow: Trackflow,
    search: Search,
    wanted: Wanted,
    standing: Standing,
    why: str | None,
    tally: Tally,
) -> None:
    """Fill the tally. Raises Failure at the first page at which the engine gives no answer."""
    try:
        trackflow.engine.ping()
        retry = Retry(trackflow.tracker, search, Audit(trackflow.ledger, trackflow.settings.tenant))
        for retried in retry.retry_timers(standing, why):
            tally.add(retried)
        with progress("Telling", lambda: search.count(wanted)) as advance:
            for page in retry.retry(wanted, why):
                for retried in page:
                    tally.add(retried)
                    advance(len(retried.events))
                if tally.silence is not None:
                    break
    except TrackflowError as exc:
        raise Failure(f"{exc} ({_reopened(tally)})") from exc
    if tally.silence is not None:
        raise Failure(f"{tally.silence} ({_reopened(tally)})")


def _reopened(tally: Tally) -> str:
    if not tally.reopened:
        return "nothing was reopened"
    told = tally.outcomes["correlated"]
    return f"{counted(tally.reopened, 'event')} reopened: {told:,} took effect, a tracker tells the rest"


def _standing(trackflow: Trackflow, keys: tuple[str, ...]) -> Standing:
    """Their timers that could not fire, if any. A remote engine's are retried there."""
    if not isinstance(trackflow.engine, TransactionalEngine):
        return {}
    found = trackflow.engine.instances(trackflow.settings.tenant, keys)
    standing = {
        key: [timer for each in instances for timer in each.timers if timer.trouble is not None]
        for key, instances in found.items()
    }
    return {key: each for key, each in standing.items() if each}


def _nothing(
    trackflow: Trackflow, search: Search, keys: tuple[str, ...], standing: Standing
) -> Iterator[str]:
    """For each order that has nothing to retry, why. Raises Failure for one that nobody knows."""
    for key in dict.fromkeys(keys):
        outcomes = search.outcomes(key)
        if not outcomes:
            tenant = trackflow.settings.tenant
            raise Failure(f"no order {key!r} of tenant {tenant!r} in ledger {trackflow.ledger}")
        if key not in standing and not any(outcome in outcomes for outcome in RETRIABLE):
            words = (f"{number:,} {each} ({_LEFT[each]})" for each, number in sorted(outcomes.items()))
            yield f"of order {key!r} {joined(words)}"


def _print(tally: Tally, nothing: list[str]) -> None:
    out = console()
    for words in nothing:
        out.print(f"nothing to retry: {words}")
    if tally.outcomes:
        words = joined(f"{number:,} {outcome}" for outcome, number in tally.outcomes.most_common())
        out.print(f"Told again: {words}.")
    if tally.timers:
        stand = tally.timers.total() - tally.timers[None]
        out.print(f"Timers: {tally.timers[None]:,} fired, {stand:,} still cannot.")
    if tally.held:
        out.print(f"Left to the trackers that hold their orders: {counted(tally.held, 'event')}.")
    for trouble in tally.timers:
        if trouble is not None:
            out.print(f"A timer cannot fire: {trouble}")
    if tally.reasons:
        rows = table("outcome", "events", "reason", wraps="reason")
        for (outcome, reason), number in tally.reasons.most_common():
            rows.add_row(outcome, f"{number:,}", reason)
        out.print(rows)


def _as_json(tally: Tally, nothing: list[str]) -> dict[str, Any]:
    return {
        "retried": tally.reopened,
        "outcomes": dict(tally.outcomes),
        "held": tally.held,
        "reasons": [
            {"outcome": outcome, "reason": reason, "events": number}
            for (outcome, reason), number in tally.reasons.most_common()
        ],
        "timers": [{"fired": words is None, "reason": words} for words in tally.timers.elements()],
        "nothing": nothing,
    }
