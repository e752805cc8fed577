"""Reads ar archives: Debian packages (deb(5)) and static libraries, in System V and BSD form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dten_audit.documents.errors import BrokenError
from dten_audit.documents.source import Item, Member, Missed, Problem, Source, path_text

_MAGIC: Final = 8
_HEADER: Final = 60
_END: Final = b"`\n"
_BSD: Final = "#1/"


def members(source: Source) -> Iterator[Item]:
    """Yield what an ar archive holds. Raises ``BrokenError`` where a header makes no sense."""
    data, position, end = source.data, _MAGIC, len(source.data)
    long_names = b""
    while position < end:
        header = data[position : position + _HEADER]
        if len(header) < _HEADER:
            raise BrokenError("truncated-archive", "in a header")
        digits = header[48:58].strip(b" ")
        if header[58:] != _END or not digits.isdigit():
            raise BrokenError("corrupt-archive", f"no header at {position}")
        start, size = position + _HEADER, int(digits)
        position = start + size + (size & 1)
        name = path_text(header[:16].rstrip(b" "))
        if name == "//":
            long_names = data[start : min(start + size, end)]
            continue
        if name in ("/", "/SYM64/", "__.SYMDEF"):
            continue
        name, start, size = _named(source, name, start, size, long_names)
        yield from _member(source, name, start, size, _mode(header))


def _member(source: Source, name: str, start: int, size: int, mode: int | None) -> Iterator[Item]:
    limits, missing = source.budget.limits, start + size - len(source.data)
    if not source.wanted(name):
        return
    if missing > 0:
        yield Problem("truncated-member", f"{missing} bytes are missing", name)
        yield Missed(name, "truncated", size)
    if size > limits.member:
        yield Problem("limit-member", f"larger than {limits.member} bytes", name)
        yield Missed(name, "limit-member", size)
        return
    data = source.data[start : start + size]
    source.budget.charge(len(data))
    if data or missing <= 0:
        yield Member(name, data, mode)


def _named(
    source: Source, name: str, start: int, size: int, long_names: bytes
) -> tuple[str, int, int]:
    """Return the member's real name and where its content lies."""
    if name.startswith(_BSD) and name[len(_BSD) :].isascii() and name[len(_BSD) :].isdigit():
        length = min(int(name[len(_BSD) :]), size, source.budget.limits.name)
        real = source.data[start : start + length].rstrip(b"\0")
        return path_text(real), start + length, size - length
    if name.startswith("/") and name[1:].isascii() and name[1:].isdigit():
        offset = int(name[1:])
        end = long_names.find(b"\n", offset)
        real = long_names[offset : end if end >= 0 else None].rstrip(b"/")
        return path_text(real) or name, start, size
    return name.removesuffix("/") or name, start, size


def _mode(header: bytes) -> int | None:
    field = header[40:48].strip(b" ")
    if not field.isdigit() or b"8" in field or b"9" in field:
        return None
    return int(field, 8) & 0o7777
