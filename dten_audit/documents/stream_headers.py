"""Reads what a gzip file says beside its content (RFC 1952): names, comments, extra fields."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Final

from dten_audit.documents.names import climbs_out
from dten_audit.documents.source import Data, Item, Member, Problem, Source, path_text

_FIXED: Final = 10
_HAS_CHECKSUM: Final = 0x02
_HAS_EXTRA: Final = 0x04
_HAS_NAME: Final = 0x08
_HAS_COMMENT: Final = 0x10
_RESERVED: Final = 0xE0
_FIELDS: Final = {b"BC": rb"..", b"SG": rb"[0-9a-f]{16}STARGZ"}
"""Extra fields of block gzip (SAM format) and of seekable image layers (eStargz): their content."""
_SHOWN: Final = 200


class GzipHeaders:
    """The headers of a gzip file's members, of which there may be very many."""

    def __init__(self, source: Source, path: str) -> None:
        """``path``: the name that the file promises for its content."""
        self._source = source
        self._said: set[bytes] = set()
        self._names = {path.encode(), source.name.encode()}

    def read(self, start: int) -> Iterator[Item]:
        """Yield what the header at ``start`` says beside what is needed to unpack."""
        data, most = self._source.data, self._source.budget.limits.extended_header
        head = bytes(data[start : start + _FIXED])
        if len(head) < _FIXED or not head[3]:
            return
        flags, position = head[3], start + _FIXED
        if flags & _RESERVED:
            yield Problem("extra-invalid", "reserved flags of gzip", offset=start + 3)
        if flags & _HAS_EXTRA:
            size = int.from_bytes(data[position : position + 2], "little")
            yield from _fields(bytes(data[position + 2 : position + 2 + size]), position + 2)
            position += 2 + size
        for flag, path in ((_HAS_NAME, "@name"), (_HAS_COMMENT, "@comment")):
            if flags & flag:
                text = _text(data, position, most)
                position += len(text) + 1
                yield from self._text(path, text)
        if flags & _HAS_CHECKSUM:
            stated = int.from_bytes(data[position : position + 2], "little")
            if zlib.crc32(data[start:position]) & 0xFFFF != stated:
                yield Problem("checksum-mismatch", "of gzip's header", offset=start)

    def _text(self, path: str, text: bytes) -> Iterator[Item]:
        """Yield a name other than expected, or a comment; each once."""
        if text in self._said or (path == "@name" and text in self._names):
            return
        self._said.add(text)
        if path == "@name":
            name = path_text(text)
            if climbs_out(name.replace("\\", "/")):
                yield Problem("path-traversal", f"gunzip -N would write {name[:_SHOWN]}")
            elif name.startswith("/"):
                yield Problem("path-absolute", f"gunzip -N would write {name[:_SHOWN]}")
        if self._source.wanted(path):
            self._source.budget.charge(len(text))
            yield Member(path, text)


def _text(data: Data, start: int, most: int) -> bytes:
    """Return a text up to its NUL; all that there is without one."""
    step = 256
    while True:
        found = bytes(data[start : start + step])
        end = found.find(b"\0")
        if end >= 0 or len(found) < step or step > most:
            return found[:end] if end >= 0 else found
        step *= 4


def _fields(extra: bytes, start: int) -> Iterator[Item]:
    position = 0
    while position + 4 <= len(extra):
        name = extra[position : position + 2]
        size = int.from_bytes(extra[position + 2 : position + 4], "little")
        value = extra[position + 4 : position + 4 + size]
        if len(value) < size:
            break
        known = _FIELDS.get(name)
        if known is None or not re.fullmatch(known, value, re.DOTALL):
            what = f"gzip's extra field {path_text(name)!a}, {size} bytes"
            yield Problem("extra-data", what, offset=start + position)
        position += 4 + size
    if position < len(extra):
        yield Problem("extra-invalid", "gzip's extra field", offset=start + position)
