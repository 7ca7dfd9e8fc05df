"""What a test may expect of an order. What fails says what was expected, and where the order is instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from trackflow.testing.checked import Checked, listed


class Expectation(Checked):
    """What `expect(order)` gives; its methods can be chained.

    Events are called by their names; elements and flows by their ids, or by their labels where only one has
    it. All raise ExpectationFailed; a name that the models do not know is a ModelError or ChoreographyError
    with a suggestion.
    """

    # ---- where it is ---------------------------------------------------------------------------------

    def awaits(self, *events: str) -> Expectation:
        """Each of these events would be taken now (and perhaps others, too)."""
        __tracebackhide__ = True
        missing = self._events(events) - self._order.awaiting
        return self._check(not missing, f"await {listed(events)}", self._awaits())

    def awaits_only(self, *events: str) -> Expectation:
        """These events, and no other, would be taken now; `awaits_only()`: none."""
        __tracebackhide__ = True
        exactly = self._events(events) == self._order.awaiting
        return self._check(exactly, f"await {listed(events, 'no event')} and nothing else", self._awaits())

    def does_not_await(self, *events: str) -> Expectation:
        """None of these events would be taken now."""
        __tracebackhide__ = True
        awaited = self._events(events) & self._order.awaiting
        return self._check(not awaited, f"not await {listed(events)}", self._awaits())

    def is_at(self, *elements: str) -> Expectation:
        """It is at each of these elements (and perhaps at others, too)."""
        __tracebackhide__ = True
        missing = self._elements(elements) - self._order.active
        return self._check(not missing, f"be at {listed(elements)}", self._is_at())

    def is_not_at(self, *elements: str) -> Expectation:
        """It is at none of these elements."""
        __tracebackhide__ = True
        there = self._elements(elements) & self._order.active
        return self._check(not there, f"not be at {listed(elements)}", self._is_at())

    def has_started(self) -> Expectation:
        """A process has started for it."""
        __tracebackhide__ = True
        return self._check(bool(self._order.instances), "have started", "no process has")

    def has_not_started(self) -> Expectation:
        """No process has started for it."""
        __tracebackhide__ = True
        return self._check(not self._order.instances, "not have started", "it has")

    def is_running(self) -> Expectation:
        """A process of it runs."""
        __tracebackhide__ = True
        running = any(instance.ended is None for instance in self._order.instances)
        return self._check(running, "be running", "no process of it is")

    def has_ended(self, at: str | None = None) -> Expectation:
        """Its process has ended; `at`: an end event that it has reached."""
        __tracebackhide__ = True
        if at is None:
            return self._check(self._order.has_ended, "have ended", "it has not")
        end, passed = self._order.names.element(at), self._passed()
        what = f"have ended at {at!r}"
        self._check(self._order.has_ended, what, "it has not ended")
        return self._check(end in passed, what, f"it ended at {listed(self._ends(), 'no end event')}")

    # ---- how it got there ----------------------------------------------------------------------------

    def has_passed(self, *elements: str) -> Expectation:
        """It has entered each of these elements and left it uninterrupted, in any order."""
        __tracebackhide__ = True
        missing = self._elements(elements) - self._passed()
        return self._check(not missing, f"have passed {listed(elements)}", f"it has not {listed(missing)}")

    def has_not_passed(self, *elements: str) -> Expectation:
        """It has left none of these elements uninterrupted."""
        __tracebackhide__ = True
        passed = self._elements(elements) & self._passed()
        return self._check(not passed, f"not have passed {listed(elements)}", f"it has {listed(passed)}")

    def took(self, *flows: str) -> Expectation:
        """It has taken each of these sequence flows, in any order."""
        __tracebackhide__ = True
        missing = self._flows(flows) - set(self._order.flows)
        return self._check(not missing, f"have taken the flow {listed(flows)}", self._took())

    def did_not_take(self, *flows: str) -> Expectation:
        """It has taken none of these sequence flows."""
        __tracebackhide__ = True
        taken = self._flows(flows) & set(self._order.flows)
        return self._check(not taken, f"not have taken the flow {listed(flows)}", self._took())

    def took_path(self, *elements: str) -> Expectation:
        """It has entered these elements in this order; others may lie between."""
        __tracebackhide__ = True
        wanted = list(zip(elements, map(self._order.names.element, elements), strict=True))
        entered = iter([step.element for step in self._order.path])
        missing = next((name for name, each in wanted if each not in entered), None)
        what = f"have entered {' → '.join(elements)} in this order"
        return self._check(missing is None, what, f"it has not entered {missing!r} after the one before")

    # ---- its events ----------------------------------------------------------------------------------

    def has_events(self, *events: str) -> Expectation:
        """These events have come, no other ones, in this order (but each after its cause)."""
        __tracebackhide__ = True
        came = [event.event for event in self._order.events]
        self._events(events)
        return self._check(
            came == list(events),
            f"have the events {listed(events, 'none')}",
            f"it has {listed(came, 'none')}",
        )

    def accepted(self, *events: str) -> Expectation:
        """Its process has taken each of these events."""
        __tracebackhide__ = True
        return self._outcome(events, "correlated", "have accepted")

    def keeps(self, *events: str) -> Expectation:
        """Each of these events came before its process awaits it: it is kept until then."""
        __tracebackhide__ = True
        return self._outcome(events, "waiting", "keep")

    def refused(self, event: str, because: str = "") -> Expectation:
        """The engine will never take this event, for a reason in which these words stand."""
        __tracebackhide__ = True
        self._outcome([event], "refused", "have refused")
        reason = next(each.reason or "" for each in self._of(event) if each.outcome == "refused")
        what = f"have refused {event!r} because of {because!r}"
        return self._check(because.lower() in reason.lower(), what, f"the reason is: {reason}")

    def ignored(self, *events: str) -> Expectation:
        """Each of these events changed nothing: it came after the end, or was a second start."""
        __tracebackhide__ = True
        return self._outcome(events, ("unmatched", "duplicate"), "have ignored")

    # ---- how they are checked ------------------------------------------------------------------------

    def _outcome(self, events: Sequence[str], outcome: str | tuple[str, ...], verb: str) -> Expectation:
        __tracebackhide__ = True
        wanted = (outcome,) if isinstance(outcome, str) else outcome
        for event in events:
            self._order.names.event(event)
            outcomes = Counter(each.outcome for each in self._of(event))
            but = f"it is {listed(outcomes)}" if outcomes else "it has not come"
            self._check(any(each in outcomes for each in wanted), f"{verb} {event!r}", but)
        return self

    def _awaits(self) -> str:
        return f"it awaits {listed(sorted(self._order.awaiting), 'no event')}"

    def _is_at(self) -> str:
        return f"it is at {listed(sorted(self._order.active), 'no element')}"

    def _took(self) -> str:
        return f"it took {listed(dict.fromkeys(self._order.flows), 'none')}"
