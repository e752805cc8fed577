"""ZIPs whose end records and directories lie: which of them a program takes is its choice."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from dten_audit.examples.zip_writer import ZipMember, write_zip

from .zip_cases import CANARY, Case, plain, split, zipped

OTHER: Final = ZipMember("b.txt", b"second")
END: Final = b"PK\5\6"


def edited(signature: bytes, shift: int, value: bytes, **options: bool) -> Callable[[], bytes]:
    """Change a record of an honest archive."""

    def build() -> bytes:
        data = bytearray(write_zip(plain(), **options))  # type: ignore[arg-type]
        at = data.rfind(signature) + shift
        data[at : at + len(value)] = value
        return bytes(data)

    return build


def end64(shift: int, value: bytes) -> Callable[[], bytes]:
    return edited(b"PK\6\6", shift, value, zip64=True)


def end(count: int, size: int, start: int, comment: bytes = b"") -> bytes:
    return struct.pack("<4s4H2LH", END, 0, 0, count, count, size, start, len(comment)) + comment


def two_bodies(*, last_shown: bool = True) -> tuple[bytes, bytes, bytes]:
    """Return the bytes of two members, and a directory for each of them alone."""
    shown, hidden = ZipMember("b.txt", b"second"), ZipMember("a.sql", CANARY)
    body, first = split(write_zip([shown]))
    more, second = split(write_zip([hidden]))
    second = second[:42] + struct.pack("<L", len(body)) + second[46:]
    return body + more, *((first, second) if last_shown else (second, first))


def two_ends(*, last_shown: bool) -> bytes:
    """Two end records that fit: the comment of the first is a directory and the second."""
    both, first, second = two_bodies(last_shown=not last_shown)
    inner = end(1, len(second), len(both) + len(first) + 22)
    return both + first + end(1, len(first), len(both), second + inner)


def by_size_and_by_offset() -> bytes:
    both, first, second = two_bodies()
    return both + second + first + end(1, len(first), len(both))


def locator_elsewhere() -> bytes:
    """The locator leads to a 64-bit end record of another directory than the one before it."""
    data, first, second = two_bodies()
    places, records = [], b""
    for table in (second, first):
        start = len(data) + len(records)
        places.append(start + len(table))
        records += table
        records += struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(table), start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, places[0], 1)
    wide = struct.pack("<4s4H2LH", END, 0, 0, *[0xFFFF] * 2, *[0xFFFFFFFF] * 2, 0)
    return data + records + locator + wide


def short_form_elsewhere() -> bytes:
    """The end record itself leads to another directory than its 64-bit form."""
    data = bytearray(locator_elsewhere())
    first = data.find(b"PK\1\2")
    size = data.find(b"PK\6\6") - first
    struct.pack_into("<QLL", data, len(data) - 42 + 8, data.rfind(b"PK\6\6"), 1, 0)
    data[-22:] = end(1, size, first)
    struct.pack_into("<LQL", data, len(data) - 38, 0, data.rfind(b"PK\6\6"), 1)
    return bytes(data)


def reversed_order() -> bytes:
    body, table = split(write_zip(plain()))
    cut = table.find(b"PK\1\2", 4)
    return body + table[cut:] + table[:cut] + end(2, len(table), len(body))


def directory_first() -> bytes:
    body, table = split(write_zip(plain()))
    moved = bytearray(table)
    for at in (0, table.find(b"PK\1\2", 4)):
        place = struct.unpack_from("<L", table, at + 42)[0]
        struct.pack_into("<L", moved, at + 42, place + len(table))
    return bytes(moved) + body + end(2, len(table), 0)


def encrypted_directory() -> bytes:
    """What PKWARE calls central directory encryption: all that is left are masked headers."""
    hidden = ZipMember("1", b"", packed=b"\0" * 40, size=28, crc=1, flags=0x2041, method=8)
    body, table = split(write_zip([hidden]))
    extra = struct.pack("<4sL", b"PK\6\x08", 8) + bytes(8)
    record = struct.pack(
        "<4sQHHLLQQQQ", b"PK\6\6", 72, 62, 62, 0, 0, 1, 1, len(table), len(body) + len(extra)
    ) + struct.pack("<HQQLHHHH", 8, len(table), len(table), 0x6610, 256, 1, 0x8004, 0)
    coded = bytes(byte ^ 0x5A for byte in table)
    data = body + extra + coded
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(data), 1)
    wide = struct.pack("<4s4H2LH", END, 0, 0, *[0xFFFF] * 2, *[0xFFFFFFFF] * 2, 0)
    return data + record + locator + wide


ENDS: Final[list[Case]] = [
    Case(
        "two end records",
        lambda: two_ends(last_shown=True),
        "several-directories hidden-data",
    ),
    Case(
        "two end records, other order",
        lambda: two_ends(last_shown=False),
        "several-directories hidden-data",
    ),
    Case(
        "directory by size and by offset",
        by_size_and_by_offset,
        "several-directories hidden-data directory-offset",
    ),
    Case(
        "locator leads elsewhere",
        locator_elsewhere,
        "several-directories zip64-invalid hidden-data",
    ),
    Case(
        "short form leads elsewhere",
        short_form_elsewhere,
        "several-directories zip64-invalid hidden-data",
    ),
    Case("order of the directory reversed", reversed_order, ""),
    Case(
        "directory before the members",
        directory_first,
        "directory-offset directory-invalid overlap prepended-data",
        found="a.sql @hidden/a.sql",
    ),
    Case(
        "directory encrypted",
        encrypted_directory,
        "encrypted-member no-directory hidden-data",
        "encrypted truncated",
        "",
    ),
    Case(
        "ZIP in the comment",
        zipped(OTHER, comment=write_zip([ZipMember("a.sql", CANARY)])),
        "several-directories hidden-data",
    ),
    Case("canary in the comment", zipped(OTHER, comment=CANARY), "", found="@comment"),
    Case(
        "canary in a member's comment",
        zipped(OTHER._replace(comment=CANARY)),
        "",
        found="@comments/b.txt.txt",
    ),
    Case(
        "comment of git archive",
        zipped(*plain(), comment=b"155d9986a09fbd8ab2b8c4bd1ea9dd0ec1e3fb0a"),
        "",
    ),
    Case(
        "64-bit: extensible data",
        zipped(OTHER, zip64=True, extensible=CANARY),
        "zip64-invalid",
        found="@hidden/150",
    ),
    Case("64-bit: length", end64(4, b"\x2d"), "zip64-invalid"),
    Case("64-bit: disk", end64(16, b"\1"), "zip64-invalid"),
    Case("64-bit: first disk", end64(20, b"\1"), "zip64-invalid"),
    Case("64-bit: members here", end64(24, b"\5"), "zip64-invalid"),
    Case("64-bit: members", end64(32, b"\5"), "zip64-invalid count-mismatch"),
    Case("64-bit: size", end64(40, b"\5"), "zip64-invalid directory-offset"),
    Case("64-bit: offset", end64(48, b"\5"), "zip64-invalid directory-offset"),
    Case("64-bit: offset, far", end64(50, b"\5"), "directory-offset"),
    Case("64-bit: locator's disk", edited(b"PK\6\7", 4, b"\1", zip64=True), "zip64-invalid"),
    Case("64-bit: locator's place", edited(b"PK\6\7", 8, b"\1", zip64=True), "zip64-invalid"),
    Case("64-bit: number of disks", edited(b"PK\6\7", 16, b"\3", zip64=True), "zip64-invalid"),
    Case("64-bit: announced, not there", edited(END, 12, b"\xff" * 8), "no-directory", "truncated"),
    Case("directory on another disk", edited(END, 6, b"\2"), "several-disks"),
    Case("members on this disk", edited(END, 8, b"\1"), "count-mismatch"),
    Case(
        "bytes behind the directory",
        zipped(OTHER, behind_directory=CANARY),
        "directory-invalid",
        found="@hidden/94",
    ),
    Case(
        "digital signature",
        zipped(OTHER, behind_directory=b"PK\5\5" + struct.pack("<H", len(CANARY)) + CANARY),
        "extra-data",
        found="@hidden/100",
    ),
    Case(
        "archive extra data record",
        zipped(OTHER, before_directory=struct.pack("<4sL", b"PK\6\x08", len(CANARY)) + CANARY),
        "hidden-data",
        found="@hidden/43",
    ),
]
