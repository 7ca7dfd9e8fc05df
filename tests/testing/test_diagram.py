"""A model's diagram as an SVG: everything that its file shows, whatever stands in it."""

from pathlib import Path

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from lxml import etree

from trackflow.bpmn import parse, read
from trackflow.testing.diagram import drawn
from trackflow.testing.diagram.texts import lines_of, width_of

SVG = "{http://www.w3.org/2000/svg}"
MODEL = Path(__file__).parent / "models" / "order-with-reminder.bpmn"
SOURCE = MODEL.read_bytes()


def svg_of(source: bytes, counts: dict[str, int] | None = None) -> etree._Element:
    picture = drawn(parse(source, "order.bpmn"), counts or {}, "Order", "all of it")
    assert picture is not None
    return etree.fromstring(picture)


def styles(root: etree._Element) -> dict[str, str]:
    return {node.get("data-element"): node.get("class") for node in root.iter() if node.get("data-element")}


def test_each_element_and_flow_has_its_colour_and_its_count() -> None:
    model = read(MODEL)
    root = svg_of(SOURCE, {"order_placed": 3, "order_placed_to_await_payment": 1234})
    never = dict.fromkeys([*model.elements, *model.flows], "never")
    assert styles(root) == never | {"order_placed": "taken", "order_placed_to_await_payment": "taken"}
    counts = [text.strip() for text in root.xpath("//*[@class='count']//text()")]
    assert counts == ["1,234", "3"]
    titles = {title.text for title in root.iter(f"{SVG}title")}
    assert {"Order placed (order_placed): 3 ×", "Given up (given_up): never"} <= titles


def test_what_is_not_of_the_executable_process_is_grey() -> None:
    model = read("bpmn/track-flow.bpmn")
    picture = drawn(model, {}, "Shop", "")
    assert picture is not None
    found = styles(etree.fromstring(picture))
    assert {found["place_order"], found["message_bus"], found["publish_order_placed"]} == {"plain"}
    assert found["order_placed"] == "never"


def test_no_text_of_a_model_becomes_markup() -> None:
    name = "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot;"
    root = svg_of(SOURCE.replace(b'name="Order placed"', f'name="{name}"'.encode()))
    assert not list(root.iter(f"{SVG}script"))
    assert any("<script>" in "".join(text.itertext()) for text in root.iter(f"{SVG}text"))


def test_without_a_diagram_there_is_no_picture() -> None:
    end = SOURCE.index(b"  <bpmndi:BPMNDiagram")
    assert drawn(parse(SOURCE[:end] + b"</bpmn:definitions>", "order.bpmn"), {}, "", "") is None


@pytest.mark.parametrize("bad", ["", "NaN", "inf", "-1e300", "wide", "1e7"])
@pytest.mark.parametrize("place", ['x="152"', 'width="140"', 'y="200"', 'height="36"'])
def test_what_has_no_sensible_place_is_left_out(place: str, bad: str) -> None:
    name = place.split("=")[0]
    root = svg_of(SOURCE.replace(place.encode(), f'{name}="{bad}"'.encode()))
    assert float(root.get("width", "")) < 1e5
    places = [value for node in root.iter() for name in ("d", "x", "y") if (value := node.get(name))]
    assert places
    assert not any(word in place for place in places for word in ("nan", "inf", "e+"))


def test_lines_of_no_length_are_drawn() -> None:
    source = SOURCE.replace(b'<di:waypoint x="250" y="200" />', b'<di:waypoint x="188" y="200" />')
    assert styles(svg_of(source))["order_placed_to_await_payment"] == "never"


def test_every_plane_of_a_file_is_drawn() -> None:
    second = SOURCE[SOURCE.index(b"  <bpmndi:BPMNDiagram") :].replace(b'id="plane"', b'id="plane_2"')
    second = second.replace(b'id="diagram"', b'id="diagram_2"').replace(b'_di"', b'_di_2"')
    both = SOURCE.replace(b"</bpmn:definitions>", second)
    one, two = svg_of(SOURCE), svg_of(both)
    assert float(two.get("height", "")) > 1.5 * float(one.get("height", ""))
    assert len(two.xpath("//*[@data-element='given_up']")) == 2


def test_a_dark_page_has_its_own_colours() -> None:
    (style,) = svg_of(SOURCE).iter(f"{SVG}style")
    assert "prefers-color-scheme: dark" in (style.text or "")


def test_nothing_is_fetched_by_a_picture() -> None:
    text = etree.tostring(svg_of(SOURCE), encoding="unicode")
    assert not any(word in text for word in ("href", "url(", "@import"))
    assert text.count("http") == 1  # the namespace


@settings(deadline=None)
@for_all(st.text(max_size=200), st.floats(20, 200))
def test_no_line_of_a_label_is_too_wide_and_no_word_is_lost(text: str, width: float) -> None:
    lines = lines_of(text, width, most=1000)
    assert all(width_of(line) <= width or len(line) == 1 for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_a_label_breaks_within_names_as_code_has_them() -> None:
    assert lines_of("Order_Placed by Customer", 60) == ["Order_", "Placed by", "Customer"]
    assert lines_of("one two three four", 25, most=2)[-1].endswith("…")
