"""Compares the header before a member with the directory's record of it: each may tell a lie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from dten_audit.documents.source import Problem
from dten_audit.documents.zip import extras
from dten_audit.documents.zip import records as r
from dten_audit.documents.zip.records import Entry

_SHOWN: Final = 200
_CODE_PAGES: Final = (
    "cp437", "cp850", "cp852", "cp866", "cp932", "gbk", "cp949", "big5",
    "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "koi8-r", "euc_jp",
)  # fmt: skip
"""What systems wrote names in before Unicode: a name in one of them is not told as another name."""


class Header(NamedTuple):
    """A member's own header: what it states, and where the member's bytes start."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    extra: bytes
    start: int


class Compared(NamedTuple):
    """What came of comparing.

    ``other`` is the member as its own header states it, where that says something else. ``path``
    is what an extra field calls it, in place of a name in a code page; ``names`` are other names,
    ``comments`` what extra fields say in place of its comment. ``crowded``: it shares more bytes
    with other members than are worth unpacking.
    """

    other: Entry | None = None
    path: str = ""
    names: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    crowded: bool = False


def compare(entry: Entry, header: Header, base: int, problems: list[Problem]) -> Compared:
    """Compare a member's two headers. ``base`` is what was added to its stated offset."""
    compared = Compared()
    if entry.extra or header.extra:
        compared = _compare_extras(entry, header, base, problems)
    later = bool(header.flags & r.STREAMED)
    packed, size = _sizes(entry, header, problems)
    other = entry._replace(
        name=header.name,
        flags=header.flags,
        method=header.method,
        packed=entry.packed if later and not packed else packed,
        size=entry.size if later and not size else size,
        crc=entry.crc if later and not header.crc else header.crc,
    )
    differing = _differing(entry, other)
    if not differing:
        return compared
    says = f"its own header has another {' and '.join(differing)}"
    if "name" in differing:
        says += f": {r.decode_name(other.name, other.flags)[0][:_SHOWN]}"
    problems.append(Problem("header-mismatch", says, entry.path, entry.offset))
    return compared._replace(other=other)


def _differing(entry: Entry, other: Entry) -> list[str]:
    """Name what a member's two headers state differently."""
    pairs = {
        "name": entry.name != other.name,
        "method": entry.method != other.method,
        "flags": bool((entry.flags ^ other.flags) & r.COMPARED_FLAGS),
        "checksum": entry.crc != other.crc,
        "sizes": (entry.packed, entry.size) != (other.packed, other.size),
    }
    return [name for name, differs in pairs.items() if differs]


def _sizes(entry: Entry, header: Header, problems: list[Problem]) -> tuple[int, int]:
    """Return the sizes that the header states, 64-bit forms resolved (4.5.3)."""
    packed, size = header.packed, header.size
    if r.MAX32 not in (packed, size):
        return packed, size
    for kind, content in extras.fields(header.extra):
        if kind == r.ZIP64_EXTRA:
            values = iter(extras.long_values(content))
            size = next(values, size) if size == r.MAX32 else size
            packed = next(values, packed) if packed == r.MAX32 else packed
            break
    if r.MAX32 in (packed, size):
        what = "64-bit sizes announced and not there"
        problems.append(Problem("zip64-invalid", what, entry.path, entry.offset))
    return packed, size


def _compare_extras(entry: Entry, header: Header, base: int, problems: list[Problem]) -> Compared:
    """Note extra fields that programs read differently, or that hold more than metadata."""
    stated = {entry.size, entry.packed, entry.offset - base, 0}
    named: list[tuple[bytes, str]] = []
    comments: dict[str, None] = {}
    for extra, name in ((entry.extra, entry.name), (header.extra, header.name)):
        found = list(extras.fields(extra))
        problems += _oddities(entry, found)
        for kind, content in found:
            if kind == r.ZIP64_EXTRA and not stated.issuperset(extras.long_values(content)):
                what = "a 64-bit value that contradicts the header"
                problems.append(Problem("zip64-invalid", what, entry.path, entry.offset))
            elif kind in (extras.UNICODE_PATH, extras.COMMENT):
                owner = name if kind == extras.UNICODE_PATH else entry.comment
                text = extras.text_for(content, owner)
                if text is None:
                    what = f"field {kind:#06x} of {len(content)} bytes, void"
                    problems.append(Problem("extra-data", what, entry.path, entry.offset))
                elif kind == extras.UNICODE_PATH:
                    named.append((name, text))
                elif text.encode() != entry.comment:
                    comments[text] = None
    path, names = _paths(entry, named, problems) if named else ("", ())
    return Compared(None, path, names, tuple(comments))


def _oddities(entry: Entry, found: list[tuple[int, bytes]]) -> Iterator[Problem]:
    """Yield what is wrong with the extra fields of one header."""
    count = Counter(kind for kind, _ in found)
    for kind in (r.ZIP64_EXTRA, extras.UNICODE_PATH, extras.COMMENT):
        if count[kind] > 1:
            yield Problem("extra-duplicate", f"field {kind:#06x}", entry.path, entry.offset)
    more = [(kind, len(content)) for kind, content in found if extras.holds_more(kind, content)]
    if found and found[-1][0] == -1:
        what = f"{len(found[-1][1])} bytes"
        yield Problem("extra-invalid", what, entry.path, entry.offset)
        more = [field for field in more if field[0] != -1]
    if more:
        what = f"field {more[0][0]:#06x} of {more[0][1]} bytes"
        what += f", and {len(more) - 1} more fields" * (len(more) > 1)
        yield Problem("extra-data", what, entry.path, entry.offset)


def _paths(
    entry: Entry, named: list[tuple[bytes, str]], problems: list[Problem]
) -> tuple[str, tuple[str, ...]]:
    """Return the path that Unicode fields give a member in place of its name, and other paths."""
    path, others = "", []
    for name, text in named:
        if text == r.decode_name(name, entry.flags)[0]:
            continue
        if not path and _in_code_page(name, entry.flags, text):
            path = text
        elif text != path:
            others.append(text)
    others = [*dict.fromkeys(others)]
    problems.extend(
        Problem("unicode-path-mismatch", f"another name: {text[:_SHOWN]}", entry.path, entry.offset)
        for text in others
    )
    return path, tuple(others)


def _in_code_page(name: bytes, flags: int, text: str) -> bool:
    """Tell whether a name is the text in some code page: that is what the field is for (4.6.9)."""
    if name.isascii() or flags & r.UTF8:
        return False
    for page in _CODE_PAGES:
        try:
            if text.encode(page) == name:
                return True
        except UnicodeEncodeError:
            continue
    return False
