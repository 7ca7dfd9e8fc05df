"""The page and the API of a process: its orders of a period, on its diagram."""

import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from tests.board.conftest import Settings, a_project, asking
from tests.projection.measured import PROCESS, PastOrder, Visit, fill
from trackflow import Trackflow
from trackflow.board.context import open_board
from trackflow.board.process.processes import figures
from trackflow.board.process.selections import Selection
from trackflow.bpmn import parse
from trackflow.projection.period import Period
from trackflow.projection.tables import DAY, tallies

ROOT = Path(__file__).parents[2]
NOON = int(datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp())
WEEK = {"from": "2026-11-18", "to": "2026-11-24"}
ONE = {"id": PROCESS, **WEEK}
HOSTILE = "<script>alert(1)</script> \"'}}{{ 7*7 }} \u202egnp"


def order(
    at: float, seconds: float, version: int = 2, *deviations: str, state: str = "completed"
) -> PastOrder:
    """One that waits for its goods, and for little else."""
    visits = (
        Visit("order_placed", 0),
        Visit("payment_done", 60),
        Visit("goods_fetched", seconds),
        Visit("goods_shipped", 600),
        Visit("order_fulfilled", 0),
    )
    return PastOrder(at, at + 660 + seconds, state, version, visits, deviations)


def orders() -> list[PastOrder]:
    """Two weeks of twenty orders a day. In the second week version 2 is slow, and some orders deviate."""
    found = []
    for day in range(14):
        slow = day >= 7
        for number in range(20):
            at = NOON - (13 - day) * DAY - number * 1000
            deviations = ("early:Payment_Done",) if slow and number == 0 else ()
            state = "terminated" if slow and number == 1 else "completed"
            found.append(order(at, 1200 if slow else 600, 1 + slow, *deviations, state=state))
    return found


@pytest.fixture(scope="module")
def past(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trackflow]:
    """A project whose past is known to the second. Nobody changes it."""
    folder = tmp_path_factory.mktemp("past")
    trackflow = a_project(models, Settings(f"sqlite:///{folder}/ledger.db"))
    trackflow.engine.deploy(trackflow.models, "showcase")
    fill(trackflow.ledger, orders())
    yield trackflow
    trackflow.ledger.close()


@pytest.fixture(scope="module")
def asked(past: Trackflow) -> Iterator[TestClient]:
    with asking(open_board(past)) as client:
        yield client


def text(page: str) -> str:
    """What a reader sees, more or less."""
    return " ".join(re.sub(r"<[^>]*>", " ", re.sub(r"<(script|style).*?</\1>", "", page, flags=re.S)).split())


def marks(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="marks">(.*?)</script>', page, re.S)
    assert found is not None
    return json.loads(found[1])


def page(client: TestClient, **chosen: Any) -> str:
    answer = client.get("/process", params={**ONE, **chosen})
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_processes_are_those_with_models_or_orders(asked: TestClient) -> None:
    known = asked.get("/api/processes").json()

    assert known[0] == {
        "id": PROCESS,
        "name": "Order fulfillment",
        "orders": 280,
        "versions": [{"number": 2, "orders": 140}, {"number": 1, "orders": 140}],
        "withdrawn": False,
    }
    assert [each["id"] for each in known] == [PROCESS, "claim"]
    listed = asked.get("/processes").text
    assert f'href="/process?id={PROCESS}"' in listed
    assert "Claim" in text(listed)


def test_the_only_process_is_shown_at_once(project: Callable[..., Trackflow], tmp_path: Path) -> None:
    trackflow = project()
    trackflow.models_folder = ROOT / "bpmn"
    fill(trackflow.ledger, [])

    with asking(open_board(trackflow)) as client:
        answer = client.get("/processes")

        assert (answer.status_code, answer.headers["location"]) == (303, f"/process?id={PROCESS}")
        assert "No order of this process yet" in text(client.get(answer.headers["location"]).text)


def test_a_period_is_told_in_numbers(asked: TestClient) -> None:
    answer = asked.get(f"/api/processes/{PROCESS}/statistics", params=WEEK).json()

    assert answer["selection"] == {
        "from": "2026-11-18T00:00:00Z",
        "to": "2026-11-25T00:00:00Z",
        "version": None,
    }
    assert (answer["started"], answer["ended"]) == (140, 140)
    assert {each["state"]: each["number"] for each in answer["endings"]} == {
        "completed": 133,
        "terminated": 7,
    }
    assert answer["took"]["p50"] == pytest.approx(1860, rel=0.051)
    fetched = next(each for each in answer["elements"] if each["id"] == "goods_fetched")
    assert (fetched["visits"], fetched["orders"], fetched["share"], fetched["perOrder"]) == (
        140,
        140,
        1.0,
        1.0,
    )
    assert fetched["took"]["p95"] == pytest.approx(1200, rel=0.051)
    assert {"source": "payment_done", "target": "goods_fetched", "number": 140} in answer["flows"]
    assert (answer["pointSeconds"], len(answer["points"])) == (DAY, 7)
    assert answer["points"][0]["start"] == "2026-11-18T00:00:00Z"


def test_a_version_is_told_alone(asked: TestClient) -> None:
    answer = asked.get(f"/api/processes/{PROCESS}/statistics", params={**WEEK, "version": 1}).json()

    assert (answer["started"], answer["took"]) == (0, {"p50": None, "p95": None})


def test_conformance_is_told_in_numbers_and_words(asked: TestClient) -> None:
    answer = asked.get(f"/api/processes/{PROCESS}/conformance", params=WEEK).json()

    assert (answer["ended"], answer["followed"], answer["shareFollowed"]) == (140, 133, 0.95)
    assert answer["deviations"] == [
        {
            "kind": "early",
            "what": "Payment_Done",
            "words": "Payment_Done came before it was awaited",
            "orders": 7,
            "share": 0.05,
        }
    ]


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"other_from": "2026-11-11", "other_to": "2026-11-17"},
        {"other_from": "2026-11-11", "other_to": "2026-11-17", "other_version": 1},
    ],
)
def test_two_periods_are_compared_and_the_usual_one_is_the_time_before(
    asked: TestClient, other: dict[str, Any]
) -> None:
    answer = asked.get(f"/api/processes/{PROCESS}/comparison", params={**WEEK, **other}).json()

    assert answer["other"]["from"] == "2026-11-11T00:00:00Z"
    fetched = next(each for each in answer["elements"] if each["id"] == "goods_fetched")
    assert fetched["p50"]["relative"] == pytest.approx(1, abs=0.21)
    assert answer["followed"] == {"before": 1.0, "after": 0.95, "relative": pytest.approx(-0.05)}


def test_two_versions_are_compared(asked: TestClient) -> None:
    chosen = {"from": "2026-11-11", "to": "2026-11-24", "version": 2, "other_version": 1}

    answer = asked.get(f"/api/processes/{PROCESS}/comparison", params=chosen).json()
    shown = text(page(asked, **chosen))

    assert (answer["selection"]["version"], answer["other"]["version"]) == (2, 1)
    assert answer["started"] == {"before": 140, "after": 140, "relative": 0.0}
    assert re.search(
        r"‘Goods fetched’ in (9\.\d|10) min in version 1, (19|2\d) min in version 2: \d+ % slower", shown
    )


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"from": "yesterday"}, "should be like 2026-01-31"),
        ({"from": "2026-01-02", "to": "2026-01-01"}, "should end after it begins"),
        ({"from": "2020-01-01", "to": "2026-01-01"}, "should be at most 366 days long"),
        ({"to": "2026-01-01"}, "from is missing"),
        ({"period": "9y"}, "should be one of 1h, 24h, 7d, 30d"),
        ({"period": "7d", "from": "2026-01-01"}, "say already which period"),
        ({"from": "2999-01-01"}, "should be between 1970 and 2100"),
        ({"version": "two"}, "version: should be a valid integer"),
        ({"version": "-1"}, "version: should be greater than or equal to 0"),
        ({"version": str(2**31)}, "version: should be less than"),
    ],
)
def test_a_wrong_period_is_refused_in_words(asked: TestClient, chosen: dict[str, str], words: str) -> None:
    of_api = asked.get(f"/api/processes/{PROCESS}/statistics", params=chosen)
    of_page = asked.get("/process", params={"id": PROCESS, **chosen})

    assert (of_api.status_code, of_page.status_code) == (422, 422)
    assert words in of_api.json()["detail"]
    assert words in text(of_page.text)


@pytest.mark.parametrize("path", ["statistics", "conformance", "comparison"])
def test_an_unknown_process_is_not_found(asked: TestClient, path: str) -> None:
    assert asked.get(f"/api/processes/nobody/{path}").status_code == 404
    assert asked.get("/process", params={"id": "nobody"}).status_code == 404


def test_the_page_tells_its_figures_in_sentences(asked: TestClient) -> None:
    shown = text(page(asked))

    assert "18 – 24 Nov 2026" in shown or "18 Nov 2026 until now" in shown
    assert "Days and hours are UTC" in shown
    assert re.search(r"Nearly all of the orders waited here about \d+ min\.", shown)
    assert "133 of 140 orders that ended did (95 %)" in shown
    assert "Payment_Done came before it was awaited 7 5 %" in shown
    assert "7 terminated" in shown


def test_a_deviation_leads_to_the_orders_that_have_it(asked: TestClient) -> None:
    orders = f'href="/orders?process={PROCESS}&amp;deviation=early%3APayment_Done'

    assert f'{orders}"' in page(asked)
    assert f'{orders}&amp;version=2"' in page(asked, version=2)


def test_the_heat_of_the_diagram_is_that_of_the_figures(asked: TestClient) -> None:
    often, usual = marks(page(asked)), marks(page(asked, show="usual"))

    assert often["heat"] == dict.fromkeys(often["heat"], 1.0)
    assert {"order_placed", "goods_fetched", "order_placed_to_payment_done"} <= set(often["heat"])
    assert often["labels"]["goods_fetched"] == "140"
    assert usual["heat"]["goods_fetched"] == 1.0
    assert 0 < usual["heat"]["payment_done"] < 0.1
    assert "order_placed" not in usual["heat"]  # an order passes it at once


def test_the_diagram_shows_what_changed_and_not_what_is_the_same(asked: TestClient) -> None:
    changed = marks(page(asked, compare="before", show="slow"))

    assert set(changed["heat"]) == {"goods_fetched"}
    assert changed["heat"]["goods_fetched"] > 0.5
    assert re.fullmatch(r"\d+ % slower", changed["labels"]["goods_fetched"])


def test_every_view_has_a_url_of_its_own(asked: TestClient) -> None:
    shown = page(asked, version=2, show="slow", sort="-p95", compare="before")

    hrefs = [unescape(href) for href in re.findall(r'href="(/process\?[^"#]*)', shown)]
    assert [href for href in hrefs if asked.get(href).status_code != 200] == []
    kept = {"id": PROCESS, "version": "2", "show": "slow", "sort": "-p95", "compare": "before"}
    assert {"period": "24h", **kept} in [dict(parse_qsl(urlsplit(href).query)) for href in hrefs]


def test_the_table_of_steps_is_in_the_order_of_the_model_or_as_one_wants_it(asked: TestClient) -> None:
    def steps(**chosen: str) -> list[str]:
        table = page(asked, **chosen).split('class="table cards steps"')[1].split("</table>")[0]
        return re.findall(r'<th scope="row"><bdi>([^<]*)', table)

    assert steps() == ["Order placed", "Payment done", "Goods fetched", "Goods shipped", "Order fulfilled"]
    assert steps(sort="-p95")[:2] == ["Goods fetched", "Goods shipped"]
    assert steps(sort="name") == sorted(steps())


def test_an_empty_period_leads_to_the_nearest_with_orders(asked: TestClient) -> None:
    empty = page(asked, **{"from": "2026-12-10", "to": "2026-12-16"})

    assert "No order started or ended in this period" in text(empty)
    assert "The nearest with orders is 18 – 24 Nov 2026" in text(empty)
    found = re.search(r'class="button button-main" href="([^"]*)"', empty)
    assert found is not None
    assert "140 orders started and 140 ended" in asked.get(found[1].replace("&amp;", "&")).text


def test_an_empty_side_of_a_comparison_is_said(asked: TestClient) -> None:
    shown = text(page(asked, other_from="2025-01-01", other_to="2025-01-07"))

    assert "No order ended before, so there is nothing to compare" in shown


def test_hostile_names_are_text(project: Callable[..., Trackflow]) -> None:
    trackflow = project()
    escaped = HOSTILE.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    source = next(each.source for each in trackflow.models if each.process == PROCESS).decode()
    model = parse(
        source.replace("Order fulfillment", escaped).replace("Goods fetched", escaped).encode(), "x.bpmn"
    )
    trackflow.engine.deploy([model], "showcase")
    deviations = (f"early:{HOSTILE}", f"{HOSTILE}:x", "skipped:goods_fetched", "repeated:")
    fill(trackflow.ledger, [order(NOON, 1200, 1, *deviations, state=HOSTILE)])
    fill(trackflow.ledger, [PastOrder(NOON, NOON + 1, visits=(Visit(HOSTILE, 1),))], process=HOSTILE)

    with asking(open_board(trackflow)) as client:
        pages = [
            client.get("/processes"),
            client.get("/process", params=ONE),
            client.get("/process", params={**ONE, "compare": "before"}),
            client.get("/process", params={**ONE, "id": HOSTILE}),
            client.get("/process", params={**ONE, "id": HOSTILE, "show": "usual"}),
        ]
        found = client.get(f"/api/processes/{PROCESS}/conformance", params=WEEK).json()

    for each in pages:
        assert each.status_code == 200
        assert "alert(1)" in each.text
        assert "<script>alert" not in each.text
        assert " style=" not in each.text
        assert not re.search(r"<script(?![^>]*(src=|application/json))", each.text)
        assert "{{ 7*7 }}" in each.text
    assert len(found["deviations"]) == 4


def test_a_days_border_is_midnight_utc_wherever_the_board_runs(
    past: Trackflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, answers = open_board(past), []
    try:
        for zone in ("UTC", "America/New_York", "Pacific/Auckland", "Europe/Berlin"):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            with asking(board) as client:
                # A day of 23 hours in Berlin, 25 in New York.
                for day in ("2026-03-29", "2026-11-01"):
                    answers.append(
                        client.get(
                            f"/api/processes/{PROCESS}/statistics", params={"from": day, "to": day}
                        ).json()["selection"]
                    )
    finally:
        monkeypatch.undo()
        time.tzset()

    assert (
        answers[::2] == [{"from": "2026-03-29T00:00:00Z", "to": "2026-03-30T00:00:00Z", "version": None}] * 4
    )
    assert (
        answers[1::2] == [{"from": "2026-11-01T00:00:00Z", "to": "2026-11-02T00:00:00Z", "version": None}] * 4
    )


def test_whoever_asks_the_same_gets_the_same_answer(past: Trackflow) -> None:
    board = open_board(past)
    week = Selection(Period(NOON // DAY * DAY - 6 * DAY, NOON // DAY * DAY + DAY, DAY))

    assert figures(board, PROCESS, week) is figures(board, PROCESS, week)


def test_without_the_ledger_the_page_opens_and_says_so(project: Callable[..., Trackflow]) -> None:
    trackflow = project()
    fill(trackflow.ledger, [])
    board = open_board(trackflow)

    with asking(board) as client:
        board.projector.opened()  # it makes no table after this
        with trackflow.ledger.writing() as transaction:
            transaction.execute(sa.text(f"DROP TABLE {tallies.name}"))
        for path in ("/processes", f"/process?id={PROCESS}"):
            answer = client.get(path)

            assert answer.status_code == 200
            assert "The ledger is away" in text(answer.text)
        assert client.get("/api/processes").status_code == 503


def test_each_point_of_a_chart_says_its_values_and_leads_to_its_day(asked: TestClient) -> None:
    shown = page(asked)

    assert 'aria-label="Thu 19 Nov: 20 ended, 20 started"' in shown
    assert re.search(r'aria-label="Thu 19 Nov: half under \d+ min, 95 % under \d+ min"', shown)
    assert "from=2026-11-19&amp;to=2026-11-19" in shown
    assert shown.count('class="plot-point"') == 14
    assert len(re.findall(r'class="plot-point"[^>]*tabindex="0"', shown)) == 2


def test_what_the_projector_counted_is_shown(reading: TestClient) -> None:
    answer = reading.get(f"/api/processes/{PROCESS}/statistics", params={"period": "24h"}).json()
    shown = reading.get("/process", params={"id": PROCESS, "period": "24h"})

    assert answer["ended"] >= 20
    assert {"order_placed", "payment_done", "goods_fetched", "goods_shipped"} <= {
        each["id"] for each in answer["elements"]
    }
    assert {each["share"] for each in answer["elements"]} == {1.0}
    assert f"{answer['started']} orders started and {answer['ended']} ended." in shown.text
    assert "came after the order had ended" in shown.text
