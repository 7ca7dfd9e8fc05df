"""One run: start the system, publish while faults strike, let it settle, compare."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.checkout import Checkout
from tests.chaos.evidence import gather
from tests.chaos.faults import NAMES, named
from tests.chaos.orders import COPIES, EVENTS, Orders
from tests.chaos.plan import Execution, Plan
from tests.chaos.quiet import Aftermath
from tests.chaos.report import Report
from tests.chaos.system import TENANT, System
from tests.chaos.verdict import judge
from tests.chaos.watch import Watch

_STALLED = 400.0  # seconds in which no order completes
_SPEAK = 10.0  # seconds between two lines of progress


# Seconds between two faults of a lane, from and to. The work must get on in a run of thousands of orders.
OFTEN, SELDOM = (1.0, 4.0), (10.0, 60.0)


@dataclass(frozen=True)
class Options:
    """What to run.

    Attributes:
        brief: every fault strikes once, soon, and lasts no longer than it must.
        in_flight, queued: no more orders or messages than these are under way.
    """

    orders: int
    seed: str
    ledger: str
    faults: tuple[str, ...] = NAMES
    brief: bool = False
    in_flight: int = 400
    queued: int = 4000


class Stage:
    """Says what happens, with the time since the start."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    def say(self, text: str) -> None:
        print(f"{self.seconds:7.1f} s  {text}", flush=True)


def run(options: Options) -> Report:
    """Everything is torn down afterwards; if the run is red its folder stays, with all logs."""
    stage = Stage()
    stage.say(f"seed {options.seed}, {options.orders} orders, ledger {options.ledger}")
    with _folder() as folder, System(folder, options.ledger, options.seed) as system:
        system.start()
        stage.say("the system runs")
        report = _Run(options, system, stage).report()
        if report.is_clean:
            (folder / "clean").touch()
        return report


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="trackflow-chaos-"))
    try:
        yield folder
    finally:
        if (folder / "clean").exists():
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"The logs of this run stay in {folder}", flush=True)


class _Run:
    def __init__(self, options: Options, system: System, stage: Stage) -> None:
        self._options = options
        self._system = system
        self._stage = stage
        self._orders = Orders(options.seed, options.orders, TENANT)
        faults = named(options.faults)
        self._left_out = {each.name: why for each in faults if (why := each.left_out(system))}
        usable = [each for each in faults if each.name not in self._left_out]
        pauses = OFTEN if options.brief else SELDOM
        self._plan = Plan(options.seed, usable, pauses, brief=options.brief)
        self._execution = Execution(self._plan, system, stage.say)
        self._watch = Watch(system)
        self._checkout = Checkout(system.broker.url, self._execution.failed)
        self._confirmed: dict[str, set[str]] = {}
        self._spoke_at = 0.0

    def report(self) -> Report:
        for strike in self._plan.first_round():
            self._stage.say(f"plan: {strike}")
        started = time.monotonic()
        self._watch.start()
        try:
            self._execution.start()
            self._publish()
            self._see_every_fault()
        finally:
            self._execution.end()
            self._watch.stop()
            self._checkout.close()
        self._execution.check()
        return self._judge(started)

    # ---- while faults strike -------------------------------------------------------------------------

    def _publish(self) -> None:
        started, copies = time.monotonic(), self._orders.count * len(EVENTS) * COPIES
        for number, event in enumerate(self._orders.copies()):
            due = self._plan.seconds * number / copies  # few orders are spread over the whole first round
            while not self._may_publish(time.monotonic() - started >= due):
                if self._watch.still_for > _STALLED or self._execution.failed.wait(0.2):
                    self._stage.say(f"no order completes since {self._watch.still_for:.0f} s: given up")
                    return
            if not self._checkout.publish(event):
                self._stage.say(f"the broker does not confirm {event}: given up")
                return
            self._confirmed.setdefault(event.business_key, set()).add(event.id)

    def _may_publish(self, is_due: bool) -> bool:
        self._speak()
        in_flight = len(self._confirmed) - self._watch.completed
        return is_due and in_flight < self._options.in_flight and self._watch.queued < self._options.queued

    def _see_every_fault(self) -> None:
        while self._plan.lanes and not self._execution.went_round:
            if self._execution.failed.wait(0.5):
                return
            self._speak()

    def _speak(self) -> None:
        if self._stage.seconds - self._spoke_at > _SPEAK:
            self._spoke_at = self._stage.seconds
            watch, crew = self._watch, self._system.crew
            self._stage.say(
                f"{len(self._confirmed)} placed, {watch.completed} completed, {watch.queued} messages, "
                f"{self._checkout.counts['confirmed']} published, {crew.counts['kill -9']} kills"
            )

    # ---- afterwards ----------------------------------------------------------------------------------

    def _judge(self, started: float) -> Report:
        whole = {key for key, ids in self._confirmed.items() if len(ids) == len(EVENTS)}
        self._stage.say(f"all faults have ended; {len(whole)} orders were published")
        aftermath = Aftermath(self._system, len(whole), self._stage.say)
        aftermath.settle()
        seconds = time.monotonic() - started
        unwilling = self._system.crew.dismiss()
        verdict = judge(self._orders, whole, gather(self._system))
        verdict.stuck += [str(letter) for letter in aftermath.letters]
        verdict.stuck += [f"worker {name} would not end" for name in unwilling]
        return Report(
            self._options.seed,
            self._options.ledger,
            verdict,
            seconds,
            faults=dict(sorted(self._execution.counts.items())),
            left_out=self._left_out,
            counts=self._counts(aftermath.replayed),
        )

    def _counts(self, replayed: Counter[str]) -> dict[str, int]:
        clock = self._system.clock
        return {
            **{f"publisher: {name}": count for name, count in self._checkout.counts.items()},
            **{f"workers: {name}": count for name, count in self._system.crew.counts.items()},
            **{f"proxy: {name}": count for name, count in sorted(self._system.proxy.counts().items())},
            **{f"dead letters replayed: {reason}": count for reason, count in replayed.items()},
            "clock behind at the end, seconds": clock.behind if clock else 0,
        }
