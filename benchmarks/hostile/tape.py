"""Tar, cpio, ar and rpm byte by byte, as no library writes them."""

from __future__ import annotations

from typing import Final

BLOCK: Final = 512
END: Final = bytes(2 * BLOCK)


def padded(data: bytes) -> bytes:
    """Return data up to the end of their last block."""
    return data + bytes(-len(data) % BLOCK)


def checked(block: bytes) -> bytes:
    """Return a header block with its checksum."""
    blank = block[:148] + b" " * 8 + block[156:]
    return block[:148] + b"%06o\0 " % sum(blank) + block[156:]


def file_header(
    path: bytes, size: int, kind: bytes = b"0", target: bytes = b"", mode: int = 0o644
) -> bytes:
    """Return a ustar header (POSIX.1-2017, pax)."""
    block = path.ljust(100, b"\0") + b"%07o\0" % mode + b"0000000\0" * 2 + b"%011o\0" % size
    block += b"0" * 11 + b"\0" + b" " * 8 + kind + target.ljust(100, b"\0") + b"ustar\00000"
    return checked(block.ljust(BLOCK, b"\0"))


def file(path: bytes, data: bytes, mode: int = 0o644) -> bytes:
    """Return a member."""
    return file_header(path, len(data), mode=mode) + padded(data)


def pax_header(records: bytes, kind: bytes = b"x") -> bytes:
    """Return an extended header."""
    return file_header(b"pax", len(records), kind) + padded(records)


def cpio(*members: tuple[bytes, bytes], mode: int = 0o100644) -> bytes:
    """Return a cpio archive in the form newc."""
    out = bytearray()
    for name, data in (*members, (b"TRAILER!!!", b"")):
        fields = [1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        out += b"070701" + b"".join(b"%08x" % value for value in fields) + name + b"\0"
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return bytes(out)


def cpio_header(name_size: int, size: int) -> bytes:
    """Return the header of a cpio member that claims so much."""
    fields = [1, 0o100644, 0, 0, 1, 0, size, 0, 0, 0, 0, name_size, 0]
    return b"070701" + b"".join(b"%08x" % value for value in fields)


def ar(*members: tuple[bytes, bytes]) -> bytes:
    """Return an ar archive, names as given."""
    out = b"!<arch>\n"
    for name, data in members:
        out += name.ljust(16) + b"0".ljust(12) + b"0".ljust(6) * 2 + b"100644".ljust(8)
        out += b"%-10d`\n" % len(data) + data + b"\n" * (len(data) & 1)
    return out


def rpm_lead() -> bytes:
    """Return what an RPM package starts with: the lead, and a signature header without tags."""
    return b"\xed\xab\xee\xdb\x03\x00" + bytes(90) + b"\x8e\xad\xe8\x01" + bytes(12)
