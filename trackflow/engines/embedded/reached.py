"""The instances that one event or timer reaches: those of its business key, and whoever hears its signals.

What they become is written when the whole course is over, or nothing is.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from uuid import uuid4

from trackflow.engines.answers import Moved
from trackflow.engines.embedded.deployments import Startable
from trackflow.engines.embedded.models.process import Process
from trackflow.engines.embedded.runs import Run, Runs, Tenant
from trackflow.engines.embedded.steps import interpreter
from trackflow.engines.embedded.steps.course import MOVES, Course
from trackflow.engines.embedded.steps.state import Caller, State, Token
from trackflow.engines.embedded.steps.step import Refused, Step
from trackflow.engines.port import Turn

# Far more than anybody waits for, and few enough for one transaction.
MOST_HEARING = 10_000


class Reached(Course):
    """A course through the instances of a tenant. See `Course`.

    Attributes:
        runs: the instances of the business key that it begins with.
    """

    def __init__(self, tenant: Tenant, business_key: str, now: float, turn: Turn | None) -> None:
        """`turn`: see `TransactionalEngine.correlate`."""
        super().__init__(now)
        self.runs = tenant.runs(business_key)
        self._tenant = tenant
        self._turn = turn
        self._families = {business_key: self.runs}
        self._runs = {run.id: run for run in self.runs}
        self._steps: dict[str, Step] = {}
        self._ids = count(uuid4().int)  # ascending: of several that start at once, the caller comes first

    def start(
        self, startable: Startable, business_key: str | None = None, caller: Caller | None = None
    ) -> Step:
        """A new instance, of the first business key if none is said."""
        family = self.runs if business_key is None else self._families[business_key]
        run = family.new(f"{next(self._ids):032x}", startable)
        self._runs[run.id] = run
        self._steps[run.id] = Step(run.process, State(caller=caller), self, run.id, run.business_key)
        return self._steps[run.id]

    def step(self, run: Run) -> Step:
        """An instance, whose state may change from now on."""
        if run.id not in self._steps:
            self._steps[run.id] = Step(run.process, run.state.copy(), self, run.id, run.business_key)
        return self._steps[run.id]

    def names(self, process: Process) -> frozenset[str]:
        """Of the variables that a process uses, and whoever gets its variables by a call.

        Those are its callers, which run, and the processes that it may still hand all variables to.
        """
        known = {each.id: each for each in (process, *(run.process for run in self.runs))}
        to_do, found = list(known.values()), frozenset[str]()
        while to_do:
            each = to_do.pop()
            found |= each.variables
            for called in each.hands_all_to - known.keys():
                if (startable := self._tenant.called(called)) is not None:
                    known[called] = startable.process
                    to_do.append(startable.process)
        return found

    def save(self) -> None:
        """Write what has become of them."""
        for id_, step in self._steps.items():
            run = self._runs[id_]
            self._families[run.business_key].save(run, step.state, self.now)

    def moved(self) -> Iterator[Moved]:
        """The other business keys whose instances have changed."""
        changed = {self._runs[id_].business_key for id_ in self._steps}
        for business_key, family in self._families.items():
            if family is not self.runs and business_key in changed:
                yield Moved(business_key, family.due_at())

    # ---- what a course asks --------------------------------------------------------------------------

    def begin(self, process: str, caller: Step, visit: int) -> Step:
        """See `Course.begin`."""
        startable = self._tenant.called(process)
        if startable is None:
            raise Refused(f"no process {process!r} of tenant {self._tenant.name!r} is deployed")
        return self.start(startable, self._runs[caller.instance].business_key, Caller(caller.instance, visit))

    def caller(self, called: Step) -> tuple[Step, Token] | None:
        """See `Course.caller`."""
        link = called.state.caller
        if link is None:
            return None
        step = self.step(self._runs[link.instance])
        return step, step.state.token(link.visit)

    def called(self, caller: Step, visit: int) -> Step | None:
        """See `Course.called`."""
        link = Caller(caller.instance, visit)
        for run in self._families[self._runs[caller.instance].business_key]:
            state = self._state(run)
            if state.caller == link and state.end is None:
                return self.step(run)
        return None

    def hearing(self, thrower: Step, signal: str) -> Iterator[Step]:
        """See `Course.hearing`."""
        self._bring_in(signal)
        for family in self._families.values():
            for run in family:
                is_other = run.id != thrower.instance
                if is_other and signal in interpreter.signals(run.process, self._state(run)):
                    yield self.step(run)

    def _bring_in(self, signal: str) -> None:
        """Read the instances of every business key that is said to listen, once it is ours alone."""
        keys = self._tenant.listening(signal)
        if len(keys) > MOST_HEARING:
            raise Refused(
                f"signal {signal!r} would reach {len(keys)} orders: at most {MOST_HEARING} are supported"
            )
        for business_key in keys:
            if business_key not in self._families:
                if self._turn is not None:
                    self._turn(business_key)
                self._add(business_key, self._tenant.runs(business_key))

    def _add(self, business_key: str, family: Runs) -> None:
        self._families[business_key] = family
        self._runs |= {run.id: run for run in family}
        self.most += MOVES

    def _state(self, run: Run) -> State:
        step = self._steps.get(run.id)
        return run.state if step is None else step.state
