"""One budget for a whole audit: what the package may make us produce, charged as it happens."""

from __future__ import annotations

from typing import NamedTuple

_MIB = 1 << 20
_GIB = 1 << 30


class Limits(NamedTuple):
    """The bounds. Sizes in bytes; ``ratio`` counts once ``ratio_from`` bytes came out.

    ``memory`` is the size above which a member goes to an unlinked temporary file; ``dictionary``
    what a decoder may need for itself; ``seconds`` a backstop against what no count foresaw.
    """

    total: int = 8 * _GIB
    member: int = 2 * _GIB
    memory: int = 64 * _MIB
    ratio: int = 100
    ratio_from: int = 64 * _MIB
    entries: int = 250_000
    depth: int = 10
    seconds: float = 300.0
    name: int = 4096
    component: int = 255
    link: int = 4096
    directory: int = 64 * _MIB
    extended_header: int = _MIB
    dictionary: int = 128 * _MIB


class Budget:
    """What has been produced so far in one audit, against its limits."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
