"""Several instances in one transaction: a signal's hearers, called processes, versions that start no more."""

from tests.chaos.mutants.mutant import Mutant

_NEIGHBOURS = "trackflow/tracking/neighbours.py"
_CASES = "trackflow/tracking/cases.py"
_REACHED = "trackflow/engines/embedded/reached.py"
_DEPLOYMENTS = "trackflow/engines/embedded/deployments.py"
_BETWEEN = "tests/tracking/test_signals_between_orders.py"
_SIGNALS = "tests/engines/embedded/test_signals.py"
_CALLS = "tests/engines/embedded/test_calls.py"
_VERSIONS = "tests/engines/test_versions.py"

MUTANTS = (
    Mutant(
        "signals-wake-nobody",
        "what came early is told again when another order's signal has moved its own",
        _NEIGHBOURS,
        "            case.moved()\n",
        "",
        (f"{_BETWEEN}::test_an_event_that_waited_is_told_when_another_orders_signal_lets_it",),
    ),
    Mutant(
        "neighbours-timers-forgotten",
        "a timer that another order's signal sets makes its order due",
        _NEIGHBOURS,
        "            case.timer_at = each.due_at\n",
        "",
        (f"{_BETWEEN}::test_a_timer_that_another_orders_signal_sets_fires",),
    ),
    Mutant(
        "neighbours-not-locked",
        "an order's case is locked before a signal looks at its instances",
        _REACHED,
        "                    self._turn(business_key)\n",
        "                    pass\n",
        (f"{_SIGNALS}::test_each_order_is_ours_alone_before_its_instances_are_read",),
    ),
    Mutant(
        "locked-in-a-circle",
        "two that lock each other's cases wait for each other before they have locked any",
        _CASES,
        "if not case.may_cross:",
        "if False:",
        (f"{_BETWEEN}::test_no_signal_is_lost_when_trackers_throw_at_the_same_time[postgresql]",),
    ),
    Mutant(
        "called-for-ever",
        "what a boundary event interrupts ends with all that it called",
        "trackflow/engines/embedded/steps/step.py",
        "            called.terminate()\n",
        "            pass\n",
        (f"{_CALLS}::test_what_a_boundary_event_interrupts_ends_with_all_that_it_called",),
    ),
    Mutant(
        "withdrawn-started",
        "a process that is withdrawn starts no more",
        _DEPLOYMENTS,
        "newest = _starting(connection, tenant)\n        known",
        "newest = _newest(connection, tenant)\n        known",
        (f"{_VERSIONS}::test_a_withdrawn_process_starts_no_more_and_what_runs_goes_on[embedded]",),
    ),
)
