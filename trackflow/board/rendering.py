"""Renders pages: the templates, and what every one of them is given."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from trackflow import words
from trackflow.board.assets import asset
from trackflow.board.context import board_of
from trackflow.board.security.people import known_person
from trackflow.tracking.orders import iso

_SHORT = 80  # characters
# What draws nothing and can make a text look like another: controls, and what turns the direction of reading.
_SIGNS = re.compile("([\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069])")

templates = Environment(
    loader=PackageLoader("trackflow.board", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(request: Request, template: str, status_code: int = 200, **context: Any) -> HTMLResponse:
    """A page of a template. Every template is given:

    person (see `people`), csrf_token ("" for whoever may not write), writable, tenant, health (a
    `health.Report`), now (UTC), path (of the request), and `asset("board.css")`.
    """
    board = board_of(request)
    person = known_person(request, board)
    given = {
        "person": person,
        "csrf_token": board.csrf.token(person.session) if person.session else "",
        "writable": person.may_write,
        "tenant": board.trackflow.settings.tenant,
        "health": board.health.report,
        "now": datetime.now(UTC),
        "path": request.url.path,
    }
    text = templates.get_template(template).render(given | context)
    return HTMLResponse(text, status_code)


def time(moment: datetime | float | None) -> Markup:
    """A `<time>` element, in UTC; a script puts it into the viewer's zone. A number is seconds since 1970."""
    if moment is None:
        return Markup("–")
    at = datetime.fromtimestamp(moment, UTC) if isinstance(moment, int | float) else moment.astimezone(UTC)
    return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(
        iso(at), f"{at:%Y-%m-%d %H:%M:%S}", f"{at:%Y-%m-%d %H:%M}"
    )


def counted(number: int, noun: str | None = None) -> str:
    """`1,234`, or with a noun `1,234 orders`."""
    return f"{number:,}" if noun is None else words.counted(number, noun)


def short(text: str, length: int = _SHORT) -> str:
    """The beginning of a text that may be long."""
    return text if len(text) <= length else text[: length - 1] + "…"


def visible(text: str) -> Markup:
    """A key, an id or a name from outside: what draws nothing is shown by its code, and copied as it is."""
    parts = _SIGNS.split(text)
    signs = [
        Markup('<span class="sign" data-sign="U+{:04X}">{}</span>').format(ord(x), x) for x in parts[1::2]
    ]
    parts[1::2] = signs
    return Markup("").join(parts)


templates.filters |= {
    "time": time,
    "span": words.span,
    "counted": counted,
    "short": short,
    "visible": visible,
}
templates.globals |= {"asset": asset}
