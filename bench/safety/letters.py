"""Dead letters, as an operator lists and replays them."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

from bench.safety.filling import fill, orders, purge, ready
from bench.system import TENANT, environment, new_ledger, track

NOTES = {
    "trackflow-reason": "permanent",
    "trackflow-error": "ValueError",
    "trackflow-message": "no such card",
    "trackflow-attempts": 1,
    "trackflow-at": "2026-01-31T12:00:00+00:00",
}


@dataclass(frozen=True)
class Rates:
    """Letters/s of the whole command, with the start of Python."""

    listed: float
    replayed: float


def letters(amqp_url: str, folder: Path, listed: int, replayed: int) -> Rates:
    """List so many dead letters, then replay so many."""
    settings = environment(amqp_url, "embedded", new_ledger(folder))
    dead, work = f"{TENANT}.payment.dead", f"{TENANT}.payment"
    purge(amqp_url, dead, work)
    fill(amqp_url, dead, orders(TENANT, listed // 4), NOTES)
    took, groups = _timed(settings, "dead", "list", "--json")
    assert str(listed) in groups, groups
    purge(amqp_url, dead)
    fill(amqp_url, dead, orders(TENANT, replayed // 4), NOTES)
    replaying, _ = _timed(settings, "dead", "replay", "--all", "--json")
    assert ready(amqp_url, work) == replayed
    purge(amqp_url, work)
    return Rates(listed / took, replayed / replaying)


def _timed(settings: dict[str, str], *command: str) -> tuple[float, str]:
    started = time.perf_counter()
    printed = track(settings, *command)
    return time.perf_counter() - started, json.dumps(json.loads(printed))
