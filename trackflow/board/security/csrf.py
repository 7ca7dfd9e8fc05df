"""Against cross-site request forgery: a page of somebody else's must not act in the name of who looks at it.

Two checks, each enough alone: a token that only our own pages know, and what the browser says about where a
request comes from (https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html).
"""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

from starlette.requests import Request

HEADER = "X-CSRF-Token"
FIELD = "csrf_token"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class Csrf:
    """Makes and checks tokens."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"trackflow.board.csrf:" + secret.encode()).digest()

    def token(self, session: str) -> str:
        """The token of a session: the same as long as it lasts."""
        return hmac.new(self._key, session.encode(), hashlib.sha256).hexdigest()

    def is_right(self, token: str | None, session: str) -> bool:
        """Whether the token is the session's."""
        return hmac.compare_digest((token or "").encode(), self.token(session).encode())


async def token_of(request: Request) -> str | None:
    """The token that came with a request: in its header, or in its form."""
    if header := request.headers.get(HEADER):
        return header
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() in _FORMS:
        field = (await request.form()).get(FIELD)
        return field if isinstance(field, str) else None
    return None


def is_from_elsewhere(request: Request) -> bool:
    """Whether the browser says that a page of another site sent it. Other programs say nothing."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return True
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host")
