"""The plan: which fault strikes when and for how long, all derived from the seed.

Each lane goes through its faults in an order of its own, again and again, with pauses between them.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from tests.chaos.faults import Fault, Time
from tests.chaos.system import System

Pauses = tuple[float, float]


@dataclass(frozen=True)
class Strike:
    """A fault to come.

    Attributes:
        at: when, by the plan; what restarts takes its own time, and moves all that follows in its lane.
        pause: seconds since the one before has ended.
        seconds: how long it lasts.
    """

    at: float
    pause: float
    fault: Fault
    seconds: float

    def __str__(self) -> str:
        lasting = f" for {self.seconds:g} s" if self.seconds else ""
        return f"{self.at:6.1f} s  {self.fault.lane:9} {self.fault.name}{lasting}"


class Plan:
    """Endless; `first_round` is the part in which every fault strikes once.

    `brief`: there is no more than that, and no fault lasts longer than it must.
    """

    def __init__(self, seed: str, faults: Sequence[Fault], pauses: Pauses, *, brief: bool = False) -> None:
        self._seed = seed
        self._pauses = pauses
        self._brief = brief
        self.lanes = {lane: [each for each in faults if each.lane == lane] for lane in _lanes(faults)}

    def strikes(self, lane: str) -> Iterator[Strike]:
        """Of one lane."""
        chance = random.Random(f"{self._seed} {lane}")
        at = 0.0
        for _ in range(1) if self._brief else count():
            for fault in chance.sample(self.lanes[lane], len(self.lanes[lane])):
                pause = round(chance.uniform(*self._pauses), 1)
                seconds = fault.shortest if self._brief else fault.length(chance)
                yield Strike(at + pause, pause, fault, seconds)
                at += pause + seconds

    def first_round(self) -> list[Strike]:
        each = (
            strike
            for lane, faults in self.lanes.items()
            for strike, _ in zip(self.strikes(lane), faults, strict=False)
        )
        return sorted(each, key=lambda strike: strike.at)

    @property
    def seconds(self) -> float:
        """How long the first round takes by plan."""
        return max((strike.at + strike.seconds for strike in self.first_round()), default=0.0)


class Execution:
    """Carries a plan out, each lane in a thread of its own."""

    def __init__(self, plan: Plan, system: System, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._system = system
        self._say = say
        self.failed = threading.Event()
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(lane,), name=f"lane {lane}") for lane in plan.lanes
        ]
        self._rounds = dict.fromkeys(plan.lanes, 0)
        self.counts: Counter[str] = Counter()
        self.errors: list[BaseException] = []

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    @property
    def went_round(self) -> bool:
        """Whether every fault has struck."""
        return all(self._rounds.values())

    def check(self) -> None:
        """Raises what went wrong in a lane: a server that does not come back, say."""
        if self.errors:
            raise self.errors[0]

    def end(self) -> None:
        """Whatever strikes now is mended, and nothing more comes."""
        self._over.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def _run(self, lane: str) -> None:
        try:
            for done, strike in enumerate(self._plan.strikes(lane), start=1):
                if self._over.wait(strike.pause):
                    return
                self._strike(strike)
                self._rounds[lane] = done // len(self._plan.lanes[lane])
        except BaseException as exc:
            self.errors.append(exc)
            self.failed.set()

    def _strike(self, strike: Strike) -> None:
        self._say(f"{strike.fault.name} …")
        self.counts[strike.fault.name] += 1
        what = strike.fault.strike(self._system, Time(strike.seconds, self._over))
        self._say(f"{strike.fault.name}: {what}")


def _lanes(faults: Sequence[Fault]) -> list[str]:
    return list(dict.fromkeys(fault.lane for fault in faults))
