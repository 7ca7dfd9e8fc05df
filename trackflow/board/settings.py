"""What the board is told: read from the project's settings, with defaults for all that they lack.

The functions read one variable each, for whoever reads the environment. They raise ValueError in words,
without any secret.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Role = Literal["reader", "operator"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Names of payload fields whose values nobody needs in order to find out what happened to an order.
MASK = (
    "*password*",
    "*passwd*",
    "*secret*",
    "*token*",
    "*api_key*",
    "*apikey*",
    "*iban*",
    "*card*",
    "*cvc*",
    "*cvv*",
)

_NAME = re.compile(r"[^\s:,]{1,64}")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


@dataclass(frozen=True, slots=True)
class User:
    """One entry of `BOARD_USERS`; `password_hash` is Argon2's, in the PHC format."""

    name: str
    role: Role
    password_hash: str = field(repr=False)

    def entry(self) -> str:
        """As `BOARD_USERS` takes it. The hash is in base64: its `$` would be read by shells and by Docker."""
        return f"{self.name}:{self.role}:{base64.urlsafe_b64encode(self.password_hash.encode()).decode()}"


@dataclass(frozen=True, slots=True)
class ProxyHeaders:
    """Where a trusted proxy says who asks. A role that is neither of ours is a reader's."""

    user: str
    role: str | None = None


@dataclass(frozen=True, slots=True)
class BoardSettings:
    """What a board goes by.

    Attributes:
        users: who may sign in.
        proxy: the headers of a proxy that signs people in itself.
        peers: addresses of trusted proxies.
        hosts: names by which the board may be asked for (`Host`); empty: any, or only loopback's own.
        secret: signs sessions. Without one, everybody signs in again after a start.
        mask: patterns of payload fields that are hidden.
        publish: whether people may publish test events; None: only in memory, on loopback.
        stuck_hook: what is told of an order that waits too long: a URL, or a command line.
        cockpit_url: of the engine's own web application.
    """

    users: tuple[User, ...] = ()
    proxy: ProxyHeaders | None = None
    peers: tuple[Network, ...] = ()
    hosts: tuple[str, ...] = ()
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    mask: tuple[str, ...] = MASK
    publish: bool | None = None
    stuck_hook: str | None = field(default=None, repr=False)
    cockpit_url: str | None = None

    @classmethod
    def of(cls, settings: Any) -> BoardSettings:
        """Of the project's settings, which may know nothing of a board: what they lack has its default."""
        found = {
            name: getattr(settings, variable)
            for name, variable in _VARIABLES.items()
            if getattr(settings, variable, None) is not None
        }
        return cls(**found)


# Field → attribute of the project's settings.
_VARIABLES = {
    "users": "board_users",
    "proxy": "board_proxy_header",
    "peers": "board_proxy_peers",
    "hosts": "board_hosts",
    "secret": "board_secret",
    "publish": "board_publish",
    "mask": "mask",
    "stuck_hook": "stuck_hook",
    "cockpit_url": "cockpit_url",
}


def listed(text: str) -> tuple[str, ...]:
    """The words between commas."""
    return tuple(word for each in text.split(",") if (word := each.strip()))


def users(text: str) -> tuple[User, ...]:
    """`alice:operator:<hash>,bob:reader:<hash>`, as `track user` prints them."""
    found = tuple(_user(entry) for entry in listed(text))
    if twice := _twice(user.name for user in found):
        raise ValueError(f"names {twice!r} twice")
    return found


def proxy_headers(text: str) -> ProxyHeaders:
    """`X-Forwarded-User` or `X-Forwarded-User,X-Forwarded-Role`."""
    names = listed(text)
    if len(names) not in (1, 2) or not all(_HEADER.fullmatch(name) for name in names):
        raise ValueError("should be a header with the user's name and, after a comma, one with the role")
    return ProxyHeaders(*names)


def networks(text: str) -> tuple[Network, ...]:
    """`127.0.0.1,10.1.0.0/16`."""
    try:
        return tuple(ipaddress.ip_network(word) for word in listed(text))
    except ValueError as exc:
        raise ValueError(f"should be addresses or networks with commas between them: {exc}") from None


def user_name(text: str) -> str:
    """The text, if an entry can begin with it; otherwise ValueError."""
    if not _NAME.fullmatch(text):
        raise ValueError("a name should be 1 to 64 characters, without spaces, ':' and ','")
    return text


def _user(entry: str) -> User:
    name, _, rest = entry.partition(":")
    role, _, encoded = rest.partition(":")
    if not _NAME.fullmatch(name):
        raise ValueError("each entry should be name:role:hash, as `celery -A tasks track user` prints it")
    if role not in get_args(Role):
        raise ValueError(f"the role of {name!r} should be reader or operator")
    try:
        password_hash = base64.urlsafe_b64decode(encoded).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        password_hash = ""
    if not password_hash.startswith("$argon2"):
        raise ValueError(f"the hash of {name!r} is none: `celery -A tasks track user {name}` prints one")
    return User(name, role, password_hash)  # type: ignore[arg-type]  # looked at above


def _twice(names: Iterable[str]) -> str | None:
    seen = set[str]()
    return next((name for name in names if name in seen or seen.add(name)), None)  # type: ignore[func-returns-value]
