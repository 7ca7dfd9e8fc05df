"""As XES (IEEE 1849-2016), which process mining tools read: a trace for each order, an event for each event.

`time:timestamp` is when the event was recorded: one clock for all, in the order of arrival. What only we know
is in attributes `trackflow:…`. A file that does not end in `</log>` is not complete.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from xml.sax.saxutils import quoteattr

from trackflow.projection.export.reading import Emitter, Exported
from trackflow.tracking.orders import Event, iso

# What XML 1.0 has no way to write (https://www.w3.org/TR/xml/#charsets).
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2016" xes.features="">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<global scope="trace"><string key="concept:name" value=""/></global>
<global scope="event"><string key="concept:name" value=""/>\
<date key="time:timestamp" value="1970-01-01T00:00:00.000Z"/>\
<string key="lifecycle:transition" value="complete"/></global>
<classifier name="Event" scope="event" keys="concept:name"/>
<string key="lifecycle:model" value="standard"/>
"""


def xes(orders: Iterable[Exported], emitter: Emitter) -> Iterator[str]:
    """The pieces of the file; `emitter` knows which service emits an event."""
    yield _HEAD
    for each in orders:
        order = each.order
        yield "<trace>" + _attribute("concept:name", order.business_key)
        yield _attribute("trackflow:state", order.state) + _attribute(
            "trackflow:process", order.process or None
        )
        for event in each.events:
            yield "\n<event>" + "".join(_attributes(event, each.emitter(event, emitter))) + "</event>"
        yield "\n</trace>\n"
    yield "</log>\n"


def _attributes(event: Event, resource: str | None) -> Iterator[str]:
    payload = None if event.payload is None else json.dumps(event.payload, ensure_ascii=False)
    yield _attribute("concept:name", event.event)
    yield _attribute("time:timestamp", event.received_at)
    yield _attribute("lifecycle:transition", "complete")
    yield _attribute("org:resource", resource)
    yield _attribute("trackflow:id", event.id)
    yield _attribute("trackflow:outcome", event.outcome)
    yield _attribute("trackflow:reason", event.reason)
    yield _attribute("trackflow:deliveries", event.deliveries)
    yield _attribute("trackflow:publishedAt", event.published_at)
    yield _attribute("trackflow:payload", payload)


def _attribute(key: str, value: str | int | datetime | None) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f'<date key="{key}" value="{iso(value)}"/>'
    if isinstance(value, int):
        return f'<int key="{key}" value="{value}"/>'
    text = quoteattr(_FORBIDDEN.sub("\ufffd", value))
    return f'<string key="{key}" value={text}/>'
