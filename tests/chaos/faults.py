"""The faults: each has one verb, `strike`, which harms the system for some seconds and mends it again.

Faults of one lane hit the same thing, and come one after the other; those of different lanes come alone and
together, as chance has it.
"""

from __future__ import annotations

import random
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from tests.chaos import clock
from tests.chaos.ledgers import PostgresLedger, SqliteLedger
from tests.chaos.proxy import Mischief
from tests.chaos.system import System

KILL_EVERY = 2.0  # seconds


@dataclass(frozen=True)
class Time:
    """How long a fault is to last; it is over early when the run is."""

    seconds: float
    over: threading.Event

    def wait(self) -> None:
        self.over.wait(self.seconds)

    def ticks(self, every: float) -> int:
        return max(1, round(self.seconds / every))


class Fault(ABC):
    """One kind of fault.

    Attributes:
        lane: what it hits.
        name: how it is chosen and reported.
        shortest, longest: for how many seconds.
    """

    lane: ClassVar[str]
    name: str
    shortest: float = 0.0
    longest: float = 0.0

    @abstractmethod
    def strike(self, system: System, time: Time) -> str:
        """Harm the system, and mend it before this returns. What was done, in words."""

    def left_out(self, system: System) -> str | None:
        """Why it cannot be done here, if it cannot."""
        return None

    def length(self, chance: random.Random) -> float:
        return round(chance.uniform(self.shortest, self.longest), 1)


# ---- workers -----------------------------------------------------------------------------------------


class Kills(Fault):
    """kill -9 of a random worker, or of one process of it, every two seconds."""

    lane, name, shortest, longest = "workers", "kill", 14.0, 24.0

    def strike(self, system: System, time: Time) -> str:
        victims = 0
        for _ in range(time.ticks(KILL_EVERY)):
            system.crew.kill_one()
            victims += 1
            if time.over.wait(KILL_EVERY):
                break
        return f"{victims} killed"


class Terms(Fault):
    """SIGTERM, as a deployment does it."""

    lane, name, shortest, longest = "workers", "term", 6.0, 12.0

    def strike(self, system: System, time: Time) -> str:
        ended = []
        for _ in range(time.ticks(4.0)):
            ended.append(system.crew.end_one())
            if time.over.wait(4.0):
                break
        return ", ".join(ended)


class Freeze(Fault):
    """A tracker stands still for longer than its lease (51 s), and then goes on as if nothing had been."""

    lane, name, shortest, longest = "trackers", "freeze", 53.0, 58.0

    def strike(self, system: System, time: Time) -> str:
        with system.crew.frozen_tracker() as name:
            time.wait()
        return name


# ---- broker ------------------------------------------------------------------------------------------


class BrokerKilled(Fault):
    lane, name, longest = "broker", "broker-killed", 4.0

    def strike(self, system: System, time: Time) -> str:
        system.broker.kill()
        time.wait()
        system.broker.start()
        return "killed and started again"


class ConnectionsClosed(Fault):
    lane, name = "broker", "connections-closed"

    def strike(self, system: System, time: Time) -> str:
        system.ctl("close_all_connections", "chaos")
        return "all"


class MemoryAlarm(Fault):
    """The broker takes nothing more from whoever publishes."""

    lane, name, shortest, longest = "broker", "memory-alarm", 5.0, 15.0

    def strike(self, system: System, time: Time) -> str:
        system.ctl("set_vm_memory_high_watermark", "absolute", "1")
        try:
            time.wait()
        finally:
            system.ctl("set_vm_memory_high_watermark", "0.4")
        return f"{time.seconds} s"


# ---- engine ------------------------------------------------------------------------------------------


class EngineKilled(Fault):
    lane, name, longest = "engine", "engine-killed", 8.0

    def strike(self, system: System, time: Time) -> str:
        system.engine.kill()
        time.wait()
        system.engine.start()
        return "killed and started again"


class EngineRefuses(Fault):
    lane, name, shortest, longest = "engine", "refused", 3.0, 10.0

    def strike(self, system: System, time: Time) -> str:
        system.proxy.refuse()
        try:
            time.wait()
        finally:
            system.proxy.accept()
        return f"{time.seconds} s"


class Harms(Fault):
    """The proxy does one kind of mischief to some of the requests."""

    lane, shortest, longest = "engine", 8.0, 16.0

    def __init__(self, mischief: Mischief, probability: float) -> None:
        self.name = str(mischief)
        self._harms = ((mischief, probability),)

    def strike(self, system: System, time: Time) -> str:
        return _harm(system, time, self._harms)


class Storm(Fault):
    """All kinds of mischief at once."""

    lane, name, shortest, longest = "engine", "storm", 15.0, 25.0
    probability = 0.04

    def strike(self, system: System, time: Time) -> str:
        return _harm(system, time, tuple((mischief, self.probability) for mischief in Mischief))


def _harm(system: System, time: Time, harms: tuple[tuple[Mischief, float], ...]) -> str:
    for mischief, probability in harms:
        system.proxy.harm(mischief, probability)
    try:
        time.wait()
    finally:
        for mischief, _ in harms:
            system.proxy.harm(mischief, 0)
    return f"{time.seconds} s"


# ---- ledger ------------------------------------------------------------------------------------------


class DiskFull(Fault):
    lane, name, shortest, longest = "ledger", "disk-full", 3.0, 8.0

    def left_out(self, system: System) -> str | None:
        if not isinstance(system.ledger, SqliteLedger):
            return "it is SQLite's"
        return None if system.ledger.has_own_disk else "only root may mount a small disk"

    def strike(self, system: System, time: Time) -> str:
        assert isinstance(system.ledger, SqliteLedger)
        with system.ledger.full_disk():
            time.wait()
        return f"{time.seconds} s"


class Locked(Fault):
    """Another program writes to the file for longer than a tracker waits (30 s)."""

    lane, name, shortest, longest = "ledger", "locked", 31.0, 35.0

    def left_out(self, system: System) -> str | None:
        return None if isinstance(system.ledger, SqliteLedger) else "it is SQLite's"

    def strike(self, system: System, time: Time) -> str:
        assert isinstance(system.ledger, SqliteLedger)
        with system.ledger.locked():
            time.wait()
        return f"{time.seconds} s"


class DatabaseRestarted(Fault):
    lane, name, longest = "ledger", "database-restarted", 5.0

    def left_out(self, system: System) -> str | None:
        return None if isinstance(system.ledger, PostgresLedger) else "it is PostgreSQL's"

    def strike(self, system: System, time: Time) -> str:
        assert isinstance(system.ledger, PostgresLedger)
        with system.ledger.away():
            time.wait()
        return "stopped at once and started again"


class ClockSetBack(Fault):
    """The time of day of the workers, and of PostgreSQL."""

    lane, name, shortest, longest = "ledger", "clock-set-back", 5.0, 25.0

    def left_out(self, system: System) -> str | None:
        return None if system.clock else f"{clock.missing()} is missing"

    def strike(self, system: System, time: Time) -> str:
        assert system.clock is not None
        system.clock.set_back(round(time.seconds))
        return f"by {round(time.seconds)} s"


FAULTS: tuple[Fault, ...] = (
    Kills(),
    Terms(),
    Freeze(),
    BrokerKilled(),
    ConnectionsClosed(),
    MemoryAlarm(),
    EngineKilled(),
    EngineRefuses(),
    Harms(Mischief.LATE, 0.1),
    Harms(Mischief.DROP, 0.2),
    Harms(Mischief.FOREIGN_500, 0.2),
    Harms(Mischief.OWN_500, 0.2),
    Harms(Mischief.UNAVAILABLE, 0.3),
    Harms(Mischief.GHOST, 0.1),
    Storm(),
    DiskFull(),
    Locked(),
    DatabaseRestarted(),
    ClockSetBack(),
)
NAMES = tuple(fault.name for fault in FAULTS)


def named(names: tuple[str, ...]) -> list[Fault]:
    """The faults of these names. Raises ValueError."""
    if unknown := set(names) - set(NAMES):
        raise ValueError(f"no fault is called {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    return [fault for fault in FAULTS if fault.name in names]
