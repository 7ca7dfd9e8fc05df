"""Server-sent events: one look for everybody, and nobody who makes the others wait."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import httpx
import pytest

from tests.board.conftest import caught_up
from tests.board.orders import STEPS, tell
from tests.waiting import until
from trackflow import Trackflow
from trackflow.board import streaming
from trackflow.board.context import Board, open_board
from trackflow.board.server import Server, listen
from trackflow.board.streaming import Feed, Streams, Subscription, TooManyStreams
from trackflow.errors import LedgerError
from trackflow.projection.passing import MOST, Passing, Watched

PATIENCE = 60.0


async def first(subscription: Subscription[int]) -> list[int]:
    async with asyncio.timeout(PATIENCE):
        async for batch in subscription.batches():
            return batch
    return []


def feed(look: Callable[[], Sequence[int]], begin: Callable[[], None] = lambda: None) -> Feed[int]:
    return Feed(look, every=0.01, most=3, begin=begin)


def test_one_look_serves_everybody() -> None:
    looks: list[int] = []

    def look() -> Sequence[int]:
        looks.append(len(looks))
        return [looks[-1]]

    async def watch() -> list[list[int]]:
        news = feed(look)
        task = asyncio.create_task(news.run())
        with news.subscribed() as one, news.subscribed() as two, news.subscribed(lambda n: n > 0) as three:
            found = [await first(each) for each in (one, two, three)]
        task.cancel()
        return found

    one, two, three = asyncio.run(watch())
    assert one[0] == two[0] == 0
    assert three[0] == 1


def test_while_nobody_watches_nobody_looks() -> None:
    looked, begun = [], []

    async def watch() -> None:
        news = feed(lambda: looked.append(1) or [1], lambda: begun.append(1))
        task = asyncio.create_task(news.run())
        await asyncio.sleep(0)
        assert not looked
        for _ in range(2):  # what comes in between has passed
            with news.subscribed() as one:
                assert (await first(one))[0] == 1
            while news._wanted.is_set():
                await asyncio.sleep(0.01)
        seen = len(looked)
        assert len(news) == 0
        await asyncio.sleep(0.05)
        assert len(looked) == seen
        task.cancel()

    asyncio.run(watch())
    assert len(begun) == 2


def test_whoever_is_too_slow_misses_the_oldest_and_is_told_how_many() -> None:
    async def watch() -> tuple[list[int], int]:
        news = feed(lambda: [])
        with news.subscribed() as slow:
            slow.put([1, 2, 3, 4, 5])
            return await first(slow), slow.missed

    assert asyncio.run(watch()) == ([3, 4, 5], 2)


def test_an_idle_stream_says_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "PING", 0.01)

    async def watch() -> list[int]:
        with feed(lambda: []).subscribed() as idle:
            return await first(idle)

    assert asyncio.run(watch()) == []


def test_a_stream_ends_after_a_while_so_that_its_reader_is_asked_again_who_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streaming, "PING", 0.01)
    monkeypatch.setattr(streaming, "LIFE", 0.05)

    async def watch() -> int:
        with feed(lambda: []).subscribed() as idle:
            async with asyncio.timeout(PATIENCE):
                return len([batch async for batch in idle.batches()])

    assert asyncio.run(watch()) > 0


def test_all_streams_end_with_the_board_and_no_new_one_begins() -> None:
    async def watch() -> list[list[int]]:
        news = feed(lambda: [])
        streams = Streams(news)
        streams.start()
        streams.require_room()
        with news.subscribed() as one, news.subscribed() as two:
            streams.end()
            async with asyncio.timeout(PATIENCE):
                found = [batch for each in (one, two) async for batch in each.batches()]
        with pytest.raises(TooManyStreams):
            streams.require_room()
        streams.stop()
        return found

    assert asyncio.run(watch()) == []


def test_there_is_a_limit_of_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "MOST_STREAMS", 2)

    async def watch() -> None:
        one, two = feed(lambda: []), feed(lambda: [])
        streams = Streams(one, two)
        with one.subscribed():
            streams.require_room()
            with two.subscribed(), pytest.raises(TooManyStreams, match="2 streams are open already"):
                streams.require_room()
            streams.require_room()

    asyncio.run(watch())


def test_a_ledger_that_is_away_ends_no_stream() -> None:
    answers = iter([LedgerError("away"), ValueError("a mistake of ours"), [7]])

    def look() -> Sequence[int]:
        answer = next(answers, [])
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def watch() -> list[int]:
        news = feed(look)
        task = asyncio.create_task(news.run())
        with news.subscribed() as one:
            found = await first(one)
        task.cancel()
        return found

    assert asyncio.run(watch()) == [7]


@pytest.fixture
def passing(trackflow: Trackflow) -> Passing:
    passing = Passing(lambda: trackflow.ledger, "showcase")
    passing.skip()
    return passing


def test_each_event_passes_once_in_the_order_of_its_coming(passing: Passing, trackflow: Trackflow) -> None:
    tell(trackflow, "a", *STEPS[:2])
    assert [(each.business_key, each.event) for each in passing.look()] == [("a", STEPS[0]), ("a", STEPS[1])]
    tell(trackflow, "b", STEPS[0])
    assert [each.business_key for each in passing.look()] == ["b"]
    assert passing.look() == []


def test_an_event_passes_again_with_another_outcome(passing: Passing, trackflow: Trackflow) -> None:
    tell(trackflow, "early", STEPS[1])
    assert [each.outcome for each in passing.look()] == ["waiting"]
    tell(trackflow, "early", STEPS[0])
    assert {(each.event, each.outcome) for each in passing.look()} == {
        (STEPS[0], "correlated"),
        (STEPS[1], "correlated"),
    }


def test_of_a_flood_the_newest_pass(passing: Passing, trackflow: Trackflow) -> None:
    for number in range(MOST // 4 + 10):
        tell(trackflow, f"flood-{number}", *STEPS)
    found = passing.look()
    assert len(found) == MOST
    assert found[-1].business_key == f"flood-{MOST // 4 + 9}"


@pytest.mark.parametrize(
    ("watched", "keys"),
    [
        (Watched(), {"a-1", "a-2", "b"}),
        (Watched(key="a-"), {"a-1", "a-2"}),
        (Watched(event=STEPS[1]), {"a-2"}),
        (Watched(outcome="waiting"), {"a-2"}),
        (Watched(key="A"), set()),
    ],
)
def test_only_what_is_watched_passes(
    passing: Passing, trackflow: Trackflow, watched: Watched, keys: set[str]
) -> None:
    tell(trackflow, "a-1", STEPS[0])
    tell(trackflow, "a-2", STEPS[1])
    tell(trackflow, "b", STEPS[0])
    assert {each.business_key for each in passing.look() if watched.has(each)} == keys


@contextmanager
def served(board: Board) -> Iterator[str]:
    """The board on a real port, in a thread of this process: its URL."""
    with listen("127.0.0.1", 0) as listening:
        server = Server(board)
        thread = threading.Thread(target=asyncio.run, args=(server._serve([listening]),))
        thread.start()
        try:
            until(lambda: server.started, PATIENCE, "the server has started")
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            board.streams.end()
            server.should_exit = True
            thread.join(PATIENCE)
            assert not thread.is_alive()


class Heard:
    """What one client of a stream hears."""

    def __init__(self, url: str, **headers: str) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []
        self.ids: list[str] = []
        self.ended = threading.Event()
        self._arguments = (url, headers)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        url, headers = self._arguments
        name = ""
        with httpx.stream("GET", url, headers=headers, timeout=PATIENCE) as answer:
            for line in answer.iter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "id":
                    self.ids.append(value)
                elif field == "data":
                    self.events.append((name, json.loads(value)))
        self.ended.set()

    def of(self, name: str) -> list[dict[str, object]]:
        return [data for each, data in self.events if each == name]


def test_a_page_is_told_when_something_has_changed_and_all_streams_end_with_the_board(
    trackflow: Trackflow,
) -> None:
    board = open_board(trackflow)
    with served(board) as url:
        page = Heard(f"{url}/api/stream")
        until(lambda: page.of("tick"), PATIENCE, "the first tick")
        until(lambda: not board.ticks._wanted.is_set() or board.health.changes >= 4, PATIENCE, "all is seen")
        before = len(page.of("tick"))

        tell(trackflow, "new-one", STEPS[0])
        caught_up(board)

        until(lambda: len(page.of("tick")) > before, PATIENCE, "a tick after the change")
    assert page.ended.wait(PATIENCE)


def test_events_are_heard_as_they_pass_and_a_lost_stream_goes_on_where_it_broke(trackflow: Trackflow) -> None:
    board = open_board(trackflow)
    with served(board) as url:
        page = Heard(f"{url}/api/events/stream?key=live-&event={STEPS[1]}")
        until(lambda: page.events, PATIENCE, "the stream is open")
        tell(trackflow, "other-1", *STEPS[:2])
        tell(trackflow, "live-1", *STEPS[:2])
        until(lambda: page.of("event"), PATIENCE, "the event is heard")
        (event,) = page.of("event")
        assert (event["businessKey"], event["event"], event["outcome"]) == ("live-1", STEPS[1], "correlated")
        assert "payload" not in event

        tell(trackflow, "live-2", *STEPS[:2])
        again = Heard(f"{url}/api/events/stream?key=live-", **{"Last-Event-ID": page.ids[0]})
        until(lambda: again.of("event"), PATIENCE, "what came meanwhile is heard")
        assert [each["businessKey"] for each in again.of("event")] == ["live-2", "live-2"]
    assert page.ended.wait(PATIENCE)
    assert again.ended.wait(PATIENCE)


def test_one_stream_too_many_is_refused_in_words(
    trackflow: Trackflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "MOST_STREAMS", 1)
    with served(open_board(trackflow)) as url:
        page = Heard(f"{url}/api/stream")
        until(lambda: page.events, PATIENCE, "the stream is open")
        answer = httpx.get(f"{url}/api/events/stream")
        assert (answer.status_code, answer.json()) == (
            503,
            {"detail": "1 streams are open already: close some pages"},
        )
