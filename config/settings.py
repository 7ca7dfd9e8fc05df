"""The settings: the only place that reads the environment.

| variable     | default                  | meaning                                                         |
|--------------|--------------------------|-----------------------------------------------------------------|
| `AMQP_URL`   | `memory://`              | the broker; in memory everything lives in one process.          |
|              |                          | A cluster: the URLs of its nodes, separated by `;`              |
| `TENANT`     | `showcase`               | exchange, prefix of the queues, the engine's tenant id          |
| `ENGINE_URL` | `embedded`               | or `http(s)://[user:password@]host/engine-rest`                 |
| `LEDGER_URL` | `sqlite:///trackflow.db` | or `postgresql+psycopg://…` where trackers run on several hosts |
"""

from collections.abc import Callable
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from trackflow.message import TenantName
from trackflow.urls import masked


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


class Settings(BaseSettings):
    """One value each; `load` reads them from the environment."""

    model_config = SettingsConfigDict(frozen=True)

    amqp_url: Annotated[str, AfterValidator(_brokers)] = Field("memory://", repr=False)
    tenant: TenantName = "showcase"
    engine_url: Annotated[str, AfterValidator(_embedded_or_url)] = Field("embedded", repr=False)
    ledger_url: Annotated[str, AfterValidator(_ledger)] = Field("sqlite:///trackflow.db", repr=False)


def load() -> Settings:
    """The settings of this process. A wrong one ends it: one line names the variable and its value."""
    try:
        return Settings()
    except ValidationError as exc:
        error = exc.errors()[0]
        variable = str(error["loc"][0]).upper()
        what = error["msg"].removeprefix("Value error, ")
        raise SystemExit(f"{variable}={masked(str(error['input']))!r}: {what}") from None


settings = load()
