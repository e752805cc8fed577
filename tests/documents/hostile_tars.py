"""Tar, stream, ar, cpio and rpm archives that break the rules, and what must be said of each."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import struct
import tarfile
from collections.abc import Callable
from typing import Any, Final

from backports import zstd

from dten_audit.documents.tar.header import BLOCK

from .zip_cases import CANARY, Case

Info = tarfile.TarInfo


def info(path: str, **fields: Any) -> Info:
    made = Info(path)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def tar(*members: Info | tuple[Info, bytes], form: int = tarfile.GNU_FORMAT) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for member in members:
            made, data = member if isinstance(member, tuple) else (member, b"")
            if made.isreg():
                made.size = len(data)
            archive.addfile(made, io.BytesIO(data))
    return stream.getvalue()


A: Final = (info("a.sql"), CANARY)
SIZE: Final = b"%011o\0" % len(CANARY)
B: Final = (info("b.txt"), b"second")


def rechecked(block: bytes) -> bytes:
    blank = block[:148] + b" " * 8 + block[156:]
    return block[:148] + b"%06o\0 " % sum(blank) + block[156:]


def header(path: bytes, kind: bytes = b"0", size: bytes = b"00000000000\0") -> bytes:
    block = path.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + size + b"0" * 11 + b"\0"
    block += b" " * 8 + kind + bytes(100) + b"ustar\00000"
    return rechecked(block.ljust(BLOCK, b"\0"))


def old() -> bytes:
    """A header as of 1979: no magic, only a checksum."""
    return rechecked(header(b"a.sql", size=SIZE)[:257].ljust(BLOCK, b"\0"))


def pax(records: bytes) -> bytes:
    size = b"%011o\0" % len(records)
    return header(b"pax", b"x", size) + records + bytes(-len(records) % BLOCK)


def file(path: bytes, data: bytes) -> bytes:
    return header(path, size=b"%011o\0" % len(data)) + data + bytes(-len(data) % BLOCK)


END: Final = bytes(2 * BLOCK)


def damaged() -> bytes:
    data = bytearray(tar(B, A))
    data[150] ^= 0x55
    return bytes(data)


def sparse() -> bytes:
    """A GNU sparse file: one written part of the canary's size, and a map that goes on."""
    block = bytearray(header(b"a.sql", b"S", SIZE))
    block[257:265] = b"ustar  \0"
    block[482] = 1
    more = bytes(BLOCK)
    return rechecked(bytes(block)) + more + CANARY + bytes(-len(CANARY) % BLOCK) + END


def cpio(*members: tuple[str, int, bytes]) -> bytes:
    out = bytearray()
    for path, mode, data in (*members, ("TRAILER!!!", 0, b"")):
        name = path.encode() + b"\0"
        fields = [1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0]
        out += b"070701" + b"".join(b"%08x" % value for value in fields) + name
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return bytes(out)


def odc(path: str, data: bytes) -> bytes:
    out = b""
    for name, mode, body in ((path, 0o100644, data), ("TRAILER!!!", 0, b"")):
        fields = (1, 2, mode, 0, 0, 1, 0)
        out += b"070707" + b"".join(b"%06o" % value for value in fields)
        out += b"%011o%06o%011o" % (0, len(name) + 1, len(body)) + name.encode() + b"\0" + body
    return out


def ar(*members: tuple[bytes, bytes]) -> bytes:
    out = b"!<arch>\n"
    for name, data in members:
        out += name.ljust(16) + b"0".ljust(12) + b"0".ljust(6) * 2 + b"100644".ljust(8)
        out += str(len(data)).encode().ljust(10) + b"`\n" + data + b"\n" * (len(data) & 1)
    return out


def rpm_header(tags: dict[int, bytes]) -> bytes:
    index, store = b"", b""
    for tag, value in tags.items():
        index += struct.pack(">LLLL", tag, 6, len(store), 1)
        store += value + b"\0"
    return (
        b"\x8e\xad\xe8\x01" + bytes(4) + struct.pack(">LL", len(tags), len(store)) + index + store
    )


def rpm(payload: bytes, tags: dict[int, bytes]) -> bytes:
    out = b"\xed\xab\xee\xdb\x03\x00" + bytes(90) + rpm_header({1000: b"x"})
    out += bytes(-len(out) % 8)
    return out + rpm_header(tags) + payload


def always(data: bytes) -> Callable[[], bytes]:
    return lambda: data


FILE: Final = 0o100644
LONG: Final = "d/" * 120 + "a.sql"
PAYLOAD: Final = cpio(("./a.sql", FILE, CANARY))

BROKEN = [
    Case("honest", lambda: tar(A, B), ""),
    Case("old, without magic", lambda: old() + CANARY.ljust(BLOCK, b"\0") + END, ""),
    Case("long name, GNU", lambda: tar((info(LONG), CANARY)), "", found=LONG),
    Case(
        "long name, pax", lambda: tar((info(LONG), CANARY), form=tarfile.PAX_FORMAT), "", found=LONG
    ),
    Case("name in Latin-1", always(file(b"\xfc.sql", CANARY) + END), "", found="ü.sql"),
    Case("no end mark", always(file(b"a.sql", CANARY)), "no-end-mark"),
    Case(
        "cut in a member",
        lambda: tar(A)[:520],
        "truncated-member truncated-archive",
        "truncated",
        "",
    ),
    Case("cut in a header", lambda: tar(A, B)[:1100], "truncated-archive", "truncated"),
    Case("header damaged", lambda: tar(B)[:1024] + damaged(), "corrupt-header", "corrupt"),
    Case(
        "member behind the end",
        lambda: tar(B)[:1536] + tar(A),
        "appended-data",
        found="@hidden/a.sql",
    ),
    Case("garbage behind the end", lambda: tar(A)[:2048] + b"x" * 600, "appended-data"),
    Case("link out", lambda: tar(A, info("x/l", type=b"2", linkname="../../etc")), "link-escape"),
    Case("link absolute", lambda: tar(A, info("l", type=b"2", linkname="/etc")), "link-absolute"),
    Case(
        "hard link out", lambda: tar(A, info("l", type=b"1", linkname="/etc/passwd")), "link-escape"
    ),
    Case("hard link inside", lambda: tar(A, info("l", type=b"1", linkname="a.sql")), ""),
    Case(
        "through a link",
        lambda: tar(info("l", type=b"2", linkname="../.."), (info("l/a.sql"), CANARY)),
        "link-escape path-through-link",
        found="l/a.sql",
    ),
    Case(
        "through an inner link",
        lambda: tar(info("l", type=b"2", linkname="m"), (info("l/a.sql"), CANARY)),
        "path-through-inner-link",
        found="l/a.sql",
    ),
    Case("device", lambda: tar(A, info("sda", type=b"4")), "special-file"),
    Case("pipe", lambda: tar(A, info("p", type=b"6")), "special-file"),
    Case(
        "unknown type",
        always(header(b"a.sql", b"Q", SIZE) + CANARY.ljust(BLOCK, b"\0") + END),
        "unknown-type",
    ),
    Case("setuid", lambda: tar((info("a.sql", mode=0o4755), CANARY)), "mode-setuid"),
    Case("world-writable", lambda: tar((info("a.sql", mode=0o666), CANARY)), "mode-world-writable"),
    Case(
        "world-writable folder",
        lambda: tar(A, info("d", type=b"5", mode=0o777)),
        "mode-world-writable",
    ),
    Case("sticky folder", lambda: tar(A, info("d", type=b"5", mode=0o1777)), ""),
    Case("sparse, its map does not hold", sparse, "sparse-member"),
    Case(
        "two sizes",
        always(pax(b"11 size=%d\n" % len(CANARY)) + file(b"a.sql", CANARY + b"x") + END),
        "header-mismatch hidden-data",
    ),
    Case(
        "pax size negative",
        always(file(b"a.sql", CANARY) + pax(b"11 size=-1\n") + file(b"b", b"b") + END),
        "corrupt-archive",
        "corrupt",
    ),
    Case(
        "pax record twice",
        always(pax(b"10 path=b\n" * 2) + file(b"a.sql", CANARY) + END),
        "extra-duplicate",
        found="b",
    ),
    Case(
        "pax record broken",
        always(pax(b"99 path=b\n") + file(b"a.sql", CANARY) + END),
        "extra-invalid",
    ),
    Case(
        "pax huge",
        always(
            header(b"p", b"x", b"%011o\0" % (1 << 21))
            + bytes(1 << 21)
            + file(b"a.sql", CANARY)
            + END
        ),
        "limit-header",
        "limit-header",
    ),
    Case(
        "two names",
        always(
            header(b"L", b"L", b"%011o\0" % 6)
            + b"b.sql\0".ljust(BLOCK, b"\0")
            + pax(b"14 path=a.sql\n")
            + file(b"c", CANARY)
            + END
        ),
        "header-mismatch",
    ),
    Case(
        "size in base 256",
        always(
            header(b"a.sql", size=b"\x80" + len(CANARY).to_bytes(11, "big"))
            + CANARY.ljust(BLOCK, b"\0")
            + END
        ),
        "",
    ),
    Case(
        "size of 4 EiB",
        always(file(b"a.sql", CANARY) + header(b"b", size=b"\x80\0\0\0\x3f" + b"\xff" * 7) + END),
        "limit-member truncated-archive",
        "limit-member truncated",
    ),
    Case(
        "link with data",
        always(file(b"a.sql", CANARY) + header(b"l", b"2", b"00000000010\0") + END),
        "header-mismatch",
    ),
    Case("climbs", always(file(b"../a.sql", CANARY) + END), "path-traversal", found="../a.sql"),
    Case("absolute", always(file(b"/a.sql", CANARY) + END), "path-absolute", found="/a.sql"),
    Case(
        "file and folder",
        always(file(b"a.sql", CANARY) + file(b"a.sql/b", b"b") + END),
        "path-conflict",
    ),
    Case("twice", always(file(b"a.sql", b"b") + file(b"a.sql", CANARY) + END), "", found="a.sql#2"),
    Case("gzip", lambda: gzip.compress(tar(A)), ""),
    Case("gzip of one file", lambda: gzip.compress(CANARY), "", found="package"),
    Case(
        "gzip, several streams",
        lambda: gzip.compress(CANARY[:9]) + gzip.compress(CANARY[9:]),
        "",
        found="package",
    ),
    Case("gzip and more", lambda: gzip.compress(tar(A)) + b"more", "appended-data"),
    Case("gzip and zeros", lambda: gzip.compress(tar(A)) + bytes(100), ""),
    Case("gzip cut", lambda: gzip.compress(tar(A))[:-9], "truncated-stream", "truncated"),
    Case(
        "gzip checksum", lambda: gzip.compress(tar(A))[:-8] + bytes(8), "corrupt-stream", "corrupt"
    ),
    Case("bzip2", lambda: bz2.compress(tar(A)), ""),
    Case(
        "bzip2 cut",
        lambda: bz2.compress(random.Random(1).randbytes(400_000), 1)[:-9],
        "truncated-stream",
        "truncated",
        "",
    ),
    Case("xz", lambda: lzma.compress(tar(A)), ""),
    Case(
        "xz, several streams",
        lambda: lzma.compress(CANARY) + lzma.compress(b"x"),
        "",
        found="package",
    ),
    Case("lzma", lambda: lzma.compress(tar(A), lzma.FORMAT_ALONE), ""),
    Case("zstd", lambda: zstd.compress(tar(A)), ""),
    Case(
        "zstd, a frame to skip first",
        lambda: b"\x5a\x2a\x4d\x18\2\0\0\0ab" + zstd.compress(CANARY),
        "",
        found="package",
    ),
    Case(
        "lzma wants too much memory",
        lambda: b"\x5d\x00\x00\x00\x40" + lzma.compress(CANARY, lzma.FORMAT_ALONE)[5:],
        "limit-memory",
        "limit-memory",
        "",
    ),
    Case(
        "zstd wants too much memory",
        lambda: b"\x28\xb5\x2f\xfd\0" + bytes([(28 - 10) << 3]) + b"\1\0\0",
        "limit-memory",
        "limit-memory",
        "",
    ),
    Case("ar", lambda: ar((b"b.txt/", b"2.0\n"), (b"a.sql/", CANARY)), ""),
    Case(
        "ar, long names",
        lambda: ar((b"//", b"some/long/a.sql/\n"), (b"/0", CANARY)),
        "",
        found="some/long/a.sql",
    ),
    Case("ar, BSD names", lambda: ar((b"#1/8", b"a.sql\0\0\0" + CANARY)), ""),
    Case(
        "ar cut",
        lambda: ar((b"x", b"x"), (b"a.sql", CANARY))[:-5],
        "truncated-member",
        "truncated",
        "",
    ),
    Case("ar, no header", lambda: ar((b"a.sql", CANARY)) + b"x" * 60, "corrupt-archive", "corrupt"),
    Case(
        "cpio",
        lambda: cpio(
            ("./a.sql", FILE, CANARY), ("d", 0o040755, b""), ("d/l", 0o120777, b"../a.sql")
        ),
        "",
    ),
    Case("cpio, old form", lambda: odc("a.sql", CANARY), ""),
    Case(
        "cpio, device", lambda: cpio(("a.sql", FILE, CANARY), ("d", 0o020644, b"")), "special-file"
    ),
    Case(
        "cpio cut",
        lambda: cpio(("a.sql", FILE, CANARY), ("b", FILE, bytes(99)))[:300],
        "truncated-member truncated-archive",
        "truncated",
    ),
    Case(
        "cpio, header broken",
        lambda: PAYLOAD[: PAYLOAD.rfind(b"070701")] + b"+" * 120,
        "corrupt-archive",
        "corrupt",
    ),
    Case("rpm", lambda: rpm(gzip.compress(PAYLOAD), {1024: b"systemctl restart x"}), ""),
    Case(
        "rpm, scriptlet", lambda: rpm(PAYLOAD, {1023: CANARY}), "", found="a.sql @scriptlets/pre.sh"
    ),
    Case(
        "rpm, payload unknown",
        lambda: rpm(b"?" * 99, {1023: CANARY}),
        "",
        "unsupported-format",
        "@scriptlets/pre.sh",
    ),
    Case(
        "makeself",
        lambda: b"#!/bin/sh\ntail -n +3 $0 | tar xz\nexit\n" + gzip.compress(tar(A)),
        "",
        found="@payload!/a.sql",
    ),
]
