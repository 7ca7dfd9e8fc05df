"""Several trackers and threads at one case: every event takes effect once, none is forgotten."""

import random
import threading
from collections.abc import Callable, Sequence

from tests.tracking.order_engines import STEPS, LedgerOrders, RemoteOrders
from tests.tracking.world import World, message
from trackflow.message import Message

CASES = 15


def test_threads_that_race_on_one_case_tell_each_event_once(remote: World[RemoteOrders]) -> None:
    trackers = [remote.tracker, remote.another().tracker]
    for number in range(CASES):
        key = f"order-{number}"
        told = [message(event, key) for event in STEPS]
        deliveries = [*told, *random.sample(told, 2)]  # some are delivered twice
        _at_once([trackers[n % 2].handle for n in range(len(deliveries))], deliveries)

        assert set(remote.outcomes(key).values()) == {"correlated"}, remote.outcomes(key)
        assert remote.engine.states(key) == ["completed"]
        assert (remote.case(key).due_at, remote.case(key).token) == (None, None)
        assert sum(remote.row(each).deliveries for each in told) == len(deliveries)


def test_threads_that_race_on_one_case_step_one_after_the_other(embedded: World[LedgerOrders]) -> None:
    for number in range(CASES):
        key = f"order-{number}"
        told = [message(event, key) for event in (*STEPS, "Order_Placed")]
        _at_once([embedded.tracker.handle] * len(told), told)

        outcomes = [embedded.outcome(each) for each in told]
        assert sorted(outcomes) == ["correlated"] * 4 + ["duplicate"], outcomes
        assert embedded.engine.states(key) == ["completed"]


def test_sweepers_that_race_take_different_cases(remote: World[RemoteOrders]) -> None:
    keys = [f"order-{number}" for number in range(CASES)]
    for key in keys:
        remote.claim(message("Order_Placed", key))
        remote.time_passes(key)
    sweepers = [remote.another().tracker for _ in range(4)]

    def sweep_all(sweep: Callable[[], bool]) -> None:
        while sweep():
            pass

    _at_once([sweep_all] * 4, [sweeper.sweep for sweeper in sweepers])

    assert {key: remote.engine.states(key) for key in keys} == {key: ["running"] for key in keys}
    assert len(remote.engine.told) == CASES


def _at_once(
    functions: list[Callable[..., object]], arguments: Sequence[Message | Callable[[], bool]]
) -> None:
    barrier = threading.Barrier(len(arguments))
    failed: list[Exception] = []

    def run(function: Callable[..., object], argument: object) -> None:
        barrier.wait()
        try:
            function(argument)
        except Exception as exc:
            failed.append(exc)

    threads = [threading.Thread(target=run, args=pair) for pair in zip(functions, arguments, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
