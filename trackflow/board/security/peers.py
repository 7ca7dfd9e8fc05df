"""From where a request really comes, and over what: trusted proxies are believed, nobody else is."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from starlette.datastructures import Address
from starlette.requests import Request

from trackflow.board.settings import Network

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine reach a server that listens there."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_trusted(peer: Address | None, networks: Iterable[Network]) -> bool:
    """Whether the peer of a connection is one of ours."""
    return peer is not None and _is_among(peer.host, networks)


def address_of(request: Request, networks: Iterable[Network]) -> str:
    """Whose request it is: the last address on its way that is no proxy of ours."""
    peer = request.client.host if request.client else ""
    if not _is_among(peer, networks):
        return peer
    way = [each.strip() for each in request.headers.get("x-forwarded-for", "").split(",") if each.strip()]
    return next((address for address in reversed(way) if not _is_among(address, networks)), peer)


def is_https(request: Request, networks: Iterable[Network]) -> bool:
    """Whether the browser speaks HTTPS, with us or with a proxy of ours."""
    if is_trusted(request.client, networks) and (scheme := request.headers.get("x-forwarded-proto")):
        return scheme.strip().lower() == "https"
    return request.url.scheme == "https"


def _is_among(address: str, networks: Iterable[Network]) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if ip.version == 6 and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return any(ip in network for network in networks)
