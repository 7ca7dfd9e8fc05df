"""How long pages and answers of the API take, asked by one client or by many."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median, quantiles
from typing import NamedTuple

import urllib3

from bench.board.questions import Question

# As a browser asks; it is told the same as a person whose browser has no script.
_HEADERS = {"Accept-Encoding": "gzip", "Accept": "text/html,application/json"}
_PATIENCE = 60.0  # seconds


class Latency(NamedTuple):
    """Of one question, in milliseconds."""

    median: float
    p95: float
    most: float
    kilobytes: float  # of an answer, as it travels


def asked(url: str, questions: Sequence[Question], times: int, clients: int) -> dict[str, Latency]:
    """Each client asks each question so many times, in an order of its own, without a pause.

    Raises RuntimeError at an answer that is an error.
    """
    http = urllib3.PoolManager(maxsize=clients, headers=_HEADERS, retries=False)
    with http, ThreadPoolExecutor(clients) as pool:
        told = pool.map(lambda client: _one_client(http, url, questions, times, client), range(clients))
        answers = [answer for each in told for answer in each]
    found: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for name, seconds, size in answers:
        found[name].append((seconds * 1000, size))
    return {question.name: _latency(found[question.name]) for question in questions}


def _one_client(
    http: urllib3.PoolManager, url: str, questions: Sequence[Question], times: int, client: int
) -> list[tuple[str, float, int]]:
    chance = random.Random(client)
    order = list(questions) * times
    chance.shuffle(order)
    return [(question.name, *_ask(http, url + question.path(chance))) for question in order]


def _ask(http: urllib3.PoolManager, url: str) -> tuple[float, int]:
    began = time.perf_counter()
    answer = http.request("GET", url, timeout=_PATIENCE, decode_content=False)
    seconds = time.perf_counter() - began
    if answer.status not in (200, 303):  # the list of one process leads on to it
        raise RuntimeError(f"{url} answers {answer.status}: {answer.data[:300]!r}")
    return seconds, len(answer.data)


def _latency(found: Sequence[tuple[float, int]]) -> Latency:
    times = [each for each, _ in found]
    p95 = quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else times[0]
    return Latency(median(times), p95, max(times), median(size for _, size in found) / 1000)
