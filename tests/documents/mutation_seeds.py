"""Archives of every format, of which nothing is told: what mutations start from."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from functools import cache
from typing import Final, NamedTuple

from dten_audit.examples.stream_writer import pack
from dten_audit.examples.tape_writer import TapeMember, write_ar, write_cpio, write_rpm, write_tar
from dten_audit.examples.zip_writer import ZipMember, write_zip

MARK: Final = b"INSERT INTO canary VALUES (4711, 'seen');\n"
TEXT: Final = b"ALTER TABLE orders ADD COLUMN vat numeric;\n" * 9
NOISE: Final = b"".join(struct.pack("<L", zlib.crc32(b"%d" % n)) for n in range(90))


class Seed(NamedTuple):
    """An archive. ``ends``: where a cut leaves a whole one, as the format has no end mark.

    ``parts``: start and end of contents that lie there unpacked. In packed data some bits mean
    nothing: the last ones of a byte, the lengths of codes that do not occur.
    """

    name: str
    data: bytes
    parts: tuple[tuple[int, int], ...] = ()
    ends: frozenset[int] = frozenset()
    honest: bool = True

    def packed(self, at: int, size: int) -> bool:
        """Tell whether these bytes lie in a content."""
        return any(start <= at and at + size <= end for start, end in self.parts)


def _find(name: str, data: bytes, *packed: bytes, ends: frozenset[int] = frozenset()) -> Seed:
    """Return a seed whose parts are where these bytes lie."""
    starts = [(data.index(part), len(part)) for part in packed]
    return Seed(name, data, tuple((at, at + size) for at, size in starts), ends)


def _members(*, stored: bool = False, streamed: bool = False) -> list[ZipMember]:
    return [
        ZipMember("db/", attributes=0o040755 << 16),
        ZipMember("db/a.sql", MARK, stored=True),
        ZipMember("db/b.sql", TEXT, stored=stored, streamed=streamed),
        ZipMember("bin/noise", NOISE, attributes=0o100755 << 16),
        ZipMember("bin/link", b"noise", attributes=0o120777 << 16, stored=True),
        ZipMember("empty"),
    ]


def _python_zip(method: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo("a.sql"), TEXT, method)
        archive.writestr(zipfile.ZipInfo("d/f\u00fcr.bin"), NOISE, method)
    return stream.getvalue()


def _tar(form: int) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for path, data in (("a.sql", MARK), ("d/" * 60 + "long.sql", TEXT), ("n", NOISE)):
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("l")
        link.type, link.linkname = tarfile.SYMTYPE, "a.sql"
        archive.addfile(link)
        folder = tarfile.TarInfo("d")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(folder)
    return stream.getvalue()


_TAPE: Final = (
    TapeMember("a.sql", MARK),
    TapeMember("d", kind="folder", mode=0o755),
    TapeMember("d/b.sql", TEXT),
    TapeMember("d/n", NOISE, mode=0o755),
    TapeMember("l", kind="link", target="a.sql"),
)


def _odc() -> bytes:
    out = b""
    for name, mode, body in (("a.sql", 0o100644, MARK), ("b", 0o100755, NOISE), ("", 0, b"")):
        path = (name or "TRAILER!!!").encode() + b"\0"
        out += b"070707" + b"".join(b"%06o" % field for field in (1, 2, mode, 0, 0, 1, 0))
        out += b"%011o%06o%011o" % (0, len(path), len(body)) + path + body
    return out


def _ar() -> Seed:
    members = [TapeMember("a.sql", MARK), TapeMember("b", NOISE), TapeMember("c", b"odd")]
    ends = frozenset(len(write_ar(members[:count])) for count in range(4))
    data = write_ar(members)
    return _find("ar", data, MARK, NOISE, ends=ends | {len(data) - 1})


def _streams() -> list[Seed]:
    tape = write_tar(_TAPE)
    return [
        Seed("tar.gz", gzip.compress(tape, mtime=0)),
        Seed("gzip", gzip.compress(MARK + TEXT, mtime=0)),
        Seed("tar.bz2", bz2.compress(tape)),
        Seed("tar.xz", lzma.compress(tape)),
        Seed("xz", lzma.compress(NOISE)),
        Seed("tar.lzma", lzma.compress(tape, lzma.FORMAT_ALONE)),
        Seed("tar.zst", pack("zstd", tape)),
        Seed("zstd", pack("zstd", NOISE)),
    ]


def _nested() -> list[Seed]:
    inner = write_zip(_members())
    tape = write_tar((*_TAPE, TapeMember("in.zip", inner)))
    deb = write_ar(
        (
            TapeMember("debian-binary", b"2.0\n"),
            TapeMember("control.tar.gz", gzip.compress(write_tar(_TAPE[:1]), mtime=0)),
            TapeMember("data.tar.xz", lzma.compress(write_tar(_TAPE))),
        )
    )
    script = b"#!/bin/sh\ntail -n +4 $0 | tar xz\nexit 0\n"
    payload = write_cpio(_TAPE)
    return [
        Seed("zip in tar", tape),
        Seed("tar in zip", write_zip([ZipMember("in.tar", write_tar(_TAPE), stored=True)])),
        Seed("tar.gz in zip", write_zip([ZipMember("x.tgz", gzip.compress(tape, mtime=0))])),
        Seed("deb", deb, ends=frozenset({8})),  # the mark alone is an empty archive
        Seed("rpm", write_rpm({1024: b"ldconfig\n"}, gzip.compress(payload, mtime=0))),
        Seed("rpm, plain", write_rpm({1023: b"getent group dten\n"}, payload)),
        Seed("script and tar.gz", script + gzip.compress(write_tar(_TAPE), mtime=0)),
    ]


@cache
def seeds() -> tuple[Seed, ...]:
    """Return all seeds, in a fixed order."""
    newc = write_cpio(_TAPE)
    return (
        _find("zip", write_zip(_members()), MARK),
        _find("zip, stored", write_zip(_members(stored=True)), MARK, TEXT),
        _find("zip, streamed", write_zip(_members(streamed=True)), MARK),
        _find("zip, 64-bit", write_zip(_members(), zip64=True), MARK),
        Seed("zip, Python", _python_zip(zipfile.ZIP_DEFLATED)),
        Seed("zip, bzip2", _python_zip(zipfile.ZIP_BZIP2)),
        Seed("zip, lzma", _python_zip(zipfile.ZIP_LZMA)),
        _find("tar, ustar", _tar(tarfile.USTAR_FORMAT), MARK, TEXT, NOISE),
        _find("tar, GNU", _tar(tarfile.GNU_FORMAT), MARK, TEXT, NOISE),
        _find("tar, pax", _tar(tarfile.PAX_FORMAT), MARK, TEXT, NOISE),
        _find("cpio, newc", newc, MARK, TEXT, NOISE),
        _find("cpio, odc", _odc(), MARK, NOISE),
        _ar(),
        *_streams(),
        *_nested(),
    )


def seed(name: str) -> Seed:
    """Return the seed of a name."""
    return next(item for item in seeds() if item.name == name)
