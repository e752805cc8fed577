"""One budget for a whole audit: what the package may make us produce, charged as it happens."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from dten_audit.documents.errors import OverLimitError

if TYPE_CHECKING:
    from dten_audit.documents.plugins import Plugins

_MIB: Final = 1 << 20
_GIB: Final = 1 << 30
_CLOCK_EVERY: Final = 64


class Limits(NamedTuple):
    """The bounds of one audit. Sizes are bytes.

    total: all that decoders may produce, over all levels. member: one document. memory: above it a
    document goes to an unlinked temporary file. ratio: produced to packed bytes, of a member and of
    a container, once ``ratio_from`` bytes came out. entries: members of all containers. depth:
    containers inside containers. seconds: a backstop against what no count foresaw. name,
    component, link: a path, one part of it, a link's target. names: all paths and targets together.
    directory: a ZIP's central directory. extended_header: one pax or GNU header. dictionary: a
    decoder's own memory.
    """

    total: int = 8 * _GIB
    member: int = 2 * _GIB
    memory: int = 64 * _MIB
    ratio: int = 100
    ratio_from: int = 64 * _MIB
    entries: int = 200_000
    depth: int = 10
    seconds: float = 300.0
    name: int = 4096
    component: int = 255
    link: int = 4096
    directory: int = 32 * _MIB
    names: int = 24 * _MIB
    extended_header: int = _MIB
    dictionary: int = 128 * _MIB


class Budget:
    """What one audit has used. One producer charges it; any thread may read the counters."""

    __slots__ = (
        "_deadline", "_entries", "_names", "_ticks", "_total", "entries", "limits", "names",
        "plugins", "produced", "stopped", "whole",
    )  # fmt: skip

    def __init__(self, limits: Limits | None = None, plugins: Plugins | None = None) -> None:
        """``plugins`` are the further formats that the user named.

        ``whole``: each document is wanted whole, also a program that no reader looks into.
        """
        self.limits = limits = limits or Limits()
        self._total, self._entries, self._names = limits.total, limits.entries, limits.names
        self.plugins = plugins
        self.whole = False
        self.produced = 0
        self.entries = 0
        self.names = 0
        self.stopped: OverLimitError | None = None
        self._ticks = 0
        self._deadline = time.monotonic() + self.limits.seconds

    def charge(self, size: int) -> None:
        """Count bytes that a decoder has really produced. Raises ``OverLimitError``."""
        self.produced += size
        if self.produced > self._total:
            self._stop("limit-total", f"more than {self.limits.total} bytes came out in all")
        self._ticks += 1
        if not self._ticks % _CLOCK_EVERY:
            self._look_at_clock()

    def enter(self, name: int) -> None:
        """Count one member of a container and the length of its path. Raises ``OverLimitError``."""
        self.entries += 1
        self.names += name
        if self.names > self._names:
            self._stop("limit-names", f"paths of more than {self.limits.names} characters in all")
        if self.entries > self._entries:
            self._stop("limit-entries", f"more than {self.limits.entries} members in all")
        if not self.entries % _CLOCK_EVERY:
            self._look_at_clock()

    def room(self) -> int:
        """Return how many bytes one document may still have."""
        return max(0, min(self.limits.member, self.limits.total - self.produced))

    def check_ratio(self, produced: int, packed: int) -> None:
        """Refuse what grows out of proportion. Raises ``OverLimitError``."""
        limits = self.limits
        if produced > limits.ratio_from and produced > limits.ratio * packed:
            raise OverLimitError(
                "limit-ratio", f"{packed} bytes became {produced}, more than {limits.ratio} times"
            )

    def check_member(self, produced: int) -> None:
        """Refuse a document that grows too large. Raises ``OverLimitError``."""
        if produced > self.limits.member:
            raise OverLimitError("limit-member", f"larger than {self.limits.member} bytes")

    def _look_at_clock(self) -> None:
        if time.monotonic() > self._deadline:
            self._stop("limit-time", f"more than {self.limits.seconds:g} seconds")

    def _stop(self, issue: str, detail: str) -> None:
        self.stopped = OverLimitError(issue, detail, final=True)
        raise self.stopped
