"""Tells the engine again, at somebody's wish, what it refused or what waits: the cause is mended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from operator import attrgetter

from trackflow.engines.answers import Timer
from trackflow.tracking.audit import Audit, Entry
from trackflow.tracking.retried import Retried
from trackflow.tracking.search import Found, Search, Wanted
from trackflow.tracking.tracker import Tracker

_AT_ONCE = 16  # orders, as a tracker's worker has threads


class Retry:
    """For one tenant. It needs no tracker to run elsewhere, and does not mind if some do."""

    def __init__(self, tracker: Tracker, search: Search, audit: Audit) -> None:
        self._tracker = tracker
        self._search = search
        self._audit = audit

    def retry(
        self,
        wanted: Wanted,
        why: str | None = None,
        who: str | None = None,
        only: Callable[[Found], bool] = lambda _: True,
    ) -> Iterator[list[Retried]]:
        """Tell again all that is wanted: page by page, so that there may be many. Raises LedgerError.

        `wanted` must be of `RETRIABLE` outcomes; `only` chooses among them what SQL cannot. Whoever stops
        after a page leaves the rest as it stood.
        """
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="retry") as pool:
            for found in self._search.by_order(wanted):
                page = [each for each in found if only(each)]
                entries = [Entry(each.event.id, each.business_key, each.event.reason) for each in page]
                self._audit.write("retry", entries, why, who)
                yield list(pool.map(self._retry, _orders(page)))

    def retry_timers(
        self, standing: Mapping[str, Sequence[Timer]], why: str | None = None, who: str | None = None
    ) -> list[Retried]:
        """Try again the timers that could not fire, by business key. Raises LedgerError."""
        entries = [
            Entry(timer.element, key, timer.trouble) for key, timers in standing.items() for timer in timers
        ]
        self._audit.write("retry", entries, why, who)
        return [self._tracker.retry(key, []) for key in standing]

    def _retry(self, of_order: Sequence[Found]) -> Retried:
        return self._tracker.retry(of_order[0].business_key, [each.event.id for each in of_order])


def _orders(page: list[Found]) -> Iterator[Sequence[Found]]:
    for _, of_order in groupby(page, attrgetter("business_key")):
        yield tuple(of_order)
