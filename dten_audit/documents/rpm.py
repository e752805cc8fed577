"""Reads RPM packages (the rpm.org package format, version 3 and 4): scriptlets and payload."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from dten_audit.documents import cpio
from dten_audit.documents.decoders import Flow
from dten_audit.documents.errors import BrokenError
from dten_audit.documents.kinds import kind_of
from dten_audit.documents.source import Data, Item, Member, Missed, Source, path_text
from dten_audit.documents.tape import FlatTape, FlowTape

_LEAD: Final = 96
_HEADER_MAGIC: Final = b"\x8e\xad\xe8\x01"
_STRING_TYPES: Final = frozenset({6, 8, 9})
_MOST_TAGS: Final = 65536
_SCRIPTLETS: Final = {
    1023: ("pre", 1085), 1024: ("post", 1086), 1025: ("preun", 1087), 1026: ("postun", 1088),
    1151: ("pretrans", 1153), 1152: ("posttrans", 1154), 1079: ("verify", 1091),
}  # fmt: skip
"""Tag of a scriptlet: its name, and the tag of the program that runs it (rpmtag.h)."""
_READ: Final = frozenset(tag for tag, (_, program) in _SCRIPTLETS.items() for tag in (tag, program))
_PROGRAMS: Final = {"/bin/sh": "sh", "/usr/bin/sh": "sh", "/bin/bash": "sh", "/usr/bin/bash": "sh"}


def members(source: Source) -> Iterator[Item]:
    """Yield the scriptlets of a package as ``@scriptlets/post.sh``, then the files."""
    data = source.data
    _, end = _header(source, _LEAD)
    tags, start = _header(source, end + -end % 8)
    for tag, (name, program_tag) in _SCRIPTLETS.items():
        if tag in tags:
            program = path_text(tags.get(program_tag, b"/bin/sh"))
            ending = _PROGRAMS.get(program, program.strip("<>").rpartition("/")[2] or "sh")
            path = f"@scriptlets/{name}.{ending}"
            if source.wanted(path):
                yield from _scriptlet(source, path, tags[tag])
    head = bytes(data[start : start + 4096])
    kind = kind_of("payload", head)
    if kind == "cpio":
        yield from cpio.walk(FlatTape(data, start), source)
    elif kind in ("gzip", "bzip2", "xz", "lzma", "zstd"):
        flow = Flow(memoryview(data)[start:], kind, source.budget)
        yield from cpio.walk(FlowTape(flow), source)
    else:
        yield Missed("", "unsupported-format", len(data) - start)


def _header(source: Source, start: int) -> tuple[dict[int, bytes], int]:
    """Return the string tags of the header structure at ``start``, and where it ends."""
    data: Data = source.data
    intro = bytes(data[start : start + 16])
    if len(intro) < 16 or not intro.startswith(_HEADER_MAGIC):  # noqa: PLR2004 - its size
        raise BrokenError("corrupt-archive", f"no RPM header at {start}")
    count, size = struct.unpack_from(">LL", intro, 8)
    store = start + 16 + 16 * count
    most = source.budget.limits.directory
    if count > _MOST_TAGS or size > most or store + size > len(data):
        raise BrokenError("truncated-archive", "in the RPM header")
    index, strings = data[start + 16 : store], data[store : store + size]
    tags: dict[int, bytes] = {}
    longest = source.budget.limits.extended_header
    for tag, kind, offset, _ in struct.iter_unpack(">LLLL", index):
        if tag in _READ and kind in _STRING_TYPES and offset < size and tag not in tags:
            end = strings.find(b"\0", offset)
            tags[tag] = strings[offset : min(end if end >= 0 else size, offset + longest)]
    return tags, store + size


def _scriptlet(source: Source, path: str, text: bytes) -> Iterator[Item]:
    source.budget.charge(len(text))
    yield Member(path, text)
    if len(text) == source.budget.limits.extended_header:
        yield Missed(path, "limit-header", len(text))
