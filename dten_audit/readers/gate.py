"""The gate: one pass over a document's bytes for all triggers. It saves work, it decides no truth.

Vectorscan (through hyperscan) where it is installed, ``re`` elsewhere: the same hits from both.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from functools import cache
from hashlib import sha256
from typing import Final, NamedTuple, Protocol

from dten_audit.model.rules_home import rules_home

_WINDOW: Final = 4096
FOLDER: Final = "gate"
"""Beside the rules of a wheel: databases that were compiled when it was built."""
_FLAGS: Final = re.compile(rb"\(\?([im]+)\)")


class Trigger(NamedTuple):
    """A pattern that makes a document worth reading, and what it belongs to.

    It matters in documents of these ``kinds`` only; in all where there are none. Flags (``(?i)``,
    ``(?m)``) stand at its start.
    """

    topic: str
    pattern: bytes
    kinds: frozenset[str] = frozenset()


class Backend(Protocol):
    """A multi-pattern matcher."""

    def first_ends(self, data: bytes, wanted: Collection[int] | None = None) -> dict[int, int]:
        """Return, by pattern number, the end of the first occurrence; at least of those wanted."""


class ReBackend:
    """The fallback: one search a pattern."""

    def __init__(self, patterns: Sequence[bytes]) -> None:
        self._patterns = [re.compile(pattern) for pattern in patterns]

    def first_ends(self, data: bytes, wanted: Collection[int] | None = None) -> dict[int, int]:
        """Return the end of each pattern's first match."""
        numbers = range(len(self._patterns)) if wanted is None else wanted
        found = ((number, self._patterns[number].search(data)) for number in numbers)
        return {number: match.end() for number, match in found if match}


class HyperscanBackend:
    """Vectorscan: all patterns in one pass, each reported once, so that no flood slows it down."""

    def __init__(self, patterns: Sequence[bytes]) -> None:
        import hyperscan

        try:
            packed = (rules_home() / FOLDER / database_name(patterns)).read_bytes()
            self._database = hyperscan.loadb(packed, hyperscan.HS_MODE_BLOCK)
            self._database.scratch = hyperscan.Scratch(self._database)
        except (OSError, hyperscan.error):
            self._database = hyperscan.Database()
            self._compile(patterns)

    def _compile(self, patterns: Sequence[bytes]) -> None:
        import hyperscan

        meanings = {"i": hyperscan.HS_FLAG_CASELESS, "m": hyperscan.HS_FLAG_MULTILINE}
        plain, flags = [], []
        for pattern in patterns:
            match = _FLAGS.match(pattern)
            plain.append(pattern[match.end() :] if match else pattern)
            letters = match[1].decode() if match else ""
            flags.append(hyperscan.HS_FLAG_SINGLEMATCH | sum(meanings[flag] for flag in letters))
        self._database.compile(
            expressions=plain, ids=list(range(len(plain))), elements=len(plain), flags=flags
        )

    def packed(self) -> bytes:
        """Return the database as the bytes of a file."""
        import hyperscan

        return bytes(hyperscan.dumpb(self._database))

    def first_ends(self, data: bytes, wanted: Collection[int] | None = None) -> dict[int, int]:
        """Return the end that is reached first, which may lie inside the longest match."""
        del wanted  # all of them in one pass
        found: dict[int, int] = {}

        def hit(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found[number] = end

        self._database.scan(data, match_event_handler=hit)
        return found


def database_name(patterns: Sequence[bytes]) -> str:
    """Return the name of the file with the database of some patterns.

    Which version and processors it is for stands in the database, and is checked when it is loaded.
    """
    return sha256(b"\0".join(patterns)).hexdigest() + ".hs"


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
        self._by_kind: dict[str, list[int]] = {}

    def scan(self, data: bytes) -> dict[str, int]:
        """Return the topics that occur in ``data``, with the offset where the first one starts.

        A matcher says only where an occurrence ends; the real pattern, searched in a window before
        it, says where it starts.
        """
        return self.starts(data, self.ends(data))

    def starts(
        self, data: bytes, ends: Mapping[int, int], wanted: Container[str] | None = None
    ) -> dict[str, int]:
        """Return what ``scan`` does of the wanted topics, knowing what ``ends`` has found."""
        hits: dict[str, int] = {}
        for number, end in ends.items():
            topic, pattern, _ = self._triggers[number]
            if wanted is not None and topic not in wanted:
                continue
            match = re.compile(pattern).search(data, max(0, end - _WINDOW), end)
            start = match.start() if match else end
            hits[topic] = min(start, hits.get(topic, start))
        return hits

    def topics(self, data: bytes) -> set[str]:
        """Return the topics that occur in ``data``."""
        return self.named(self.ends(data))

    def named(self, ends: Iterable[int]) -> set[str]:
        """Return the topics of triggers, by their numbers."""
        return {self._triggers[number].topic for number in ends}

    @property
    def patterns(self) -> tuple[bytes, ...]:
        """The patterns of all triggers."""
        return tuple(trigger.pattern for trigger in self._triggers)

    def ends(self, data: bytes, kind: str = "") -> dict[int, int]:
        """Return by the number of each trigger that occurs where its first occurrence ends.

        ``kind`` is the kind of document, for which some triggers are none.
        """
        if self._backend is None:
            self._backend = make_backend(self.patterns)
        return self._backend.first_ends(data, self._wanted(kind) if kind else None)

    def _wanted(self, kind: str) -> list[int]:
        if kind not in self._by_kind:
            self._by_kind[kind] = [
                number
                for number, trigger in enumerate(self._triggers)
                if not trigger.kinds or kind in trigger.kinds
            ]
        return self._by_kind[kind]
