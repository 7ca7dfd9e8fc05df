"""One safeguard, and what the library would be without it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """One safeguard, taken out.

    Attributes:
        name: for `--only`.
        promise: what holds as long as the safeguard is there, in words for users.
        file: below the repository's root.
        text: the safeguard's source; it occurs there exactly once.
        instead: what takes its place; valid Python.
        tests: pytest's ids of the tests that go red; the smallest set.
    """

    name: str
    promise: str
    file: str
    text: str
    instead: str
    tests: tuple[str, ...]

    def applied_to(self, source: str) -> str:
        """The file's source without the safeguard.

        Raises ValueError if the text is not there exactly once: then the table is out of date.
        """
        found = source.count(self.text)
        if found != 1:
            raise ValueError(f"{self.name}: {self.text!r} occurs {found} times in {self.file}, not once")
        return source.replace(self.text, self.instead)
