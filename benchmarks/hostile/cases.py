"""All hostile archives of the table, in its order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .bombs import BOMBS
from .case import GROUPS, HostileCase
from .imported import imported_cases
from .more import more_cases
from .paths import path_cases

_KINDS: Final = {"gz": "gzip", "bz2": "bzip2", "zst": "zstd", "tar.gz": "gzip", "a": "ar"}
_EXHAUSTS: Final = "It takes more time, memory or disk than it is worth."


def all_cases() -> list[HostileCase]:
    """Return the cases: by group, within it in the order in which they are written."""
    cases = [*imported_cases(), *path_cases(), *more_cases(), *_bombs()]
    return sorted(cases, key=lambda case: GROUPS.index(case.group))


def _bombs() -> Iterator[HostileCase]:
    for bomb in BOMBS:
        if not bomb.heavy and bomb.says:
            kind = _KINDS.get(bomb.ending, bomb.ending)
            yield HostileCase(f"{kind}: {bomb.name}", "Bombs", kind, _EXHAUSTS, bomb.data,
                              bomb.says, found=False, near=False, slow=True)  # fmt: skip
