"""Hostile archives beside those of the readers' tests: links, modes, nesting, disguises."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
from collections.abc import Callable, Iterator
from typing import Final

from dten_audit.examples.zip_writer import ZipMember, write_zip

from .case import CANARY, HostileCase
from .tape import (
    BLOCK,
    END,
    ar,
    checked,
    cpio,
    cpio_header,
    file,
    file_header,
    padded,
    pax_header,
    rpm_lead,
)  # fmt: skip

Row = tuple[str, str, str, Callable[[], bytes], str]

LINK: Final = 0o120777 << 16
GOOD: Final = file(b"a.sql", CANARY)
SECOND: Final = file(b"b.txt", b"second")
MEMBER: Final = ZipMember("a.sql", CANARY)
FIFO, BLOCK_DEVICE, CHARACTER_DEVICE = 0o010644, 0o060644, 0o020644


def tar(*parts: bytes) -> bytes:
    """Return a tar archive."""
    return b"".join(parts) + END


def zipped(*members: ZipMember) -> bytes:
    """Return a ZIP."""
    return write_zip(list(members))


def link(path: bytes, target: bytes, kind: bytes = b"2") -> bytes:
    """Return a link in a tar archive."""
    return file_header(path, 0, kind, target)


def resized(path: bytes, field: bytes) -> bytes:
    """Return a header whose size field is as given."""
    block = file_header(path, 0)
    return checked(block[:124] + field.ljust(12, b"\0") + block[136:])


def pax(member: bytes, **records: str) -> bytes:
    """Return a member with pax records."""
    out = b""
    for key, value in records.items():
        body = f" {key.replace('_', '.')}={value}\n".encode()
        size = next(n for n in range(len(body), len(body) + 9) if n == len(body) + len(str(n)))
        out += b"%d" % size + body
    return pax_header(out) + file(member, CANARY)


def rpm(payload: bytes, tags: dict[int, bytes]) -> bytes:
    """Return an RPM package with string tags."""
    index = store = b""
    for tag, value in tags.items():
        index += struct.pack(">LLLL", tag, 6, len(store), 1)
        store += value + b"\0"
    intro = b"\x8e\xad\xe8\x01" + bytes(4) + struct.pack(">LL", len(tags), len(store))
    return rpm_lead() + intro + index + store + payload


def deb(data: bytes) -> bytes:
    """Return a Debian package with this for its data."""
    control = gzip.compress(tar(file(b"control", b"Package: dten\nVersion: 9.4\n")), mtime=0)
    parts = ((b"debian-binary", b"2.0\n"), (b"control.tar.gz", control), (b"data.tar.gz", data))
    return ar(*parts)


def elf(behind: bytes) -> bytes:
    """Return a program, as far as its header tells, with something behind it."""
    head = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHLQQQLHHHHHH", 2, 62, 1, 0, 64, 0, 0, 64,
                                                      56, 0, 64, 0, 0)  # fmt: skip
    return head + behind


def script(payload: bytes, start: bytes = b"tail -n +4 $0 | tar xz\n") -> bytes:
    """Return a shell script with an archive behind it."""
    return b"#!/bin/sh\n# install\n" + start + b"exit 0\n" + payload


def swapped(data: bytes, old: bytes, new: bytes) -> bytes:
    """Return data with the last ``old`` replaced."""
    at = data.rfind(old)
    return data[:at] + new + data[at + len(new) :]


PACKED: Final = gzip.compress(tar(GOOD), mtime=0)
BZIP2: Final = bz2.compress(tar(GOOD))
CPIO: Final = cpio((b"a.sql", CANARY))

_TAR: Final[tuple[Row, ...]] = (
    (
        "header with a sign in its size",
        "corrupt-header",
        "The size is written as +7777777777.",
        lambda: tar(GOOD, resized(b"b", b"+7777777777")),
        "Tar",
    ),
    (
        "negative size",
        "corrupt-header",
        "The size is negative in base 256.",
        lambda: tar(GOOD, resized(b"b", b"\xff" * 12)),
        "Tar",
    ),
    (
        "size of 8 GiB",
        "limit-member",
        "The member claims more than the archive has.",
        lambda: tar(GOOD, resized(b"b", b"77777777777")),
        "Tar",
    ),
    (
        "size in two forms",
        "header-mismatch",
        "Header and pax record give the member different sizes: readers lose step.",
        lambda: tar(pax(b"a.sql", size="512"), SECOND),
        "Tar",
    ),
    (
        "pax path climbs out",
        "path-traversal",
        "Only the pax record says where the member goes.",
        lambda: tar(pax(b"a.sql", path="../../canary.sql")),
        "Paths",
    ),
    (
        "pax path with a NUL",
        "path-control",
        "Some programs stop at the NUL of a pax record.",
        lambda: tar(pax(b"a.sql", path="a.sql\0.txt")),
        "Paths",
    ),
    (
        "prefix climbs out",
        "path-traversal",
        "The path climbs in the prefix field of the header.",
        lambda: tar(checked(GOOD[:345] + b"../..".ljust(155, b"\0") + GOOD[500:512]) + GOOD[512:]),
        "Paths",
    ),
    (
        "header behind a broken one",
        "corrupt-header",
        "Many programs stop at the broken header.",
        lambda: tar(SECOND, b"\1" * BLOCK, GOOD),
        "Tar",
    ),
    (
        "archive behind the end",
        "appended-data",
        "A second archive stands behind the end mark.",
        lambda: tar(SECOND) + tar(GOOD),
        "Tar",
    ),
    (
        "link with a block of data",
        "header-mismatch",
        "A link has content that some readers take for headers.",
        lambda: tar(file_header(b"l", 512, b"2", b"x"), GOOD),
        "Tar",
    ),
    (
        "reserved type",
        "unknown-type",
        "The member's type is none that the format defines.",
        lambda: tar(file_header(b"a.sql", len(CANARY), b"Z") + padded(CANARY)),
        "Tar",
    ),
)
_LINKS: Final[tuple[Row, ...]] = (
    ("tar: link, then a file through it", "link-escape path-through-link",
     "A link leads out, and the next member is written through it.",
     lambda: tar(link(b"d", b"../.."), file(b"d/canary.sql", CANARY)), "Links"),
    ("tar: two links, one through the other", "path-through-inner-link",
     "Each link looks harmless from where it stands; together they lead out.",
     lambda: tar(link(b"d/l", b".."), link(b"d/l/m", b"../.."), file(b"d/l/m/canary.sql", CANARY)),
     "Links"),
    ("tar: hard link climbs out", "link-escape", "A hard link leads out of the folder.",
     lambda: tar(GOOD, link(b"l", b"../../etc/passwd", b"1")), "Links"),
    ("tar: link replaced by a file", "link-escape",
     "A link and a file have one path: who does not remove the link writes through it.",
     lambda: tar(link(b"a.sql", b"../../canary.sql"), GOOD), "Links"),
    ("tar: link by backslash", "link-escape", "The target climbs where backslash separates.",
     lambda: tar(GOOD, link(b"l", b"..\\..\\etc")), "Links"),
    ("tar: link to a drive", "link-absolute", "The target lies on a drive.",
     lambda: tar(link(b"l", b"C:\\Windows"), file(b"l/a.sql", CANARY)), "Links"),
    ("tar: link of 5,000 characters", "path-long", "No file system takes the target.",
     lambda: tar(GOOD, file_header(b"K", 5001, b"K") + padded(b"d/" * 2500 + b"\0"),
                 link(b"l", b"")), "Links"),
    ("zip: link, then a file through it", "link-escape path-through-link",
     "A link leads out, and the next member is written through it.",
     lambda: zipped(ZipMember("d", b"../..", attributes=LINK), ZipMember("d/canary.sql", CANARY)),
     "Links"),
    ("cpio: link out", "link-escape", "The link climbs out of the target folder.",
     lambda: CPIO[: CPIO.rfind(b"070701")] + cpio((b"l", b"../../etc"), mode=0o120777), "Links"),
)  # fmt: skip
_MODES: Final[tuple[Row, ...]] = (
    ("tar: setgid", "mode-setgid", "The file runs with its group's rights.",
     lambda: tar(file(b"a.sql", CANARY, 0o2755)), "Modes and special files"),
    ("tar: setuid and open to all", "mode-setuid mode-world-writable",
     "The file runs with its owner's rights, and everybody may change it.",
     lambda: tar(file(b"a.sql", CANARY, 0o4777)), "Modes and special files"),
    ("tar: character device", "special-file", "Unpacked by root, a device node appears.",
     lambda: tar(GOOD, file_header(b"dev/mem", 0, b"3")), "Modes and special files"),
    ("zip: block device", "special-file", "The attributes are those of a disk.",
     lambda: zipped(MEMBER, ZipMember("sda", attributes=BLOCK_DEVICE << 16)),
     "Modes and special files"),
    ("zip: character device", "special-file", "The attributes are those of a device.",
     lambda: zipped(MEMBER, ZipMember("mem", attributes=CHARACTER_DEVICE << 16)),
     "Modes and special files"),
    ("cpio: pipe", "special-file", "Whoever reads the folder's files waits for ever.",
     lambda: CPIO[: CPIO.rfind(b"070701")] + cpio((b"p", b""), mode=FIFO),
     "Modes and special files"),
    ("cpio: setuid", "mode-setuid", "The file runs with its owner's rights.",
     lambda: cpio((b"a.sql", CANARY), mode=0o104755), "Modes and special files"),
)  # fmt: skip
_STREAMS: Final[tuple[Row, ...]] = (
    ("gzip: script behind the stream", "appended-data", "A script stands behind the archive.",
     lambda: PACKED + b"#!/bin/sh\nid\n", "Compressed streams"),
    ("gzip: length lies", "corrupt-stream", "The trailer states another length.",
     lambda: PACKED[:-4] + b"\1\0\0\0", "Compressed streams"),
    ("gzip: reserved flag", "extra-invalid", "The header has a flag that RFC 1952 reserves.",
     lambda: PACKED[:3] + b"\x80" + PACKED[4:], "Compressed streams"),
    ("bzip2: behind the stream", "appended-data", "A script stands behind the archive.",
     lambda: bz2.compress(tar(GOOD)) + b"#!/bin/sh\nid\n", "Compressed streams"),
    ("xz: behind the stream", "appended-data", "A script stands behind the archive.",
     lambda: lzma.compress(tar(GOOD)) + b"#!/bin/sh\nid\n", "Compressed streams"),
    ("xz: checksum", "error", "The checksum of the block is wrong.",
     lambda: swapped(lzma.compress(tar(GOOD), check=lzma.CHECK_CRC32), b"YZ", b"YY"),
     "Compressed streams"),
    ("bzip2: checksum", "error", "The checksum of the block is wrong.",
     lambda: BZIP2[:10] + bytes(4) + BZIP2[14:],
     "Compressed streams"),
)  # fmt: skip
_TAPES: Final[tuple[Row, ...]] = (
    ("ar: size of 9,999,999,999", "truncated-member", "The member claims more than there is.",
     lambda: ar((b"a.sql/", CANARY)) + b"b/".ljust(48) + b"9999999999`\nx", "ar"),
    ("ar: size with a sign", "corrupt-archive", "The size is no number.",
     lambda: ar((b"a.sql/", CANARY)) + b"b/".ljust(48) + b"-1        `\n", "ar"),
    ("ar: path climbs out", "path-traversal", "The name climbs out of the target folder.",
     lambda: ar((b"../a.sql", CANARY)), "ar"),
    ("ar: long name elsewhere", "path-traversal", "The table of long names holds the path.",
     lambda: ar((b"//", b"../../../canary.sql/\n"), (b"/0", CANARY)), "ar"),
    ("deb: damaged data", "corrupt-stream", "The files of the package do not unpack.",
     lambda: deb(PACKED[:-8] + bytes(8)), "ar"),
    ("deb: file with setuid", "mode-setuid", "A file inside runs with its owner's rights.",
     lambda: deb(gzip.compress(tar(file(b"a.sql", CANARY, 0o4755)), mtime=0)), "ar"),
    ("cpio: name of 4 GiB", "corrupt-archive", "The name claims 4 GiB.",
     lambda: CPIO[: CPIO.rfind(b"070701")] + cpio_header(0xFFFFFFFF, 1) + b"x", "cpio"),
    ("cpio: member of 4 GiB", "limit-member", "The member claims 4 GiB.",
     lambda: CPIO[: CPIO.rfind(b"070701")] + cpio_header(2, 0xFFFFFFFF) + b"x\0", "cpio"),
    ("cpio: numbers with signs", "corrupt-archive", "A number is written as +1.",
     lambda: CPIO[: CPIO.rfind(b"070701")] + cpio_header(2, 1)[:54] + b"      +1" + b"0" * 48,
     "cpio"),
    ("cpio: path climbs out", "path-traversal", "The path climbs out of the target folder.",
     lambda: cpio((b"../../canary.sql", CANARY)), "cpio"),
    ("cpio: behind the trailer", "several-archives", "A second archive stands behind the trailer.",
     lambda: cpio((b"b.txt", b"second")) + CPIO, "cpio"),
    ("rpm: damaged payload", "corrupt-stream", "The files of the package do not unpack.",
     lambda: rpm(gzip.compress(CPIO, mtime=0)[:-8] + bytes(8), {1024: CANARY}), "RPM"),
    ("rpm: payload cut", "truncated", "The files of the package end too early.",
     lambda: rpm(gzip.compress(CPIO, mtime=0)[:-40], {1024: CANARY}), "RPM"),
    ("rpm: path climbs out", "path-traversal", "A file of the package climbs out.",
     lambda: rpm(cpio((b"./../../canary.sql", CANARY)), {}), "RPM"),
    ("rpm: 2^32 tags", "error", "The header claims 2^32 tags.",
     lambda: rpm_lead() + b"\x8e\xad\xe8\x01" + bytes(4) + struct.pack(">LL", 0xFFFFFFFF, 9) + CPIO,
     "RPM"),
    ("shell: archive damaged", "corrupt", "The archive behind the script does not unpack.",
     lambda: script(PACKED[:-8] + bytes(8)), "Self-extracting"),
    ("shell: archive climbs out", "path-traversal", "The archive behind the script climbs out.",
     lambda: script(gzip.compress(tar(file(b"../../canary.sql", CANARY)), mtime=0)),
     "Self-extracting"),
    ("shell: two archives", "appended-data",
     "Behind the archive stands a second one, which the script does not unpack.",
     lambda: script(gzip.compress(tar(SECOND), mtime=0) + bytes(9) + b"x" + zipped(MEMBER)),
     "Self-extracting"),
    ("zip: behind a program", "prepended-data",
     "A ZIP stands behind the end of a program.", lambda: elf(zipped(MEMBER)), "Self-extracting"),
)  # fmt: skip
_NESTED: Final[tuple[Row, ...]] = (
    ("zip: damaged ZIP inside", "header-mismatch", "The archive inside has two readings.",
     lambda: zipped(ZipMember("in.zip", zipped(MEMBER._replace(local_path="b.sql")))), ""),
    ("zip: jar with hidden bytes", "hidden-data", "No record shows bytes of the jar inside.",
     lambda: zipped(ZipMember("lib/in.jar", zipped(ZipMember("b"),
                                                   MEMBER._replace(gap=b"x" * 99)))), ""),
    ("zip: war that climbs out", "path-traversal", "A member of the war inside climbs out.",
     lambda: zipped(ZipMember("app.war", zipped(MEMBER._replace(path="../../canary.sql")))), ""),
    ("zip: tar.gz cut off", "truncated-stream", "The archive inside is cut off.",
     lambda: zipped(ZipMember("in.tar.gz", PACKED[:-9]), MEMBER), ""),
    ("zip: rar inside", "unsupported-format", "Nobody reads the archive inside.",
     lambda: zipped(MEMBER, ZipMember("in.rar", b"Rar!\x1a\7\1\0" + bytes(64))), ""),
    ("zip: cab inside", "unsupported-format", "Nobody reads the archive inside.",
     lambda: zipped(MEMBER, ZipMember("in.cab", b"MSCF\0\0\0\0" + bytes(64))), ""),
    ("tar: encrypted ZIP inside", "encrypted", "The archive inside is encrypted.",
     lambda: tar(GOOD, file(b"in.zip", zipped(ZipMember("x", packed=bytes(40), size=28, crc=1,
                                                        flags=1, method=8)))), ""),
    ("tar: setuid in a gzip in a ZIP", "mode-setuid", "Three levels down a file has setuid.",
     lambda: tar(file(b"in.zip", zipped(ZipMember("in.tgz", gzip.compress(
         tar(file(b"a.sql", CANARY, 0o4755)), mtime=0))))), ""),
    ("tar: image with setuid in a layer", "mode-setuid", "A layer of the image holds the file.",
     lambda: tar(file(b"manifest.json", b'[{"Config":"c.json","Layers":["l/layer.tar"]}]'),
                 file(b"c.json", b'{"config":{"Cmd":["/bin/sh"]}}'),
                 file(b"l/layer.tar", tar(file(b"usr/a.sql", CANARY, 0o4755)))), ""),
    ("tar: image with a device in a layer", "special-file", "A layer of the image holds a disk.",
     lambda: tar(file(b"manifest.json", b'[{"Config":"c.json","Layers":["l/layer.tar"]}]'),
                 file(b"c.json", b"{}"),
                 file(b"l/layer.tar", tar(GOOD, file_header(b"dev/sda", 0, b"4")))), ""),
    ("gzip: ZIP inside that lies", "count-mismatch", "The archive inside states another count.",
     lambda: gzip.compress(write_zip([MEMBER], count=3), mtime=0), ""),
    ("zip: Debian package that is none", "corrupt-archive", "The package inside breaks off.",
     lambda: zipped(MEMBER, ZipMember("in.deb", b"!<arch>\n" + b"x" * 70)), ""),
)  # fmt: skip
_DISGUISES: Final[tuple[Row, ...]] = (
    ("zip: program as a picture", "type-mismatch", "The picture is a program.",
     lambda: zipped(MEMBER, ZipMember("logo.png", elf(bytes(64)))), ""),
    ("zip: program of Windows as a text", "type-mismatch", "The text is a program.",
     lambda: zipped(MEMBER, ZipMember("readme.txt", b"MZ" + bytes(58) + b"\x40\0\0\0PE\0\0L\1"
                                      + bytes(60))), ""),
    ("zip: ZIP as a picture", "type-mismatch", "The picture is an archive.",
     lambda: zipped(ZipMember("logo.jpg", zipped(MEMBER))), ""),
    ("tar: tar as a text", "type-mismatch", "The text is an archive.",
     lambda: tar(file(b"readme.txt", tar(GOOD))), ""),
    ("zip: gzip as SQL", "type-mismatch", "The SQL is an archive.",
     lambda: zipped(ZipMember("up.sql", gzip.compress(CANARY, mtime=0))), ""),
    ("tar: ZIP behind it", "appended-data", "Read from its end the file is a ZIP.",
     lambda: write_zip([MEMBER], prefix=tar(SECOND)), ""),
)  # fmt: skip


def more_cases() -> Iterator[HostileCase]:
    """Yield the cases of this module."""
    for name, says, what, data, group in _TAR:
        yield HostileCase(f"tar: {name}", group, "tar", what, data, says)
    for rows in (_LINKS, _MODES, _STREAMS, _TAPES):
        for name, says, what, data, group in rows:
            kind = name.partition(":")[0]
            found = says != "error"
            yield HostileCase(name, group, {"deb": "ar"}.get(kind, kind), what, data, says, found)
    for rows, group in ((_NESTED, "Nested formats"), (_DISGUISES, "Disguises")):
        for name, says, what, data, _ in rows:
            kind = name.partition(":")[0]
            yield HostileCase(name, group, kind, what, data, says, near=False)
