"""Writes tar, cpio, ar and RPM archives byte by byte, also such as no honest program writes.

Same input, same bytes: no times, no owner of the machine that builds.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

BLOCK: Final = 512
_NAME: Final = 100
_FILE: Final = 0o100000
_KINDS: Final = {
    "file": ("0", _FILE),
    "hard": ("1", _FILE),
    "link": ("2", 0o120000),
    "character device": ("3", 0o020000),
    "device": ("4", 0o060000),
    "folder": ("5", 0o040000),
    "pipe": ("6", 0o010000),
    "sparse": ("S", _FILE),
}
"""Type of a member: its letter in tar (POSIX.1-2017, pax) and its bits in cpio (cpio(5))."""


class TapeMember(NamedTuple):
    """A member. ``kind`` is a type by name, or tar's letter for it.

    ``pax``: records of an extended header before it, each ``key=value``; ``None`` for the length
    that ought to stand before it is counted. ``gnu_path``: its name in a GNU long-name header.
    ``size``: as its header states it, where that is wrong. ``filling``: what stands where tar fills
    the last block of the content up with zeros.
    """

    path: str
    data: bytes = b""
    kind: str = "file"
    mode: int = 0o644
    target: str = ""
    pax: tuple[str, ...] = ()
    gnu_path: str = ""
    size: int | None = None
    filling: bytes = b""


def tar_member(member: TapeMember) -> bytes:
    """Return a member of a tar archive: its headers and its content."""
    out = bytearray()
    path, target = member.path.encode(), member.target.encode()
    records = [*member.pax]
    if len(path) > _NAME and not member.gnu_path:
        records.append(f"path={member.path}")
    if len(target) > _NAME:
        records.append(f"linkpath={member.target}")
    if member.gnu_path:
        out += _extension(b"L", member.gnu_path.encode() + b"\0")
    if records:
        out += _extension(b"x", b"".join(map(_pax_record, records)))
    letter = _KINDS.get(member.kind, (member.kind, 0))[0].encode()
    size = len(member.data) if member.size is None else member.size
    head = tar_header(path[:_NAME], letter, size, member.mode, target[:_NAME])
    return bytes(out) + head + _padded(member.data + member.filling, BLOCK)


def tar_header(path: bytes, letter: bytes, size: int, mode: int, target: bytes = b"") -> bytes:
    """Return a header block (POSIX.1-2017, ustar interchange format)."""
    block = path.ljust(_NAME, b"\0") + b"%07o\0" % mode + b"0000000\0" * 2
    block += b"%011o\0" % size + b"00000000000\0" + b" " * 8 + letter
    block += target.ljust(_NAME, b"\0") + b"ustar\00000"
    block = block.ljust(BLOCK, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def write_tar(members: Iterable[TapeMember], *, end: bool = True) -> bytes:
    """Return a tar archive, with its end mark or without."""
    return b"".join(map(tar_member, members)) + (bytes(2 * BLOCK) if end else b"")


def _extension(letter: bytes, content: bytes) -> bytes:
    return tar_header(b"././@LongLink", letter, len(content), 0) + _padded(content, BLOCK)


def _pax_record(record: str) -> bytes:
    """Return a record with its length before it; as it stands where it starts with a digit."""
    body = f" {record}\n".encode()
    if record[:1].isdigit():
        return body[1:]
    length = len(body) + 1
    while length != len(body) + len(str(length)):
        length = len(body) + len(str(length))
    return str(length).encode() + body


def write_cpio(members: Iterable[TapeMember]) -> bytes:
    """Return a cpio archive in the form newc (cpio(5)); a link's target is its content."""
    out = bytearray()
    for member in (*members, TapeMember("TRAILER!!!", mode=0, kind="")):
        name = member.path.encode() + b"\0"
        data = member.target.encode() if member.kind == "link" else member.data
        mode = member.mode | _KINDS.get(member.kind, ("", 0))[1]
        size = len(data) if member.size is None else member.size
        fields = (1, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, len(name), 0)
        out += b"070701" + b"".join(b"%08x" % field for field in fields) + name
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return bytes(out)


def write_ar(members: Iterable[TapeMember]) -> bytes:
    """Return an ar archive as dpkg-deb writes it (deb(5))."""
    out = b"!<arch>\n"
    for member in members:
        data, mode = member.data, member.mode | _FILE
        size = len(data) if member.size is None else member.size
        out += b"%-16s%-12d%-6d%-6d%-8o%-10d`\n" % (member.path.encode(), 0, 0, 0, mode, size)
        out += data + b"\n" * (len(data) & 1)
    return out


def write_rpm(scriptlets: dict[int, bytes], payload: bytes) -> bytes:
    """Return an RPM package: lead, an empty signature, a header with these tags, the payload."""
    out = b"\xed\xab\xee\xdb\3\0" + bytes(90) + _rpm_header({1000: b"dten"})
    out += bytes(-len(out) % 8)
    return out + _rpm_header(scriptlets) + payload


def _rpm_header(tags: dict[int, bytes]) -> bytes:
    index, store = b"", b""
    for tag, value in tags.items():
        index += struct.pack(">LLLL", tag, 6, len(store), 1)
        store += value + b"\0"
    head = b"\x8e\xad\xe8\1" + bytes(4) + struct.pack(">LL", len(tags), len(store))
    return head + index + store


def _padded(data: bytes, size: int) -> bytes:
    return data + bytes(-len(data) % size)
