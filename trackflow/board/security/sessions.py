"""Sessions in a signed cookie: the board keeps nothing of them but which ones were ended early."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from itsdangerous import BadData, URLSafeTimedSerializer

from trackflow.board.settings import User

COOKIE = "trackflow_session"
LASTS = 12 * 3600  # seconds: a working day
_MOST_ENDED = 10_000  # remembered sign-outs; who could make more is signed in

_SALT = "trackflow.board.session"


@dataclass(frozen=True, slots=True)
class Session:
    """Who signed in. The id is new at each sign-in, so nobody can be handed one that is known before."""

    user: User
    id: str


class Sessions:
    """Makes, reads and ends sessions. Any thread may ask.

    A sign-out is known to this process only. Where several boards share a secret, a copy of the cookie that
    was taken before is good at the others until it expires.
    """

    def __init__(self, secret: str) -> None:
        self._signer = URLSafeTimedSerializer(secret, salt=_SALT)
        self._ended: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, user: User) -> str:
        """A new session: its cookie's value."""
        return self._signer.dumps([user.name, secrets.token_urlsafe(16), _mark(user)])

    def read(self, cookie: str | None, users: Mapping[str, User]) -> Session | None:
        """The session of a cookie; None if it is forged, expired or ended, or its user is gone.

        What the user may do is read from `users` each time. A new password ends all their sessions.
        """
        try:
            name, identity, mark = self._signer.loads(cookie or "", max_age=LASTS)
        except (BadData, ValueError, TypeError):
            return None
        user = users.get(name)
        if user is None or not hmac.compare_digest(mark, _mark(user)) or self._is_ended(identity):
            return None
        return Session(user, identity)

    def end(self, session_id: str) -> None:
        """Sign out: the cookie is worth nothing from now on, wherever a copy of it lies."""
        now = time.monotonic()
        with self._lock:
            self._ended[session_id] = now
            while len(self._ended) > _MOST_ENDED or next(iter(self._ended.values())) < now - LASTS:
                self._ended.popitem(last=False)

    def _is_ended(self, session_id: str) -> bool:
        with self._lock:
            return session_id in self._ended


def _mark(user: User) -> str:
    return hashlib.sha256(user.password_hash.encode()).hexdigest()[:16]
