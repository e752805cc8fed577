"""ZIPs that no honest program writes: how to make them, and what must be said of each."""

from __future__ import annotations

import bz2
import lzma
import struct

from backports import zstd

from dten_audit.examples.zip_writer import ZipMember, deflate, write_zip

from .hostile_zip_ends import ENDS
from .hostile_zip_records import RECORDS
from .zip_cases import CANARY, LINK, Case, cut, make, patched, plain, unicode_path, zipped


def two_directories() -> bytes:
    """An archive whose comment holds a second directory that shows another member."""
    first = write_zip([ZipMember("a.sql", CANARY), ZipMember("b.txt", b"second")])
    end = first.rfind(b"PK\5\6")
    size, start = struct.unpack_from("<LL", first, end + 12)
    table = first[start : start + size]
    alone = table[: table.find(b"PK\1\2", 4)]
    base = end + 22
    inner_end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(alone), base, 0)
    comment = alone + inner_end
    return first[: end + 20] + struct.pack("<H", len(comment)) + comment


def quoted_overlap() -> bytes:
    """Each member's packed data quote the next one's header: all share one kernel."""
    return write_zip([ZipMember("a.sql", CANARY), ZipMember("b.sql", CANARY, shared=True)])


def signing_block(content: bytes) -> bytes:
    """A block as APK signature schemes put it before the directory."""
    length = struct.pack("<Q", len(content) + 24)
    return length + content + length + b"APK Sig Block 42"


def zip64_lie() -> bytes:
    data = bytearray(write_zip(plain(), zip64=True))
    struct.pack_into("<H", data, data.rfind(b"PK\5\6") + 8, 7)
    return bytes(data)


def encrypted() -> list[ZipMember]:
    return [ZipMember("a.sql", b"", packed=b"\0" * 40, size=28, crc=1, flags=1, method=8)]


def lzma_packed() -> bytes:
    packed = lzma.compress(CANARY, lzma.FORMAT_ALONE)
    return b"\x09\x14\x05\x00" + packed[:5] + packed[13:]


HOSTILE = [
    *ENDS,
    *RECORDS,
    Case("empty archive", zipped(), "", found=""),
    Case("honest", make(), ""),
    Case("honest, streamed", make(streamed=True), ""),
    Case("honest, 64-bit", zipped(*plain(), zip64=True), ""),
    Case("honest, with comments", make(comment=b"of a member"), ""),
    Case("name differs", make(local_path="b.sql"), "header-mismatch", found="a.sql b.sql"),
    Case("method differs", make(local_method=0), "header-mismatch checksum-mismatch size-mismatch"),
    Case(
        "size differs",
        make(local_size=9),
        "header-mismatch size-mismatch",
        found="a.sql @local/a.sql",
    ),
    Case("two directories", two_directories, "several-directories hidden-data"),
    Case("more members stated", zipped(*plain(), count=3), "count-mismatch"),
    Case("fewer members stated", zipped(*plain(), count=1), "count-mismatch"),
    Case("64-bit lie", zip64_lie, "zip64-invalid"),
    Case("disk of a set", patched(b"PK\5\6", 4, b"\3\0", last=True), "several-disks"),
    Case("member on another disk", patched(b"PK\1\2", 34, b"\3\0"), "several-disks"),
    Case("signature in comment", zipped(*plain(), comment=b"PK\1\2"), "signature-in-comment"),
    Case("signature in member comment", make(comment=b"xPK\3\4"), "signature-in-comment"),
    Case("extra field twice", make(extra=struct.pack("<HHQ", 1, 8, 30) * 2), "extra-duplicate"),
    Case("extra field cut", make(extra=b"\x01\x00\xff\xff\x00"), "extra-invalid"),
    Case(
        "extra field honest",
        make(
            extra=struct.pack("<HH5s", 0x5455, 5, b"\1abcd"),
            local_extra=struct.pack("<HH5s", 0x5455, 5, b"\1abcd"),
        ),
        "",
    ),
    Case(
        "unicode path, other name",
        make(extra=unicode_path(b"a.sql", b"etc/cron.d/x")),
        "unicode-path-mismatch",
        found="a.sql etc/cron.d/x",
    ),
    Case("unicode path, same name", make(extra=unicode_path(b"a.sql", b"a.sql")), ""),
    Case("unicode path, void", make(extra=unicode_path(b"other", b"x")), "extra-data"),
    Case(
        "descriptor lies",
        lambda: write_zip(plain(streamed=True)).replace(b"PK\7\x08", b"PK\7\x09"),
        "descriptor-mismatch hidden-data",
    ),
    Case("stored and streamed", make(streamed=True, stored=True), "stored-streamed"),
    Case(
        "duplicate, other content",
        zipped(*plain(), ZipMember("a.sql", b"DROP TABLE t;")),
        "duplicate-name",
    ),
    Case(
        "duplicate, same content",
        zipped(*plain(), ZipMember("a.sql", CANARY)),
        "repeated-member",
        found="a.sql a.sql#2",
    ),
    Case(
        "folder with data", zipped(ZipMember("a.sql/", CANARY)), "folder-with-data", found="a.sql/"
    ),
    Case(
        "hidden member",
        zipped(
            ZipMember("b.txt", b"b"),
            ZipMember("c.txt", b"c", gap=write_zip([ZipMember("a.sql", CANARY)])),
        ),
        "hidden-data",
        found="@hidden/a.sql",
    ),
    Case(
        "hidden bytes",
        zipped(ZipMember("b.txt", b"b"), ZipMember("c.txt", b"c", gap=CANARY)),
        "hidden-data",
        found="@hidden/38",
    ),
    Case(
        "hidden before directory",
        zipped(ZipMember("b.txt", b"b"), before_directory=CANARY),
        "hidden-data",
        found="@hidden/38",
    ),
    Case("zero padding", zipped(*plain(), before_directory=bytes(100)), "padding"),
    Case(
        "APK signing block",
        zipped(*plain(), before_directory=signing_block(CANARY)),
        "signing-block",
        found="a.sql @signing-block",
    ),
    Case(
        "no APK signing block",
        zipped(ZipMember("b.txt", b"b"), before_directory=CANARY + b"APK Sig Block 42"),
        "hidden-data",
        found="@hidden/38",
    ),
    Case("overlap", quoted_overlap, "overlap header-mismatch", found="a.sql b.sql a.sql#2"),
    Case("script before", zipped(*plain(), prefix=b"#!/bin/sh\nexit\n"), "prepended-data"),
    Case(
        "script before, offsets not moved",
        zipped(*plain(), prefix=b"#!/bin/sh\n", shift=True),
        "prepended-data",
    ),
    Case(
        "member before",
        zipped(ZipMember("b.txt", b"b"), prefix=write_zip([ZipMember("a.sql", CANARY)])),
        "hidden-data",
        found="@hidden/a.sql",
    ),
    Case("data behind", zipped(*plain(), suffix=b"\n-- more\n"), "appended-data"),
    Case(
        "archive behind",
        zipped(ZipMember("b.txt", b"b"), suffix=deflate(b"x") + b"tail"),
        "appended-data",
        found="",
    ),
    Case("zeros behind", zipped(*plain(), suffix=bytes(512)), "padding"),
    Case("tail in packed data", make(packed=deflate(CANARY) + b"tail"), "packed-tail"),
    Case("encrypted", lambda: write_zip(encrypted()), "encrypted-member", "encrypted", ""),
    Case("AES", make(method=99, flags=1), "encrypted-member", "encrypted", ""),
    Case("strongly encrypted", make(flags=0x41), "encrypted-member", "encrypted", ""),
    Case("PPMd", make(method=98), "unsupported-method", "unsupported-method", ""),
    Case("unknown method", make(method=777), "unsupported-method", "unsupported-method", ""),
    Case("patched data", make(flags=0x20), "unsupported-method", "unsupported-method", ""),
    Case("bzip2", make(method=12, packed=bz2.compress(CANARY)), ""),
    Case("lzma", make(method=14, packed=lzma_packed()), ""),
    Case("xz", make(method=95, packed=lzma.compress(CANARY)), ""),
    Case("zstd", make(method=93, packed=zstd.compress(CANARY)), ""),
    Case(
        "lzma header broken",
        make(method=14, packed=b"\0\0\5\0\xff" + b"\0" * 9),
        "corrupt-member",
        "corrupt",
        "",
    ),
    Case("checksum wrong", make(crc=1), "checksum-mismatch"),
    Case("packed data damaged", make(packed=b"\xff" * 30), "corrupt-member", "corrupt", ""),
    Case("packed data cut", make(packed=deflate(CANARY)[:-9]), "truncated-member", "truncated", ""),
    Case("declared too small", make(size=5), "size-mismatch"),
    Case("declared too large", make(size=5000), "size-mismatch"),
    Case("declared 4 GB", make(size=0xFFFFFFFE), "size-mismatch"),
    Case("stored, sizes differ", make(stored=True, size=5), "size-mismatch"),
    Case(
        "offset leads nowhere",
        patched(b"PK\1\2", 42, b"\x05\0\0\0"),
        "member-missing hidden-data",
        "missing",
        "@hidden/a.sql",
    ),
    Case("no end record", cut(22), "no-directory", "truncated"),
    Case(
        "cut inside a member",
        lambda: write_zip([*plain(), ZipMember("c.bin", bytes(2304), stored=True)])[:700],
        "no-directory truncated-member",
        "truncated",
    ),
    Case("cut, streamed", cut(30, streamed=True), "no-directory", "truncated"),
    Case(
        "comment cut",
        lambda: write_zip(plain(), comment=b"of the archive")[:-3],
        "comment-cut",
    ),
    Case(
        "directory damaged",
        patched(b"PK\1\2", 0, b"XX", last=True),
        "directory-invalid count-mismatch hidden-data",
    ),
    Case(
        "directory size lies", patched(b"PK\5\6", 12, b"\x09\0\0\0", last=True), "directory-offset"
    ),
    Case(
        "directory offset lies",
        patched(b"PK\5\6", 16, b"\xff\xff\0\0", last=True),
        "directory-offset",
    ),
    Case(
        "name not UTF-8", make(raw_path=b"a\xff.sql", flags=0x800), "path-encoding", found="aÿ.sql"
    ),
    Case("name in code page 437", make(raw_path=b"\x81.sql"), "", found="ü.sql"),
    Case("named pipe", make(attributes=0o010644 << 16), "special-file"),
    Case("setuid", make(attributes=0o104755 << 16), "mode-setuid"),
    Case("setgid", make(attributes=0o102755 << 16), "mode-setgid"),
    Case("world-writable, as some writers do", make(attributes=0o100666 << 16), ""),
    Case(
        "link out",
        zipped(ZipMember("x/l", b"../../etc/passwd", attributes=LINK)),
        "link-escape",
        found="",
    ),
    Case(
        "link absolute", zipped(ZipMember("l", b"/etc", attributes=LINK)), "link-absolute", found=""
    ),
    Case("link inside", zipped(*plain(), ZipMember("x/l", b"../a.sql", attributes=LINK)), ""),
    Case(
        "through a link",
        zipped(ZipMember("l", b"/etc", attributes=LINK), ZipMember("l/a.sql", CANARY)),
        "link-absolute path-through-link",
        found="l/a.sql",
    ),
    Case(
        "not what it says",
        zipped(ZipMember("logo.png", b"\x7fELF" + bytes(60))),
        "type-mismatch",
        found="",
    ),
    Case(
        "text as archive", zipped(ZipMember("x.tar.gz", CANARY)), "type-mismatch", found="x.tar.gz"
    ),
    Case(
        "RAR inside",
        zipped(*plain(), ZipMember("x.rar", b"Rar!\x1a\x07\x01\0" + bytes(60))),
        "",
        "unsupported-format",
    ),
    Case(
        "broken gzip inside",
        zipped(*plain(), ZipMember("x.gz", b"\x1f\x8b\x08" + bytes(60))),
        "corrupt-stream",
        "corrupt",
    ),
    Case(
        "ZIP behind a picture",
        zipped(ZipMember("x.gif", b"GIF89a" + write_zip(plain()))),
        "prepended-data",
        found="x.gif!/a.sql",
    ),
    Case(
        "settings of a scanner",
        zipped(*plain(), ZipMember("db/.semgrepignore", b"*")),
        "tool-suppression",
    ),
]
