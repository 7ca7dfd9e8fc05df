"""Timers: each fires once, when it is due, in its order; orders move to other versions under their lock."""

from tests.chaos.mutants.mutant import Mutant

_CASE = "trackflow/tracking/case.py"
_STATEMENTS = "trackflow/tracking/statements.py"
_TRANSACTIONAL = "trackflow/tracking/transactional.py"
_MIGRATING = "trackflow/tracking/migrating.py"
_INTERPRETER = "trackflow/engines/embedded/steps/interpreter.py"
_RUNS = "trackflow/engines/embedded/runs.py"
_SUBSCRIPTIONS = "trackflow/engines/embedded/steps/subscriptions.py"
_TELLING = "trackflow/engines/embedded/telling.py"
_TROUBLE = "trackflow/engines/embedded/trouble.py"
_TIMERS = "tests/tracking/test_timers.py"
_AT_ONCE = "tests/tracking/test_timers_at_once.py"
_MOVES = "tests/tracking/test_migrating.py"
_OF_ENGINE = "tests/engines/embedded/test_timers_of_the_engine.py"
_SAME = "tests/engines/embedded/test_same_as_the_engine_family.py"

MUTANTS = (
    Mutant(
        "timers-fire-again",
        "a timer that has fired is gone",
        _INTERPRETER,
        "due.pop(timer.element)",
        "due[timer.element]",
        (f"{_SAME}::test_every_step_is_the_same[timer-cycle-kinds]",),
    ),
    Mutant(
        "timers-not-awaited",
        "an order is due when its first timer is",
        _TRANSACTIONAL,
        "case.now, neighbours.lock)\n        case.timer_at = answer.due_at\n",
        "case.now, neighbours.lock)\n",
        (f"{_TIMERS}::test_a_timer_fires_when_it_is_due_and_once",),
    ),
    Mutant(
        "next-timer-forgotten",
        "when a timer has fired the next one of its order is awaited",
        _TRANSACTIONAL,
        "        )\n        case.timer_at = answer.due_at\n",
        "        )\n        case.timer_at = None\n",
        (f"{_TIMERS}::test_a_repeating_timer_fires_as_often_as_it_says",),
    ),
    Mutant(
        "timers-only-after-events",
        "a timer makes its order due, whether events wait or not",
        _CASE,
        "timers = [] if self.timer_at is None else [self.timer_at]",
        "timers = [self.timer_at] if self.timer_at is not None and self.open else []",
        (f"{_TIMERS}::test_a_timer_fires_when_it_is_due_and_once",),
    ),
    Mutant(
        "timers-brought-forward",
        "a look at what waits fires no timer before those of other orders that were due earlier",
        _CASE,
        "self.due_at is not None and self.timer_at <= self.due_at",
        "self.due_at is not None",
        (f"{_TIMERS}::test_events_to_look_at_again_do_not_bring_a_timer_forward",),
    ),
    Mutant(
        "late-timers-in-any-order",
        "late timers fire in the order in which they were due",
        _STATEMENTS,
        "    .order_by(cases.c.due_at)\n",
        "    .order_by(cases.c.due_at.desc())\n",
        (f"{_TIMERS}::test_late_timers_of_many_orders_fire_in_the_order_of_their_due_times",),
    ),
    Mutant(
        "latest-timer-first",
        "so do those of one instance",
        _SUBSCRIPTIONS,
        "return min((timer for timer in timers(state)",
        "return max((timer for timer in timers(state)",
        (f"{_TIMERS}::test_a_repeating_timer_fires_as_often_as_it_says",),
    ),
    Mutant(
        "latest-instance-first",
        "and those of several instances of one order",
        _RUNS,
        "due, run = min(timed,",
        "due, run = max(timed,",
        (f"{_OF_ENGINE}::test_of_several_instances_of_one_key_the_most_overdue_timer_fires",),
    ),
    Mutant(
        "fires-too-early",
        "no timer fires before it is due",
        _RUNS,
        "return run if due <= now else None",
        "return run",
        (f"{_OF_ENGINE}::test_what_is_not_due_does_not_fire",),
    ),
    Mutant(
        "fired-without-the-lock",
        "of several trackers one fires a timer: it has locked the case before it looks",
        _STATEMENTS,
        "    .limit(1)\n    .with_for_update(skip_locked=True)\n",
        "    .limit(1)\n",
        (f"{_AT_ONCE}::test_threads_fire_each_timer_once[postgresql]",),
    ),
    Mutant(
        "timers-wake-nobody",
        "what came early is told again when a timer has moved its order",
        _CASE,
        "self.version += 1\n        self.idle = 0\n        self.look_soon()",
        "self.idle = 0\n        self.look_soon()",
        (f"{_TIMERS}::test_what_came_early_is_told_as_soon_as_the_timer_has_fired",),
    ),
    Mutant(
        "timers-unseen",
        "an order whose timer fired is shown again, and told what waits",
        _TRANSACTIONAL,
        "        if answer.outcome is Word.ACCEPTED:\n            case.moved()\n        elif",
        "        if answer.outcome is Word.ACCEPTED:\n            pass\n        elif",
        (f"{_TIMERS}::test_an_order_whose_timer_fired_is_to_be_shown_again",),
    ),
    Mutant(
        "refused-timers-tried-for-ever",
        "a timer that cannot fire stands, and the others of its order go on",
        _TELLING,
        '        reached.runs.save(run, set_aside(run.state, answer.reason or ""), reached.now)\n',
        "        pass\n",
        (f"{_OF_ENGINE}::test_a_timer_that_cannot_fire_stands_until_it_is_resumed",),
    ),
    Mutant(
        "standing-timers-tried",
        "one that stands is not tried again until somebody retries it",
        _SUBSCRIPTIONS,
        "for timer in timers(state) if timer.trouble is None), default",
        "for timer in timers(state)), default",
        (f"{_OF_ENGINE}::test_a_timer_that_cannot_fire_stands_until_it_is_resumed",),
    ),
    Mutant(
        "standing-for-ever",
        "one that stands fires when it is retried",
        _TROUBLE,
        "due._replace(trouble=None)",
        "due",
        (f"{_TIMERS}::test_a_timer_that_stands_fires_when_it_is_retried_after_the_cause_is_mended",),
    ),
    Mutant(
        "broken-orders-end-the-sweep",
        "an order that cannot be worked does not hold up the others",
        _TRANSACTIONAL,
        "            if not taken:\n                raise\n",
        "            raise\n",
        (f"{_TIMERS}::test_an_order_that_cannot_be_worked_does_not_hold_up_the_others",),
    ),
    Mutant(
        "broken-orders-forgotten",
        "it is looked at again after a pause",
        _TRANSACTIONAL,
        "case.due_at = case.now + self._timing.pause(case.idle)",
        "case.due_at = None",
        (f"{_TIMERS}::test_an_order_that_cannot_be_worked_does_not_hold_up_the_others",),
    ),
    Mutant(
        "moved-timers-forgotten",
        "a timer that is new in another version makes the order due",
        _MIGRATING,
        "            case.timer_at = migrated.due_at\n",
        "",
        (f"{_MOVES}::test_a_timer_that_is_new_makes_the_order_due",),
    ),
    Mutant(
        "moves-wake-nobody",
        "an event that waited is told when its order has moved to a version that knows it",
        _MIGRATING,
        "case.timer_at = migrated.due_at\n            case.moved()",
        "case.timer_at = migrated.due_at",
        (f"{_MOVES}::test_an_event_that_waited_is_told_after_the_move",),
    ),
    Mutant(
        "moves-that-never-were",
        "the audit names the orders that moved, not those that stay",
        _MIGRATING,
        "[each.instance for each in checked if not _stays(each.migrated)]",
        "[each.instance for each in checked]",
        (f"{_MOVES}::test_who_stays_is_neither_changed_nor_in_the_audit",),
    ),
)
