"""What every response says to the browser, and which requests are refused unseen. Plain ASGI, for streams."""

from __future__ import annotations

from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 4 * 1024 * 1024  # bytes: an event has at most one MiB, a form encodes it in up to three
_TOO_LARGE = f"At most {LARGEST_BODY} bytes are taken."

# Nothing but our own files: no inline script, no inline style, no frame, no other host. Pictures in data URLs
# are drawn, never run.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Policy:
    """Adds the headers; refuses foreign hosts and bodies that are too large."""

    def __init__(self, app: ASGIApp, hosts: Collection[str] = ()) -> None:
        """`hosts`: names by which the board may be asked for; empty: any.

        Without the check a page of any site could point its own name at 127.0.0.1 and read the board through
        the visitor's browser (DNS rebinding).
        """
        self._app = app
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        refusal = self._refusal(Headers(scope=scope))
        await (refusal or self._app)(scope, _limited(receive), send_with_headers)

    def _refusal(self, headers: Headers) -> PlainTextResponse | None:
        host = headers.get("host", "")
        if self._hosts and _name(host) not in self._hosts:
            names = ", ".join(sorted(self._hosts))
            return PlainTextResponse(f"This board is asked for by {names}, not by {host[:100]!r}.", 421)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > LARGEST_BODY:
            return PlainTextResponse(_TOO_LARGE, 413)
        return None


def _limited(receive: Receive) -> Receive:
    """Also a body that does not say how long it is."""
    received = 0

    async def limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > LARGEST_BODY:
            raise HTTPException(413, _TOO_LARGE)
        return message

    return limited


def _name(host: str) -> str:
    """Without the port: a tunnel has another one."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).lower()
