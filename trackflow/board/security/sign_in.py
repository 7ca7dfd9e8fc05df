"""Checks passwords, and makes guessing them slow."""

from __future__ import annotations

import getpass
import ipaddress
import math
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterable
from time import monotonic

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from trackflow.board.settings import User

_AT_ONCE = 2  # hashes are made to be expensive: 64 MiB each
_LONGEST_PASSWORD = 1024

_hasher = PasswordHasher()


class TooManyTries(Exception):
    """Somebody guesses. `wait` is how many seconds to wait before the next try."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"too many failed attempts: try again in {wait} s")
        self.wait = wait


class Throttle:
    """So many tries at once, then one each so many seconds, for each name of something.

    The memory is bounded: with more names than that, those not seen for longest are forgotten.
    """

    def __init__(self, burst: int, seconds: float, most: int = 10_000) -> None:
        self._burst = burst
        self._seconds = seconds
        self._most = most
        self._used: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tries used up, at a time
        self._lock = threading.Lock()

    def take(self, name: str) -> None:
        """Use one try. Raises TooManyTries."""
        with self._lock:
            used = self._now_used(name)
            if used > self._burst - 1:
                raise TooManyTries(math.ceil((used - self._burst + 1) * self._seconds))
            self._keep(name, used + 1)

    def give_back(self, name: str) -> None:
        """It was no guess."""
        with self._lock:
            self._keep(name, max(0.0, self._now_used(name) - 1))

    def _now_used(self, name: str) -> float:
        used, at = self._used.get(name, (0.0, 0.0))
        return max(0.0, used - (monotonic() - at) / self._seconds)

    def _keep(self, name: str, used: float) -> None:
        self._used[name] = (used, monotonic())
        self._used.move_to_end(name)
        if len(self._used) > self._most:
            self._used.popitem(last=False)


class SignIn:
    """Who may sign in: the users of the settings and, with a link, whoever started the board.

    Attributes:
        users: by name.
    """

    def __init__(self, users: Iterable[User], *, with_link: bool = False) -> None:
        self.users = {user.name: user for user in users}
        self._by_name = Throttle(burst=10, seconds=30)
        self._by_address = Throttle(burst=20, seconds=10)
        self._hashing = threading.BoundedSemaphore(_AT_ONCE)
        # Takes as long as a real one: the time does not tell which names there are.
        self._nobodys_hash = hashed(secrets.token_urlsafe()) if self.users else ""
        self._token: str | None = None
        if with_link:
            self._starter = User(_starter(), "operator", password_hash="")
            self.users[self._starter.name] = self._starter
            self._token = secrets.token_urlsafe(24)

    @property
    def token(self) -> str | None:
        """What the link holds; None: there is none, or it was used."""
        return self._token

    def redeem(self, token: str) -> User | None:
        """The operator who has the link; it works once."""
        if self._token is None or not secrets.compare_digest(token.encode(), self._token.encode()):
            return None
        self._token = None
        return self._starter

    def check(self, name: str, password: str, address: str) -> User | None:
        """The user, if that is their password. Raises TooManyTries."""
        place = _place(address)
        self._by_address.take(place)
        self._by_name.take(name)
        user = self.users.get(name)
        if not self._fits(user.password_hash if user else self._nobodys_hash, password):
            return None
        self._by_address.give_back(place)
        self._by_name.give_back(name)
        return user

    def _fits(self, password_hash: str, password: str) -> bool:
        if len(password) > _LONGEST_PASSWORD:
            return False
        with self._hashing:
            try:
                return _hasher.verify(password_hash, password)
            except (VerificationError, InvalidHashError):
                return False


def hashed(password: str) -> str:
    """The hash of a new password (Argon2id, with the library's parameters: RFC 9106's for little memory)."""
    return _hasher.hash(password)


def _starter() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return "operator"


def _place(address: str) -> str:
    """What one attacker has: an IPv4 address, or a network of IPv6 ones, of which they have any number."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ip) if ip.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))
