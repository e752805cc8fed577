"""ZIPs whose members lie: their headers, extra fields, descriptors and names."""

from __future__ import annotations

import struct
import zlib
from typing import Final

from dten_audit.examples.zip_writer import ZipMember, deflate, write_zip

from .zip_cases import CANARY, LINK, Case, make, plain, split, unicode_path, zipped

OTHER: Final = ZipMember("b.txt", b"second")


def field(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def numbers(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}Q", *values)


def stored_with_descriptor() -> bytes:
    """Content that ends itself: a descriptor inside, and a header of another member behind it."""
    inside = write_zip([ZipMember("a.sql", CANARY)])
    start = b"readme"
    stated = struct.pack("<4sLLL", b"PK\7\x08", zlib.crc32(start), len(start), len(start))
    return write_zip([ZipMember("x", start + stated + inside, stored=True, streamed=True), OTHER])


def descriptor(form: str, *, signed: bool) -> bytes:
    packed = deflate(CANARY)
    numbers = struct.pack(form, zlib.crc32(CANARY), len(packed), len(CANARY))
    return b"PK\7\x08" * signed + numbers


LONG: Final = field(1, numbers(len(CANARY), len(deflate(CANARY))))
TIMES: Final = field(0x5455, b"\1abcd")
WIDE: Final = 0xFFFFFFFF

EXTRAS: Final = [
    Case("extra: unknown id", make(extra=field(0x4242, CANARY)), "extra-data"),
    Case("extra: unknown id, own header", make(local_extra=field(0x4242, CANARY)), "extra-data"),
    Case("extra: times too long", make(extra=field(0x5455, CANARY)), "extra-data"),
    Case("extra: empty", make(extra=field(0xCAFE, b"")), ""),
    Case("extra: jar with more", make(extra=field(0xCAFE, CANARY)), "extra-data"),
    Case("extra: alignment", make(local_extra=field(0xD935, b"\4\0\0\0\0")), ""),
    Case("extra: alignment with more", make(local_extra=field(0xD935, CANARY)), "extra-data"),
    Case("extra: alignment of old", make(local_extra=bytes(3)), ""),
    Case("extra: owner", make(local_extra=field(0x7875, b"\1\4\0\0\0\0\4\0\0\0\0")), ""),
    Case("extra: owner, long", make(extra=field(0x7875, b"\1\x20" + CANARY)), "extra-data"),
    Case("extra: ACL", make(extra=field(0x4453, CANARY)), "extra-data"),
    Case("extra: times of NT", make(extra=field(10, b"\0\0\0\0\1\0\x18\0" + bytes(24))), ""),
    Case("extra: times of NT, more", make(extra=field(10, bytes(36))), "extra-data"),
    Case("extra: link in it", make(extra=field(0x756E, bytes(14) + b"/etc")), "extra-data"),
    Case("extra: cut inside", make(extra=TIMES + b"\1"), "extra-invalid"),
    Case("extra: 64-bit, equal", make(extra=LONG), ""),
    Case("extra: 64-bit, another", make(extra=field(1, numbers(7))), "zip64-invalid"),
    Case("extra: 64-bit, no value", make(extra=field(1, b"\0\0\0")), "extra-data"),
    Case("extra: 64-bit, own header", make(local_extra=field(1, numbers(7))), "zip64-invalid"),
    Case(
        "64-bit sizes in its own header only",
        make(local_extra=LONG, local_size=WIDE, local_packed=WIDE),
        "",
    ),
    Case(
        "64-bit sizes of its own header lie",
        make(local_extra=field(1, numbers(7, 7)), local_size=WIDE, local_packed=WIDE),
        "zip64-invalid header-mismatch truncated-member",
        "truncated",
    ),
    Case(
        "64-bit size announced, not there",
        make(local_size=WIDE),
        "zip64-invalid header-mismatch size-mismatch",
        found="a.sql @local/a.sql",
    ),
    Case(
        "64-bit size announced in the directory, not there",
        make(size=WIDE, local_size=len(CANARY)),
        "zip64-invalid header-mismatch size-mismatch",
        found="a.sql @local/a.sql",
    ),
    Case(
        "unicode path in its own header only",
        make(local_extra=unicode_path(b"a.sql", b"x/../a.sql")),
        "unicode-path-mismatch path-dots path-collision",
        found="a.sql x/../a.sql",
    ),
    Case(
        "unicode paths differ",
        make(extra=unicode_path(b"a.sql", b"1"), local_extra=unicode_path(b"a.sql", b"2")),
        "unicode-path-mismatch",
        found="a.sql 1 2",
    ),
    Case(
        "unicode path twice",
        make(extra=unicode_path(b"a.sql", b"a.sql") * 2),
        "extra-duplicate",
    ),
    Case(
        "unicode path of another version",
        make(extra=unicode_path(b"a.sql", b"x", version=2)),
        "extra-data",
    ),
    Case(
        "name in a code page, honest",
        make(
            raw_path="тест.sql".encode("cp866"),
            extra=unicode_path("тест.sql".encode("cp866"), "тест.sql".encode()),
        ),
        "",
        found="тест.sql",
    ),
    Case(
        "name in a code page, another in Unicode",
        make(raw_path=b"\x81.sql", extra=unicode_path(b"\x81.sql", b"../x")),
        "unicode-path-mismatch path-traversal",
        found="ü.sql ../x",
    ),
    Case(
        "unicode comment",
        zipped(
            OTHER._replace(
                comment=b"x",
                extra=field(0x6375, b"\1" + struct.pack("<L", zlib.crc32(b"x")) + CANARY),
            )
        ),
        "",
        found="@comments/b.txt.txt#2",
    ),
    Case(
        "unicode comment, void",
        zipped(OTHER._replace(extra=field(0x6375, b"\1abcd" + CANARY))),
        "extra-data",
        found="",
    ),
]
HEADERS: Final = [
    Case("checksum differs", make(local_crc=9), "header-mismatch"),
    Case(
        "packed size differs",
        make(local_packed=9),
        "header-mismatch truncated-member",
        "truncated",
    ),
    Case(
        "streamed in its own header only",
        make(local_flags=8),
        "header-mismatch descriptor-mismatch",
    ),
    Case("streamed in the directory only", make(flags=8, local_flags=0), "header-mismatch"),
    Case("encrypted in its own header only", make(local_flags=1), "header-mismatch"),
    Case(
        "encrypted in the directory only",
        make(flags=1, local_flags=0),
        "header-mismatch encrypted-member",
        "encrypted",
        "",
    ),
    Case("Unicode in the directory only", make(flags=0x800, local_flags=0), "header-mismatch"),
    Case("masked", make(flags=0x2000), "encrypted-member", "encrypted", ""),
    Case(
        "AES, packed as it says",
        make(method=99, flags=1, extra=field(0x9901, b"\2\0AE\3\x08\0")),
        "encrypted-member",
        "encrypted",
        "",
    ),
    Case(
        "packed here, not there",
        make(method=0, packed=CANARY, local_method=8),
        "header-mismatch corrupt-member",
        "corrupt",
    ),
    Case("descriptor, signed", make(streamed=True, descriptor=descriptor("<LLL", signed=True)), ""),
    Case(
        "descriptor, unsigned", make(streamed=True, descriptor=descriptor("<LLL", signed=False)), ""
    ),
    Case("descriptor, long", make(streamed=True, descriptor=descriptor("<LQQ", signed=True)), ""),
    Case(
        "descriptor, long, unsigned",
        make(streamed=True, descriptor=descriptor("<LQQ", signed=False)),
        "",
    ),
    Case(
        "descriptor, long, of nothing",
        zipped(
            *plain(),
            ZipMember(
                "e",
                b"",
                packed=b"\3\0",
                method=8,
                streamed=True,
                descriptor=struct.pack("<4sLQQ", b"PK\7\x08", 0, 2, 0),
            ),
        ),
        "",
    ),
    Case(
        "descriptor and more",
        make(streamed=True, descriptor=descriptor("<LLL", signed=True) + CANARY),
        "hidden-data",
        found="a.sql @hidden/83",
    ),
    Case("no descriptor", make(streamed=True, descriptor=b""), "descriptor-mismatch"),
    Case(
        "content ends itself",
        stored_with_descriptor,
        "descriptor-mismatch prepended-data",
        found="x!/a.sql",
    ),
    Case(
        "content with a signature",
        make(stored=True, streamed=True, data=CANARY + b"PK\7\x08" + bytes(12)),
        "stored-streamed",
    ),
    Case(
        "packed tail is a script",
        make(packed=deflate(b"x") + CANARY, size=1, crc=zlib.crc32(b"x")),
        "packed-tail",
        found="@tail/a.sql",
    ),
    Case(
        "member among junk",
        zipped(
            OTHER, OTHER._replace(path="c", gap=b"junk" + write_zip([ZipMember("a.sql", CANARY)]))
        ),
        "hidden-data",
        found="@hidden/a.sql",
    ),
    Case(
        "member in the stub",
        zipped(OTHER, prefix=b"MZ" + bytes(60) + split(write_zip([ZipMember("a.sql", CANARY)]))[0]),
        "prepended-data",
        found="@hidden/a.sql",
    ),
    Case(
        "link with a long target",
        zipped(ZipMember("l", b"x/" * 3000, attributes=LINK)),
        "path-long",
        found="",
    ),
    Case(
        "overlong name",
        make(raw_path=b"\xc0\xae\xc0\xae/x"),
        "path-encoding path-traversal",
        found="../x └«└«/x",
    ),
    Case(
        "half a surrogate",
        make(raw_path=b"\xed\xa0\x80.sql", flags=0x800, data=b"x"),
        "path-encoding path-control",
        found="",
    ),
]
RECORDS: Final[list[Case]] = [*EXTRAS, *HEADERS]
