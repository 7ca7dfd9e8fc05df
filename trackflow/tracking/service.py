"""The base of the one task that hears every event and records it."""

from __future__ import annotations

import math

from trackflow.messaging import Service


class TrackingService(Service):
    """A service that writes into the ledger. A ledger that is away is no reason to lose an event.

    Its events are tried again until the ledger is back. The engine's absence is no error here: the ledger
    keeps the event, and the tracker tells it later.
    """

    abstract = True
    tries = math.inf
