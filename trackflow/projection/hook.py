"""The hook: what the user wants told of an order that is stuck, a URL or a command.

A URL gets the alarm as JSON by POST; a command, which no shell reads, gets it on its standard input. Either
has a time limit and is tried a few times. What came of it is kept beside the alarm, in words.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from http.client import responses

from urllib3 import PoolManager, Timeout
from urllib3.exceptions import HTTPError

from trackflow.projection.alarms import Alarm, Fire
from trackflow.urls import masked

CONNECT, READ = 3.0, 10.0  # seconds for a URL
COMMAND = 30.0  # seconds for a command, and all that it starts
PAUSES = (1.0, 5.0, 25.0)  # seconds before each further try
_WORDS = 300  # characters that are kept of what a command complains about
_MAY_PASS = frozenset({408, 425, 429, *range(500, 600)})

Pause = Callable[[float], bool]  # waits so many seconds; True: there is to be no further try


def hook_of(text: str, pause: Pause) -> Fire:
    """The hook that a setting names: `http(s)://…`, or a command line, split as a shell does.

    Raises ValueError: a quotation that does not end, or nothing at all.
    """
    if text.startswith(("http://", "https://")):
        return Hook(Webhook(text), pause)
    arguments = shlex.split(text)
    if not arguments:
        raise ValueError("should be a URL or a command")
    return Hook(Command(arguments), pause)


class Failed(Exception):
    """A try that came to nothing; its text is in words.

    Attributes:
        may_pass: another try may do better.
    """

    def __init__(self, words: str, *, may_pass: bool = True) -> None:
        super().__init__(words)
        self.may_pass = may_pass


class Hook:
    """Tells of an alarm, with further tries."""

    def __init__(self, tell: Callable[[bytes], str], pause: Pause) -> None:
        self._tell = tell
        self._pause = pause

    def __call__(self, alarm: Alarm) -> str | None:
        """What came of it, in words; None: it was to stop before anything had."""
        body = json.dumps(alarm.as_json()).encode()
        for tries, pause in enumerate((*PAUSES, None), start=1):
            try:
                return self._tell(body)
            except Failed as exc:
                if pause is None or not exc.may_pass:
                    return f"given up after {tries} {'try' if tries == 1 else 'tries'}: {exc}"
            if self._pause(pause):
                return None
        raise AssertionError("the last try returns")


class Webhook:
    """A URL. Proxies that the environment names are not used, and no redirect is followed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool = PoolManager(retries=False, timeout=Timeout(connect=CONNECT, read=READ))

    def __call__(self, body: bytes) -> str:
        """POST it. Raises Failed."""
        headers = {"Content-Type": "application/json", "User-Agent": "trackflow"}
        try:
            answer = self._pool.request(
                "POST", self._url, body=body, headers=headers, preload_content=False, redirect=False
            )
        except (HTTPError, OSError, ValueError) as exc:
            raise Failed(_in_words(exc)) from exc
        answer.close()  # nothing that it says is of interest
        words = f"{answer.status} {responses.get(answer.status, '')}".rstrip()
        if not 200 <= answer.status < 300:
            raise Failed(f"the hook answered {words}", may_pass=answer.status in _MAY_PASS)
        return f"told: {words}"


class Command:
    """A program and its arguments."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._arguments = arguments

    def __call__(self, body: bytes) -> str:
        """Run it. Raises Failed."""
        # A file and no pipe: what the command leaves running may keep a pipe open for ever.
        with tempfile.TemporaryFile() as complaints:
            try:
                running = subprocess.Popen(
                    self._arguments,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=complaints,
                    start_new_session=True,
                )
            except (OSError, ValueError) as exc:
                raise Failed(f"{self._arguments[0]}: {_in_words(exc)}", may_pass=False) from exc
            try:
                running.communicate(body, COMMAND)
            except subprocess.TimeoutExpired as exc:
                os.killpg(running.pid, signal.SIGKILL)
                running.wait()
                raise Failed(f"the hook took longer than {COMMAND:g} s") from exc
            complaints.seek(0)
            said = complaints.read(_WORDS).decode(errors="replace")
        if running.returncode:
            raise Failed(" ".join(f"the hook ended with {running.returncode}: {said}".rstrip(": ").split()))
        return "told: the command ended well"


def _in_words(exc: Exception) -> str:
    return " ".join(masked(getattr(exc, "strerror", None) or str(exc)).replace("\0", " ").split())[:_WORDS]
