"""Reads programs with something appended: self-extracting archives, AppImages, installers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dten_audit.documents.kinds import kind_of
from dten_audit.documents.payloads import cut, first_archive, parts, unread
from dten_audit.documents.programs import Extent, appended, extent_of
from dten_audit.documents.source import Data, Item, Member, Source

PROGRAMS: Final = frozenset(("elf", "pe", "macho"))
_WINDOW: Final = 1 << 20
"""How far behind a program's end its archive may begin."""
_ZEROS: Final = 8
_SMALLEST: Final = 64
_SMALLEST_GAP: Final = 1024


def carries_overlay(data: Data, kind: str) -> bool:
    """Tell whether something that is no padding follows a program's own end."""
    extent = extent_of(data, kind)
    if extent is None:
        return False
    return any(end - start >= _SMALLEST for start, end in appended(data, extent))


def members(source: Source) -> Iterator[Item]:
    """Yield the program, what was appended to it, and its signature where that stands behind."""
    data, budget = source.data, source.budget
    kind = kind_of("", data[:4096])
    extent = extent_of(data, kind)
    if extent is None:
        return
    pieces = [piece for run in appended(data, extent) for piece in _pieces(source, extent, *run)]
    if source.wanted("@program"):
        yield Member("@program", cut(data, 0, pieces[0][0], budget), 0o755)
    for number, (first, last) in enumerate(pieces, 1):
        path = "@payload" if number == 1 else f"@payload{number}"
        if source.wanted(path):
            yield Member(path, cut(data, first, last, budget))
            if last - first >= _SMALLEST_GAP:
                yield from unread(data, first, last, path, "overlay")
    first, last = extent.signature
    if last and source.wanted("@certificates"):
        yield Member("@certificates", cut(data, first, last, budget))


def _pieces(source: Source, extent: Extent, start: int, end: int) -> list[tuple[int, int]]:
    """Divide what was appended into what stands before the first archive, and the archives.

    An archive may start with zero bytes, which look like padding.
    """
    data = source.data
    low = extent.signature[1] if start >= extent.signature[1] > 0 else extent.end
    at, kind = first_archive(data, max(low, start - _ZEROS), min(end, start + _WINDOW))
    if not kind:
        return [(start, end)]
    before = [(start, at)] if at > start else []
    return before + parts(data, at, end, source.budget)
