"""Reads ar archives: Debian packages (deb(5)), static libraries, in System V and BSD form, thin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dten_audit.documents.errors import BrokenError
from dten_audit.documents.source import Data, Item, Member, Missed, Problem, Source, path_text

_MAGIC: Final = 8
_THIN: Final = b"!<thin>\n"
_HEADER: Final = 60
_END: Final = b"`\n"
_NUMBERS: Final = re.compile(rb"-?\d{0,12} *-?\d{0,6} *-?\d{0,6} *[0-7]{0,8} *")
"""Date, owner, group and mode; Windows' import libraries state -1 and blanks."""
_BSD: Final = "#1/"
_NAMES: Final = ("//", "ARFILENAMES/")
_SYMBOLS: Final = (
    "/", "/SYM64/", "__.SYMDEF", "__.SYMDEF SORTED", "__.SYMDEF_64", "__.SYMDEF_64 SORTED",
)  # fmt: skip
_DEB: Final = "debian-binary"
_DEB_PARTS: Final = ("control.tar", "data.tar")
SIGNATURE: Final = "_gpg"
"""How the names of signatures in Debian packages begin."""
SIGNED: Final = "@signed"
"""The name under which the signed bytes appear."""


def members(source: Source) -> Iterator[Item]:
    """Yield what an ar archive holds. Raises ``BrokenError`` where a header makes no sense."""
    yield from _Archive(source).members()


class _Archive:
    """The reading of one archive: its table of long names, and what was met."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._thin = source.data[:_MAGIC] == _THIN
        self._long_names: bytes | None = None
        self._used: set[int] = set()
        self._order: list[str] = []
        self._signed: list[slice] = []

    def members(self) -> Iterator[Item]:
        """Yield the members, then what is wrong with them as a whole."""
        data, position = self._source.data, _MAGIC
        while position < len(data):
            header = bytes(data[position : position + _HEADER])
            if len(header) < _HEADER:
                raise BrokenError("truncated-archive", "in a header")
            digits = header[48:58].strip(b" ")
            if header[58:] != _END or not digits.isdigit():
                raise BrokenError("corrupt-archive", f"no header at {position}")
            if not _NUMBERS.fullmatch(header, 16, 48):
                yield Problem("hidden-data", "in a header", offset=position + 16)
            start, size = position + _HEADER, int(digits)
            name = path_text(header[:16].rstrip(b" "))
            if name in _NAMES:
                yield from self._table(start, size)
            elif name in _SYMBOLS:
                yield from self._content("@symbols", start, size, None)
            else:
                yield from self._member(name, start, size, _mode(header))
                if self._thin:
                    size = 0
            position = start + size + (size & 1)
        yield from self._unused()
        if self._order[:1] == [_DEB]:
            yield from self._debian()
            if any(name.startswith(SIGNATURE) for name in self._order):
                yield from self._signed_parts()

    def _table(self, start: int, size: int) -> Iterator[Item]:
        """Take the long names; a second table of them is content like any other."""
        if self._long_names is not None or size > self._source.budget.limits.directory:
            yield Problem("package-layout", "another table of names", offset=start)
            yield from self._content("@names", start, size, None)
            return
        self._long_names = bytes(self._source.data[start : start + size])
        if len(self._long_names) < size:
            raise BrokenError("truncated-archive", "in the table of names")

    def _member(self, name: str, start: int, size: int, mode: int | None) -> Iterator[Item]:
        path = name
        if name.startswith(_BSD) and name[len(_BSD) :].isascii() and name[len(_BSD) :].isdigit():
            length = min(int(name[len(_BSD) :]), size, self._source.budget.limits.extended_header)
            path = path_text(bytes(self._source.data[start : start + length]).rstrip(b"\0"))
            start, size = start + length, size - length
        elif name.startswith("/") and name[1:].isascii() and name[1:].isdigit():
            path = self._long_name(int(name[1:])) or name
        elif name != "/":
            path = name.removesuffix("/") or name
        if path in _SYMBOLS:
            yield from self._content("@symbols", start, size, None)
            return
        self._order.append(path)
        if not path.startswith(SIGNATURE):
            self._signed.append(slice(start, start + size))
        if self._thin:
            yield Problem("member-missing", "a thin archive: it only names its files", path)
            yield Missed(path, "missing", size)
        else:
            yield from self._content(path, start, size, mode)

    def _long_name(self, offset: int) -> str:
        table = self._long_names or b""
        self._used.add(offset)
        end = table.find(b"\n", offset)
        return path_text(table[offset : end if end >= 0 else None].removesuffix(b"/"))

    def _unused(self) -> Iterator[Item]:
        """Surface the table of long names where it holds what no member is called."""
        table = self._long_names or b""
        offset = 0
        for line in table.splitlines(keepends=True):
            if offset not in self._used and line.strip(b"\n\0 "):
                yield Problem("extra-data", "a name that no member has", offset=None)
                if self._source.wanted("@names"):
                    yield Member("@names", table)
                return
            offset += len(line)

    def _content(self, path: str, start: int, size: int, mode: int | None) -> Iterator[Item]:
        source, limits = self._source, self._source.budget.limits
        missing = start + size - len(source.data)
        if not source.wanted(path):
            return
        if missing > 0:
            yield Problem("truncated-member", f"{missing} bytes are missing", path)
            yield Missed(path, "truncated", size)
        if size > limits.member:
            yield Problem("limit-member", f"larger than {limits.member} bytes", path)
            yield Missed(path, "limit-member", size)
            return
        data: Data = source.data[start : start + size]
        source.budget.charge(len(data))
        if self._order == [_DEB] and data[:2] != b"2.":
            yield Problem("package-layout", f"version {bytes(data[:20])!a}", path)
        if data or missing <= 0:
            yield Member(path, data, mode)

    def _signed_parts(self) -> Iterator[Item]:
        """Yield all parts in one: that is what the signatures of debsigs(1) are over."""
        source, limits = self._source, self._source.budget.limits
        if not source.wanted(SIGNED):
            return
        size = sum(part.stop - part.start for part in self._signed)
        if size > limits.member:
            yield Missed(SIGNED, "limit-member", size)
            return
        source.budget.charge(size)
        yield Member(SIGNED, b"".join(bytes(source.data[part]) for part in self._signed))

    def _debian(self) -> Iterator[Item]:
        """Tell what dpkg and others take differently: they want three parts, in this order."""
        first: dict[str, int] = {}
        for number, name in enumerate(self._order[1:]):
            part = next((part for part in _DEB_PARTS if name.startswith(part)), name)
            if part in first:
                yield Problem("package-layout", f"another {part}: programs take one of them", name)
            elif part not in _DEB_PARTS and not name.startswith("_"):
                yield Problem("package-layout", "a part that a Debian package does not have", name)
            first.setdefault(part, number)
        missing = [part for part in _DEB_PARTS if part not in first]
        if missing:
            yield Problem("package-layout", f"no {missing[0]}")
        elif first["data.tar"] < first["control.tar"]:
            yield Problem("package-layout", "data.tar stands before control.tar")


def _mode(header: bytes) -> int | None:
    field = header[40:48].strip(b" ")
    if not field.isdigit() or b"8" in field or b"9" in field:
        return None
    return int(field, 8) & 0o7777
