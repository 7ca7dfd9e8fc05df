"""The settings: the only place that reads the environment.

| variable     | default                  | meaning                                                         |
|--------------|--------------------------|-----------------------------------------------------------------|
| `AMQP_URL`   | `memory://`              | the broker; in memory everything lives in one process.          |
|              |                          | A cluster: the URLs of its nodes, separated by `;`              |
| `TENANT`     | `showcase`               | exchange, prefix of the queues, the engine's tenant id          |
| `ENGINE_URL` | `embedded`               | or `http(s)://[user:password@]host/engine-rest`                 |
| `LEDGER_URL` | `sqlite:///trackflow.db` | or `postgresql+psycopg://…` where trackers run on several hosts |

The board's, all of them optional:

| variable             | meaning                                                                             |
|----------------------|-------------------------------------------------------------------------------------|
| `BOARD_USERS`        | who may sign in: what `celery -A tasks track user NAME` prints, with commas between |
| `BOARD_PROXY_HEADER` | instead: a proxy signs people in and says who asks, as                              |
|                      | `X-Forwarded-User,X-Forwarded-Role` (without a role everybody is a reader).         |
|                      | It must remove these headers from what it is sent                                   |
| `BOARD_PROXY_PEERS`  | the addresses of that proxy, or of one that only speaks TLS: only they are believed |
| `BOARD_HOSTS`        | the names by which the board is asked for                                           |
| `BOARD_SECRET`       | signs sessions; several boards share one. Otherwise a new one with each start       |
| `BOARD_PUBLISH`      | whether operators may publish test events; otherwise only in memory                 |
| `MASK`               | payload fields that are hidden, as `*card*,iban`; otherwise passwords and the like  |
| `STUCK_HOOK`         | told of each order that waits too long: an `http(s)://` URL or a command line       |
| `COCKPIT_URL`        | the engine's own web application, for links to it                                   |
"""

import shlex
from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from trackflow.board.settings import MASK, Network, ProxyHeaders, User, listed, networks, proxy_headers, users
from trackflow.message import TenantName
from trackflow.urls import masked

SHORTEST_SECRET = 16  # characters
_SECRET = ("BOARD_USERS", "BOARD_SECRET")  # nothing of these is shown


def _url(*schemes: str, hosted: tuple[str, ...] = ()) -> Callable[[str], str]:
    """A check of a URL's scheme, port and, for some schemes, host."""

    def check(value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in schemes:
            raise ValueError(f"should begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        try:
            _ = parts.port
        except ValueError:  # its text may hold a part of the password
            raise ValueError("should have a port of 0 to 65535, or none") from None
        if parts.scheme in hosted and not parts.hostname:
            raise ValueError("should name a host")
        return value

    return check


_engine = _url("http", "https", hosted=("http", "https"))
_broker = _url("amqp", "amqps", "memory", hosted=("amqp", "amqps"))
_node = _url("amqp", "amqps", hosted=("amqp", "amqps"))
_ledger = _url("sqlite", "postgresql+psycopg", hosted=("postgresql+psycopg",))


def _brokers(value: str) -> str:
    """One broker, or the nodes of a cluster: Kombu tries one after the other until one answers."""
    if ";" not in value:
        return _broker(value)
    for url in value.split(";"):
        try:
            _node(url)
        except ValueError as exc:
            raise ValueError(f"each URL between ';' {exc}") from None
    return value


def _embedded_or_url(value: str) -> str:
    if value == "embedded":
        return value
    try:
        return _engine(value).rstrip("/")
    except ValueError as exc:
        raise ValueError(f"{exc}, or be embedded") from None


def _hook(value: str) -> str:
    if value.startswith(("http:", "https:")):
        return _engine(value)
    shlex.split(value)  # raises ValueError: "No closing quotation"
    return value


def _proxy_headers(value: str) -> ProxyHeaders | None:
    return proxy_headers(value) if value else None


def _secret(value: str) -> str:
    if len(value) < SHORTEST_SECRET:
        raise ValueError(f"should have {SHORTEST_SECRET} characters or more")
    return value


# As Docker Compose passes on what is not set.
_EMPTY = BeforeValidator(lambda value: value or None)


class Settings(BaseSettings):
    """One value each; `load` reads them from the environment."""

    model_config = SettingsConfigDict(frozen=True, validate_default=False)

    amqp_url: Annotated[str, AfterValidator(_brokers)] = Field("memory://", repr=False)
    tenant: TenantName = "showcase"
    engine_url: Annotated[str, AfterValidator(_embedded_or_url)] = Field("embedded", repr=False)
    ledger_url: Annotated[str, AfterValidator(_ledger)] = Field("sqlite:///trackflow.db", repr=False)

    board_users: Annotated[tuple[User, ...], NoDecode, BeforeValidator(users)] = Field((), repr=False)
    board_proxy_header: Annotated[ProxyHeaders | None, NoDecode, BeforeValidator(_proxy_headers)] = None
    board_proxy_peers: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(networks)] = ()
    board_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(listed)] = ()
    board_secret: Annotated[Annotated[str, AfterValidator(_secret)] | None, _EMPTY] = Field(None, repr=False)
    board_publish: Annotated[bool | None, _EMPTY] = None
    mask: Annotated[tuple[str, ...], NoDecode, BeforeValidator(listed)] = MASK
    stuck_hook: Annotated[Annotated[str, AfterValidator(_hook)] | None, _EMPTY] = Field(None, repr=False)
    cockpit_url: Annotated[Annotated[str, AfterValidator(_engine)] | None, _EMPTY] = None


def load() -> Settings:
    """The settings of this process. A wrong one ends it: one line names the variable and its value."""
    try:
        return Settings()
    except ValidationError as exc:
        error = exc.errors()[0]
        variable = str(error["loc"][0]).upper()
        what = error["msg"].removeprefix("Value error, ")
        value = "***" if variable in _SECRET else masked(str(error["input"]))
        raise SystemExit(f"{variable}={value!r}: {what}") from None


settings = load()
