"""Compares the files in an RPM's payload with those in its header, which rpm goes by."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from dten_audit.documents.errors import BrokenError
from dten_audit.documents.names import mode_problems
from dten_audit.documents.rpm.header import RpmHeader
from dten_audit.documents.source import Folder, Item, Link, Member, Missed, Problem, path_text

_GHOST: Final = 64
"""The flag of a file that the package owns but does not bring (rpmfiles.h)."""


class _File(NamedTuple):
    path: str
    mode: int
    size: int
    target: str
    flags: int
    capabilities: str
    inode: tuple[int, int]


class RpmFiles:
    """The files that a package's header lists; none in very old packages."""

    def __init__(self, header: RpmHeader) -> None:
        """Raises ``OverLimitError``."""
        paths = _paths(header)
        modes, flags = _padded(header.numbers(1030), paths), _padded(header.numbers(1037), paths)
        sizes = _padded(header.numbers(5008) or header.numbers(1028), paths)
        targets = _texts(header.strings(1036), paths)
        capabilities = _texts(header.strings(5010), paths)
        inodes, devices = (_padded(header.numbers(tag), paths) for tag in (1096, 1095))
        identities = zip(devices, inodes, strict=True)
        self._files = [
            _File(*row)
            for row in zip(
                paths, modes, sizes, targets, flags, capabilities, identities, strict=True
            )
        ]
        self._by_path = {file.path: file for file in self._files}
        self._last = {file.inode: number for number, file in enumerate(self._files)}
        self._links = Counter(file.inode for file in self._files)
        self._met: set[str] = set()

    def named(self, number: int) -> tuple[str, int, int]:
        """Return path, mode and size of a file by its number: large payloads state no more.

        Of hard links only the last one has content there.
        """
        if number >= len(self._files):
            raise BrokenError("corrupt-archive", f"no file {number} in the RPM header")
        file = self._files[number]
        kind = stat.S_IFMT(file.mode)
        size = file.size if kind in (stat.S_IFREG, stat.S_IFLNK) else 0
        if (
            kind == stat.S_IFREG
            and self._links[file.inode] > 1
            and self._last[file.inode] != number
        ):
            size = 0
        return file.path, file.mode, size

    def compare(self, item: Item) -> Iterator[Item]:
        """Yield an item of the payload as rpm installs it, and what the header says otherwise."""
        if not self._files or not isinstance(item, Member | Folder | Link):
            yield item
            return
        file = self._by_path.get(item.path)
        self._met.add(item.path)
        if file is None:
            if not item.path.startswith("@"):
                yield Problem("header-mismatch", "not in the RPM header", item.path)
            yield item
            return
        if file.capabilities.strip("= ") and item.path:
            yield Problem("mode-capability", file.capabilities, item.path)
        if isinstance(item, Link):
            if not item.hard and file.target != item.target:
                what = f"the RPM header has it point to {file.target[:200]}"
                yield Problem("header-mismatch", what, item.path)
            yield item
            if item.hard:
                yield from mode_problems(item.path, stat.S_IMODE(file.mode), folder=False)
            return
        mode = stat.S_IMODE(file.mode)
        if item.mode is not None and mode != item.mode:
            what = f"mode {item.mode:04o}, in the RPM header {mode:04o}"
            yield Problem("header-mismatch", what, item.path)
        yield item._replace(mode=mode)

    def missing(self) -> Iterator[Item]:
        """Yield what the header lists and the payload did not bring."""
        for file in self._files:
            if file.path not in self._met and not file.flags & _GHOST and _comes_along(file):
                yield Problem("member-missing", "listed in the RPM header", file.path)
                yield Missed(file.path, "missing", file.size)


def _comes_along(file: _File) -> bool:
    return stat.S_IFMT(file.mode) in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK)


def _paths(header: RpmHeader) -> list[str]:
    """Return the files' paths as the payload writes them."""
    names, folders, numbers = header.strings(1117), header.strings(1118), header.numbers(1116)
    if names and len(numbers) == len(names) and max(numbers) < len(folders):
        full = [folders[number] + name for number, name in zip(numbers, names, strict=True)]
    else:
        full = header.strings(1027)
    return [path_text(path).removeprefix("/") or "." for path in full]


def _padded(values: tuple[int, ...], paths: list[str]) -> tuple[int, ...]:
    return values if len(values) == len(paths) else (0,) * len(paths)


def _texts(values: list[bytes], paths: list[str]) -> list[str]:
    texts = [path_text(value) for value in values]
    return texts if len(texts) == len(paths) else [""] * len(paths)
