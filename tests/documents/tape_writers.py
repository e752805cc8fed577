"""Writes archives for tests byte by byte: what no ordinary tool writes, and what it would."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import struct
import zlib
from typing import Final

BLOCK: Final = 512
END: Final = bytes(2 * BLOCK)


def blocks(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)


def header(path: bytes, kind: bytes = b"0", size: int = 0, **fields: bytes) -> bytes:
    """A ustar header; ``at<n>`` puts bytes at an offset before the checksum is made."""
    block = bytearray(path.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2)
    block += b"%011o\0" % size + b"00000000000\0" + b" " * 8 + kind + bytes(100)
    block += b"ustar\00000".ljust(BLOCK - 257, b"\0")
    for name, value in fields.items():
        at = int(name.removeprefix("at"))
        block[at : at + len(value)] = value
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def file(path: bytes, data: bytes, kind: bytes = b"0", **fields: bytes) -> bytes:
    return header(path, kind, len(data), **fields) + blocks(data)


def records(*pairs: tuple[str, bytes]) -> bytes:
    """Records of a pax header, each with its own length in front."""
    out = b""
    for key, value in pairs:
        body = b" " + key.encode() + b"=" + value + b"\n"
        size = len(body) + 1
        while len(str(size)) + len(body) != size:
            size += 1
        out += str(size).encode() + body
    return out


def pax(*pairs: tuple[str, bytes], kind: bytes = b"x") -> bytes:
    return file(b"././@PaxHeader", records(*pairs), kind)


def gnu(*fields: tuple[int, int], size: int, data: bytes, more: bytes = b"\0") -> bytes:
    """A header of type S with its map, and the written parts."""
    table = b"".join(b"%011o\0%011o\0" % pair for pair in fields)
    made = header(
        b"a.img", b"S", len(data), at257=b"ustar  \0", at386=table, at482=more,
        at483=b"%011o\0" % size,
    )  # fmt: skip
    return made + blocks(data)


def lzip(data: bytes) -> bytes:
    shape = {"id": lzma.FILTER_LZMA1, "lc": 3, "lp": 0, "pb": 2, "dict_size": 1 << 16}
    packed = b"LZIP\x01\x10" + lzma.compress(data, lzma.FORMAT_RAW, filters=[shape])
    packed += struct.pack("<LQ", zlib.crc32(data), len(data))
    return packed + struct.pack("<Q", len(packed) + 8)


def gzip_with(flags: int, fields: bytes, data: bytes = b"content") -> bytes:
    """A gzip file whose header has these flags and fields."""
    head = b"\x1f\x8b\x08" + bytes([flags]) + bytes(6) + fields
    return head + gzip.compress(data, mtime=0)[10:]


def newc(*members: tuple[str, int, bytes], magic: bytes = b"070701", inode: int = 0) -> bytes:
    """A cpio archive; with ``inode`` all members are one file with several names."""
    out = bytearray()
    for number, (path, mode, data) in enumerate((*members, ("TRAILER!!!", 0, b""))):
        name = path.encode() + b"\0"
        links = len(members) if inode and mode else 1
        check = sum(data) if magic == b"070702" else 0
        fields = [inode or number, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(name), check]
        out += magic + b"".join(b"%08x" % value for value in fields) + name
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return bytes(out)


def stripped(*contents: tuple[int, bytes]) -> bytes:
    """A payload of a large RPM package: numbers of files instead of their names."""
    out = b""
    for number, data in contents:
        out += b"07070X%08x" % number + bytes(2) + data + bytes(-len(data) % 4)
    return out + newc()


def binary_cpio(order: str, path: bytes, data: bytes) -> bytes:
    """An archive in cpio's old binary form; ``order``: ``<`` or ``>``."""
    out = b""
    for name, mode, body in ((path, 0o100644, data), (b"TRAILER!!!", 0, b"")):
        size = len(name) + 1
        words = (0o070707, 0, 1, mode, 0, 0, 1, 0, 0, 0, size, len(body) >> 16, len(body) & 0xFFFF)
        out += struct.pack(f"{order}13H", *words) + name + b"\0" + bytes(size & 1)
        out += body + bytes(len(body) & 1)
    return out


def ar(*members: tuple[bytes, bytes], magic: bytes = b"!<arch>\n") -> bytes:
    out = magic
    for name, data in members:
        out += name.ljust(16) + b"0".ljust(12) + b"0".ljust(6) * 2 + b"100644".ljust(8)
        out += str(len(data)).encode().ljust(10) + b"`\n" + data + b"\n" * (len(data) & 1)
    return out


Value = bytes | list[bytes] | list[int]
"""Of an RPM tag: a text, texts, or numbers."""


def rpm_header(tags: dict[int, Value]) -> bytes:
    index, store = b"", b""
    for tag, value in sorted(tags.items()):
        if isinstance(value, bytes):
            kind, count, packed = 6, 1, value + b"\0"
        elif value and isinstance(value[0], bytes):
            kind, count = 8, len(value)
            packed = b"".join(bytes(text) + b"\0" for text in value if isinstance(text, bytes))
        else:
            kind, count, packed = 4, len(value), struct.pack(f">{len(value)}L", *value)
            store += bytes(-len(store) % 4)
        index += struct.pack(">LLLL", tag, kind, len(store), count)
        store += packed
    intro = b"\x8e\xad\xe8\x01" + bytes(4) + struct.pack(">LL", len(tags), len(store))
    return intro + index + store


def rpm(payload: bytes, tags: dict[int, Value], unpacked: bytes = b"") -> bytes:
    """A package with the digests and sizes that rpm writes."""
    promised: dict[int, Value] = {5092: [hashlib.sha256(payload).hexdigest().encode()], 5093: [8]}
    if unpacked:
        promised |= {5097: [hashlib.sha256(unpacked).hexdigest().encode()], 5098: [8]}
    main = rpm_header({**promised, **tags})
    signature = rpm_header(
        {273: hashlib.sha256(main).hexdigest().encode(), 1000: [len(main) + len(payload)]}
    )
    out = b"\xed\xab\xee\xdb\x03\x00" + bytes(90) + signature
    return out + bytes(-len(out) % 8) + main + payload
