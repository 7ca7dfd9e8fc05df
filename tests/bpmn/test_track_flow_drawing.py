"""The drawing in bpmn/track-flow.bpmn: complete, tidy, and of the same choreography as config/topology.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import hypot
from pathlib import Path

import pytest
from lxml import etree

from config.topology import choreography

MODEL = Path(__file__).parents[2] / "bpmn" / "track-flow.bpmn"
NS = {
    "bpmn": "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "di": "http://www.omg.org/spec/DD/20100524/DI",
    "camunda": "http://camunda.org/schema/1.0/bpmn",
}
TOLERANCE = 1  # px: what a modeler's rounding may leave between a flow's end and a shape's border

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A rectangle of the drawing; x grows to the right, y downwards, in px."""

    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: Box) -> bool:
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )

    def contains(self, other: Box) -> bool:
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.x + other.width <= self.x + self.width
            and other.y + other.height <= self.y + self.height
        )

    def distance_to_border(self, point: Point) -> float:
        x, y = point
        outside_x = max(self.x - x, 0, x - self.x - self.width)
        outside_y = max(self.y - y, 0, y - self.y - self.height)
        if outside_x or outside_y:
            return hypot(outside_x, outside_y)
        return min(x - self.x, self.x + self.width - x, y - self.y, self.y + self.height - y)

    def distance_to_circle(self, point: Point) -> float:
        """Distance from the circle that the box encloses, as events are drawn."""
        x, y = point
        radius = self.width / 2
        return abs(hypot(x - self.x - radius, y - self.y - radius) - radius)


class Drawing:
    """The model's elements by id, and where each is drawn."""

    def __init__(self, path: Path) -> None:
        self.root = etree.parse(str(path)).getroot()
        self.participants = self._by_id("//bpmn:participant")
        self.nodes = self._by_id("//bpmn:process/*[@id and not(self::bpmn:sequenceFlow)]")
        self.sequence_flows = self._by_id("//bpmn:sequenceFlow")
        self.message_flows = self._by_id("//bpmn:messageFlow")
        self.flows = self.sequence_flows | self.message_flows
        self.shapes = {e.get("bpmnElement"): self._box(e) for e in self.find("//bpmndi:BPMNShape")}
        self.edges = {e.get("bpmnElement"): self._waypoints(e) for e in self.find("//bpmndi:BPMNEdge")}
        self.labels = {
            e.get("bpmnElement"): self._box(label)
            for e in self.find("//bpmndi:BPMNShape | //bpmndi:BPMNEdge")
            for label in e.iterfind("bpmndi:BPMNLabel", NS)
        }

    def find(self, xpath: str) -> list[etree._Element]:
        return self.root.xpath(xpath, namespaces=NS)

    def _by_id(self, xpath: str) -> dict[str, etree._Element]:
        return {element.get("id"): element for element in self.find(xpath)}

    @staticmethod
    def _box(element: etree._Element) -> Box:
        bounds = element.find("dc:Bounds", NS)
        return Box(*(float(bounds.get(name)) for name in ("x", "y", "width", "height")))

    @staticmethod
    def _waypoints(edge: etree._Element) -> list[Point]:
        return [(float(p.get("x")), float(p.get("y"))) for p in edge.iterfind("di:waypoint", NS)]

    def pool_of(self, process_id: str) -> Box:
        (pool,) = (name for name, p in self.participants.items() if p.get("processRef") == process_id)
        return self.shapes[pool]

    def distance(self, element_id: str, point: Point) -> float:
        """How far a point is from the border of an element's shape."""
        box = self.shapes[element_id]
        is_event = element_id in self.nodes and self.nodes[element_id].tag.endswith("Event")
        return box.distance_to_circle(point) if is_event else box.distance_to_border(point)

    def segments(self) -> Iterator[tuple[str, Box]]:
        """Every straight piece of a flow, as the box around it."""
        for flow, waypoints in self.edges.items():
            for (x1, y1), (x2, y2) in pairwise(waypoints):
                yield flow, Box(min(x1, x2), min(y1, y2), abs(x1 - x2), abs(y1 - y2))


@pytest.fixture(scope="module")
def drawing() -> Drawing:
    return Drawing(MODEL)


def overlapping(boxes: dict[str, Box]) -> list[tuple[str, str]]:
    return [(a, b) for a, b in combinations(boxes, 2) if boxes[a].overlaps(boxes[b])]


def test_every_element_is_drawn_once_and_nothing_else(drawing: Drawing) -> None:
    references = sorted(e.get("bpmnElement") for e in drawing.find("//bpmndi:BPMNShape | //bpmndi:BPMNEdge"))
    assert references == sorted([*drawing.participants, *drawing.nodes, *drawing.flows])
    assert set(drawing.shapes) == set(drawing.participants) | set(drawing.nodes)


def test_no_two_flow_nodes_and_no_two_pools_overlap(drawing: Drawing) -> None:
    assert overlapping({name: drawing.shapes[name] for name in drawing.nodes}) == []
    assert overlapping({name: drawing.shapes[name] for name in drawing.participants}) == []


def test_every_flow_node_and_its_label_lie_within_their_pool(drawing: Drawing) -> None:
    for name, node in drawing.nodes.items():
        pool = drawing.pool_of(node.getparent().get("id"))
        assert pool.contains(drawing.shapes[name]), name
        assert pool.contains(drawing.labels.get(name, drawing.shapes[name])), f"label of {name}"


def test_every_flow_starts_and_ends_on_the_border_of_what_it_connects(drawing: Drawing) -> None:
    for name, flow in drawing.flows.items():
        first, *_, last = drawing.edges[name]
        assert drawing.distance(flow.get("sourceRef"), first) <= TOLERANCE, f"start of {name}"
        assert drawing.distance(flow.get("targetRef"), last) <= TOLERANCE, f"end of {name}"


def test_flows_are_orthogonal_and_do_not_cross(drawing: Drawing) -> None:
    segments = list(drawing.segments())
    assert [flow for flow, box in segments if box.width and box.height] == []
    # A line is a box without an area, which overlaps nothing: give it a pixel to all sides.
    wide = [(flow, Box(b.x - 1, b.y - 1, b.width + 2, b.height + 2)) for flow, b in segments]
    assert [(a, b) for (a, one), (b, two) in combinations(wide, 2) if a != b and one.overlaps(two)] == []


def test_every_event_and_every_message_flow_has_a_label_of_its_own(drawing: Drawing) -> None:
    events = {name for name, node in drawing.nodes.items() if node.tag.endswith("Event")}
    assert set(drawing.labels) == events | set(drawing.message_flows)


def test_labels_overlap_neither_each_other_nor_a_shape_nor_a_pools_border(drawing: Drawing) -> None:
    assert overlapping(drawing.labels) == []
    for name, label in drawing.labels.items():
        hit = [other for other in drawing.nodes if label.overlaps(drawing.shapes[other])]
        cut = [
            pool
            for pool in drawing.participants
            if label.overlaps(drawing.shapes[pool]) and not drawing.shapes[pool].contains(label)
        ]
        assert (hit, cut) == ([], []), f"label of {name}"


def test_no_flow_runs_through_a_label(drawing: Drawing) -> None:
    labels = drawing.labels.items()
    hit = [
        (flow, name) for flow, line in drawing.segments() for name, label in labels if line.overlaps(label)
    ]
    assert hit == []


def test_the_messages_are_the_events_of_the_choreography(drawing: Drawing) -> None:
    messages = {message.get("id"): message.get("name") for message in drawing.find("//bpmn:message")}
    awaited = [messages[e.get("messageRef")] for e in drawing.find("//bpmn:messageEventDefinition")]
    assert sorted(messages.values()) == sorted(choreography.events)
    assert sorted(awaited) == sorted(choreography.events)


def test_each_consumer_hears_the_same_events_as_in_the_choreography(drawing: Drawing) -> None:
    heard: dict[str, list[str]] = {}
    published = []
    for flow in drawing.message_flows.values():
        if flow.get("sourceRef") == "message_bus":
            process = drawing.nodes[flow.get("targetRef")].getparent().get("id")
            heard.setdefault(process, []).append(flow.get("name"))
        else:
            assert flow.get("targetRef") == "message_bus"
            published.append(flow.get("name"))

    assert sorted(published) == sorted(choreography.events)
    assert {process: sorted(events) for process, events in heard.items()} == {
        s.name: sorted(choreography.heard_by(s.name)) for s in choreography.subscriptions
    }


def test_a_catch_event_is_drawn_with_the_message_that_it_awaits(drawing: Drawing) -> None:
    messages = {message.get("id"): message.get("name") for message in drawing.find("//bpmn:message")}
    for definition in drawing.find("//bpmn:messageEventDefinition"):
        event = definition.getparent().get("id")
        drawn = [f.get("name") for f in drawing.message_flows.values() if f.get("targetRef") == event]
        assert drawn == [messages[definition.get("messageRef")]], event


def test_exactly_one_process_is_executable_and_it_has_a_time_to_live(drawing: Drawing) -> None:
    (process,) = drawing.find("//bpmn:process[@isExecutable='true']")
    assert process.get("id") == "order_fulfillment"
    assert process.get(f"{{{NS['camunda']}}}historyTimeToLive") == "P30D"
