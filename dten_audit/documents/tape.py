"""Reads a container from front to back, whether its bytes lie there or come out of a decoder."""

from __future__ import annotations

from typing import Protocol

from dten_audit.documents.budget import Budget
from dten_audit.documents.decoders import CHUNK
from dten_audit.documents.sink import Sink
from dten_audit.documents.source import Data


class Tape(Protocol):
    """A sequence of bytes that is read once."""

    @property
    def position(self) -> int:
        """How many bytes were read or passed."""

    def take(self, size: int) -> bytes:
        """Return the next bytes: fewer only at the end."""

    def skip(self, size: int) -> int:
        """Pass over bytes; return how many there were."""

    def back(self, taken: bytes) -> None:
        """Put back what was taken last."""


class FlatTape:
    """A tape over bytes that lie in memory or in a mapped file."""

    __slots__ = ("_data", "_end", "position")

    def __init__(self, data: Data, start: int = 0, end: int | None = None) -> None:
        self._data = data
        self._end = len(data) if end is None else end
        self.position = start

    def take(self, size: int) -> bytes:
        """Return the next bytes: fewer only at the end."""
        start = self.position
        self.position = min(start + size, self._end)
        return self._data[start : self.position]

    def skip(self, size: int) -> int:
        """Pass over bytes; return how many there were."""
        passed = min(size, self._end - self.position)
        self.position += passed
        return passed

    def back(self, taken: bytes) -> None:
        """Put back what was taken last."""
        self.position -= len(taken)


class Chunks(Protocol):
    """What a decoder produces."""

    def read(self) -> bytes:
        """Return the next chunk, or nothing at the end."""


class FlowTape:
    """A tape over what a decoder produces; ``head`` was taken from it already."""

    __slots__ = ("_at", "_chunk", "_flow", "position")

    def __init__(self, flow: Chunks, head: bytes = b"") -> None:
        self._flow = flow
        self._chunk = head
        self._at = 0
        self.position = 0

    def take(self, size: int) -> bytes:
        """Return the next bytes: fewer only at the end."""
        end = self._at + size
        if end <= len(self._chunk):
            taken = self._chunk[self._at : end]
            self._at = end
            self.position += size
            return taken
        parts = [self._chunk[self._at :]]
        missing = size - len(parts[0])
        while missing > 0 and self._next():
            parts.append(self._chunk[:missing])
            self._at = len(parts[-1])
            missing -= self._at
        self.position += size - missing
        return b"".join(parts)

    def skip(self, size: int) -> int:
        """Pass over bytes; return how many there were."""
        passed = min(size, len(self._chunk) - self._at)
        self._at += passed
        while passed < size and self._next():
            self._at = min(size - passed, len(self._chunk))
            passed += self._at
        self.position += passed
        return passed

    def back(self, taken: bytes) -> None:
        """Put back what was taken last."""
        self.position -= len(taken)
        if self._at >= len(taken):
            self._at -= len(taken)
        else:
            self._chunk = taken + self._chunk[self._at :]
            self._at = 0

    def _next(self) -> bool:
        self._chunk = self._flow.read()
        self._at = 0
        return bool(self._chunk)


def take_content(tape: Tape, size: int, budget: Budget) -> Data:
    """Return a member's bytes: fewer only at the end. Raises ``OverLimitError`` when it is large.

    The caller has compared ``size`` with the limit of a member.
    """
    if size <= budget.limits.memory:
        return tape.take(size)
    with Sink(budget) as sink:
        while sink.size < size:
            chunk = tape.take(min(CHUNK, size - sink.size))
            if not chunk:
                break
            sink.write(chunk)
        return sink.data()
