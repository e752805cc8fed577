"""The gate: one pass over a document's bytes for all triggers. It saves work, it decides no truth.

Vectorscan (through hyperscan) where it is installed, ``re`` elsewhere: the same hits from both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple, Protocol

_WINDOW: Final = 4096


class Trigger(NamedTuple):
    """A pattern that makes a document worth reading, and what it belongs to."""

    topic: str
    pattern: bytes


class Backend(Protocol):
    """A multi-pattern matcher."""

    def first_ends(self, data: bytes) -> dict[int, int]:
        """Return, by pattern number, the end of the first occurrence."""


class ReBackend:
    """The fallback: one search a pattern."""

    def __init__(self, patterns: Sequence[bytes]) -> None:
        self._patterns = [re.compile(pattern) for pattern in patterns]

    def first_ends(self, data: bytes) -> dict[int, int]:
        """Return the end of each pattern's first match."""
        found = ((number, p.search(data)) for number, p in enumerate(self._patterns))
        return {number: match.end() for number, match in found if match}


class HyperscanBackend:
    """Vectorscan: all patterns in one pass, each reported once, so that no flood slows it down."""

    def __init__(self, patterns: Sequence[bytes]) -> None:
        import hyperscan

        self._database = hyperscan.Database()
        caseless = hyperscan.HS_FLAG_CASELESS
        flags = [
            hyperscan.HS_FLAG_SINGLEMATCH | (caseless if pattern.startswith(b"(?i)") else 0)
            for pattern in patterns
        ]
        plain = [pattern.removeprefix(b"(?i)") for pattern in patterns]
        self._database.compile(
            expressions=plain, ids=list(range(len(plain))), elements=len(plain), flags=flags
        )

    def first_ends(self, data: bytes) -> dict[int, int]:
        """Return the end that is reached first, which may lie inside the longest match."""
        found: dict[int, int] = {}

        def hit(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found[number] = end

        self._database.scan(data, match_event_handler=hit)
        return found


@cache
def make_backend(patterns: tuple[bytes, ...]) -> Backend:
    """Return the fastest matcher that is installed; it is built once, however many packages."""
    try:
        return HyperscanBackend(patterns)
    except ImportError:
        return ReBackend(patterns)


class Gate:
    """Scans documents for triggers; the matcher is built when the first document comes."""

    def __init__(self, triggers: Sequence[Trigger], backend: Backend | None = None) -> None:
        self._triggers = tuple(triggers)
        self._backend = backend

    def scan(self, data: bytes) -> dict[str, int]:
        """Return the topics that occur in ``data``, with the offset where the first one starts.

        A matcher says only where an occurrence ends; the real pattern, searched in a window before
        it, says where it starts.
        """
        hits: dict[str, int] = {}
        for number, end in self._ends(data).items():
            topic, pattern = self._triggers[number]
            match = re.compile(pattern).search(data, max(0, end - _WINDOW), end)
            start = match.start() if match else end
            hits[topic] = min(start, hits.get(topic, start))
        return hits

    def topics(self, data: bytes) -> set[str]:
        """Return the topics that occur in ``data``."""
        return {self._triggers[number].topic for number in self._ends(data)}

    def _ends(self, data: bytes) -> dict[int, int]:
        if self._backend is None:
            self._backend = make_backend(tuple(trigger.pattern for trigger in self._triggers))
        return self._backend.first_ends(data)
