"""Archives that are built to exhaust whoever opens them, each written to a file in seconds."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final, NamedTuple

from dten_audit.examples.zip_writer import ZipMember, write_zip

from .quine import gzip_quine, zip_quine
from .tape import BLOCK, END, ar, cpio, file, file_header, pax_header, rpm_lead

MIB: Final = 1 << 20
CANARY: Final = b"CREATE TABLE canary (id int);\n"
GOOD: Final = ZipMember("a.sql", CANARY)
_XZ_DICTIONARY: Final = 16
"""Where the header of the first block states the size of the dictionary, as a code."""
Write = Callable[[IO[bytes]], None]


class Bomb(NamedTuple):
    """A file that must end within the bounds, and what must be said of it.

    ``ending`` is the end of its name. ``says``: issues and gap reasons of which one must be told,
    as words; ``error`` where the file cannot be opened, empty where it is merely large. ``heavy``:
    too large, or too slow to build, for the fast tests and for the table.
    """

    name: str
    ending: str
    write: Write
    says: str
    heavy: bool = False

    def data(self) -> bytes:
        """Return the file, of a size for memory."""
        stream = io.BytesIO()
        self.write(stream)
        return stream.getvalue()


def whole(data: Callable[[], bytes]) -> Write:
    """Write what fits into memory."""

    def write(stream: IO[bytes]) -> None:
        stream.write(data())

    return write


def zeros_packed(size: int, window: int = -15) -> bytes:
    """Return zeros, packed by zlib: a MiB takes a kB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    step = bytes(MIB)
    packed = b"".join(packer.compress(step) for _ in range(size // MIB))
    return packed + packer.flush()


def repeated_gzip(unit: bytes, count: int) -> bytes:
    """Return a gzip file of ``unit``, ``count`` times, for the price of packing it once."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(unit) + packer.flush(zlib.Z_FULL_FLUSH)
    crc = 0
    for _ in range(count):
        crc = zlib.crc32(unit, crc)
    end = b"\3\0" + struct.pack("<LL", crc, len(unit) * count & 0xFFFFFFFF)
    return b"\x1f\x8b\x08\0\0\0\0\0\2\xff" + packed * count + end


def fan_out(kernel: int, *, alike: bool) -> bytes:
    """Return 16 archives of 16 archives, five levels deep, with zeros at the bottom.

    ``alike``: all of one level are the same bytes, as in 42.zip.
    """
    crc = 0
    for _ in range(kernel // MIB):
        crc = zlib.crc32(bytes(MIB), crc)
    bottom = ZipMember("0.dll", packed=zeros_packed(kernel), size=kernel, crc=crc, method=8)
    data = write_zip([bottom, GOOD])
    for level in range(5):
        inside = [
            data if alike else write_zip([ZipMember("x.zip", data), ZipMember(str(at))])
            for at in range(16)
        ]
        members = [ZipMember(f"{level} {at:x}.zip", one) for at, one in enumerate(inside)]
        data = write_zip(members)
    return data


def full_overlap(count: int, kernel: int) -> bytes:
    """Return an archive whose members are all the same packed bytes (Fifield, 2019)."""
    crc = zlib.crc32(bytes(kernel))
    packed = zeros_packed(kernel)
    first = ZipMember("a.sql", packed=packed, size=kernel, crc=crc, method=8)
    return write_zip([first, *(first._replace(path=f"{n}", shared=True) for n in range(count))])


def quoted_overlap(count: int, kernel: int) -> bytes:
    """Return an archive in which each member quotes the header of the next (Fifield, 2019).

    A stored deflate block around each header makes it the start of the content of the member
    before: every name is right, and all share one kernel.
    """
    packed, tail = zeros_packed(kernel), bytes(kernel)
    body = b""
    quoted = b""
    members: list[tuple[bytes, bytes, int]] = []
    for number in range(count, -1, -1):
        name = b"%06d" % number
        size = len(quoted) + kernel
        stream = packed if not body else struct.pack("<BHH", 0, 36, 36 ^ 0xFFFF) + body
        crc = zlib.crc32(tail, zlib.crc32(quoted))
        fields = struct.pack("<5H3L2H", 20, 0, 8, 0, 0x21, crc, len(stream), size, len(name), 0)
        header = b"PK\3\4" + fields + name
        body = header + stream
        quoted = header + quoted
        members.insert(0, (fields, name, len(body)))
    entries = b"".join(
        b"PK\1\2\x14\x03" + fields + struct.pack("<3H2L", 0, 0, 0, 0, len(body) - left) + name
        for fields, name, left in members
    )
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, *[len(members)] * 2, len(entries), len(body), 0)
    return body + entries + end


def nested(levels: int) -> bytes:
    """Return a ZIP in a ZIP, so many times."""
    data = write_zip([GOOD])
    for _ in range(levels):
        data = write_zip([ZipMember("in.zip", data, stored=True), ZipMember("a.sql", CANARY)])
    return data


def nested_gzip(levels: int) -> bytes:
    """Return a gzip in a gzip, so many times."""
    data = CANARY
    for _ in range(levels):
        data = gzip.compress(data, 1, mtime=0)
    return data


def long_directory(count: int, *, stated: int = 0) -> Write:
    """Write an archive with one member that its directory lists ``count`` times."""

    def write(stream: IO[bytes]) -> None:
        local = b"PK\3\4" + struct.pack("<5H3L2H", 20, 0, 0, 0, 0x21, 0, 0, 0, 1, 0) + b"a"
        record = b"PK\1\2\x14\x03" + local[4:30] + bytes(6) + struct.pack("<2L", 0, 0) + b"a"
        stream.write(local)
        for at in range(0, count, 10_000):
            stream.write(record * min(10_000, count - at))
        size, number, start = len(record) * count, stated or count, len(local)
        stream.write(
            struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, number, number, size, start)
        )
        stream.write(struct.pack("<4sLQL", b"PK\6\7", 0, start + size, 1))
        stream.write(b"PK\5\6" + bytes(4) + b"\xff" * 12 + bytes(2))

    return write


def small_members(count: int, name: Callable[[int], str]) -> bytes:
    """Return an honest ZIP with very many members."""
    return write_zip([GOOD, *(ZipMember(name(number)) for number in range(count - 1))], zip64=True)


def empty_files(count: int) -> Callable[[], bytes]:
    """Return a packed tar archive of very many empty files."""
    unit = b"".join(file_header(b"%04d" % number, 0) for number in range(2048))
    return lambda: repeated_gzip(unit, count // 2048)


def tar_of(*parts: bytes) -> bytes:
    """Return a tar archive of blocks."""
    return b"".join(parts) + file(b"a.sql", CANARY) + END


def pax_of(size: int) -> bytes:
    """Return a pax header of one record."""
    digits = len(str(size))
    return pax_header(b"%d comment=" % size + b"x" * (size - digits - 10) + b"\n")


def pax_records(count: int) -> bytes:
    """Return headers of a MiB each, full of the shortest records there are."""
    return pax_header(b"5 a=\n" * (MIB // 5)) * count


def links(count: int, *, through: bool) -> bytes:
    """Return a chain of links, each to the next; ``through``: each in the one before."""
    made = []
    for number in range(count):
        path = b"d%d" % number + (b"/l" * (number % 40) if through else b"")
        made.append(file_header(path, 0, b"2", b"d%d" % (number + 1)))
        if through:
            made.append(file_header(path + b"/x", 0))
    return tar_of(*made)


def long_names(count: int, part: bytes) -> bytes:
    """Return a tar archive of names of 4 KiB."""
    made = []
    for number in range(count):
        name = (b"%07d/" % number + part * (4096 // len(part)))[:4095] + b"\0"
        made.append(file_header(b"L", len(name), b"L") + name + file_header(b"x", 0))
    return tar_of(*made)


def zip_names(count: int, part: str) -> bytes:
    """Return a ZIP of such names, below the limit of its directory."""
    return small_members(count, lambda number: f"{number:07}/" + part * (4000 // len(part)))


def headers_only(step: bytes, count: int) -> bytes:
    """Return what starts like a ZIP and has no directory."""
    return write_zip([GOOD])[:60] + step * count


def extra_fields(count: int) -> bytes:
    """Return members whose extra fields are as many and as short as can be."""
    extra = b"\x99\x99\0\0" * 16_000
    made = [ZipMember(f"{n}", extra=extra, local_extra=extra) for n in range(count)]
    return write_zip([GOOD, *made])


def many_archives(count: int) -> bytes:
    """Return very many different little archives in one."""
    made = [
        ZipMember(f"{n}.zip", write_zip([ZipMember(f"{n}")]), stored=True) for n in range(count)
    ]
    return write_zip([GOOD, *made], zip64=True)


def encrypted(count: int) -> bytes:
    """Return very many encrypted members."""
    blank = ZipMember("", packed=bytes(12), size=1, crc=1, flags=1, method=8)
    return write_zip([blank._replace(path=f"{n}.sql") for n in range(count)], zip64=True)


def damaged_headers(count: int) -> bytes:
    """Return a tar archive in which every second header is damaged."""
    pair = file_header(b"a", 0) + b"x" * BLOCK
    return tar_of(pair * count)


def lzma_in_zip(dictionary: int) -> bytes:
    """Return a ZIP whose member wants a dictionary of 4 GB."""
    packed = lzma.compress(CANARY, lzma.FORMAT_ALONE)
    body = b"\x09\x14\x05\x00" + packed[:1] + struct.pack("<L", dictionary) + packed[13:]
    return write_zip([GOOD._replace(packed=body, method=14), ZipMember("b.txt", b"b")])


def xz_with_dictionary() -> bytes:
    """Return an xz file that states a dictionary of 1.5 GiB."""
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 3 << 29, "mode": lzma.MODE_FAST,
                "mf": lzma.MF_HC3, "nice_len": 8, "depth": 1}]  # fmt: skip
    data = bytearray(lzma.compress(CANARY, filters=[{**filters[0], "dict_size": 1 << 20}]))
    data[_XZ_DICTIONARY] = 37
    data[20:24] = struct.pack("<L", zlib.crc32(bytes(data[12:20])))
    return bytes(data)


def zstd_frame(window_log: int) -> bytes:
    """Return a Zstandard frame whose header states its window, with one block of run length."""
    head = b"\x28\xb5\x2f\xfd\0" + bytes([window_log - 10 << 3])
    return head + struct.pack("<L", 1 | 1 << 1 | 100 << 3)[:3] + b"x"


def zstd_runs(count: int) -> bytes:
    """Return a Zstandard frame of 128 KiB blocks that take four bytes each."""
    block = struct.pack("<L", 1 << 1 | 131_072 << 3)[:3] + b"-"
    last = struct.pack("<L", 1 | 1 << 1 | 131_072 << 3)[:3] + b"-"
    return b"\x28\xb5\x2f\xfd\0" + bytes([17 - 10 << 3]) + block * count + last


def rpm_with(count: int, size: int) -> bytes:
    """Return the start of an RPM package whose header states so many tags."""
    return rpm_lead() + b"\x8e\xad\xe8\x01" + bytes(4) + struct.pack(">LL", count, size) + bytes(64)


def cpio_name(size: int) -> bytes:
    """Return a cpio archive whose second member has a name of so many bytes."""
    fields = [1, 0o100644, 0, 0, 1, 0, 1, 0, 0, 0, 0, size, 0]
    header = b"070701" + b"".join(b"%08x" % value for value in fields)
    good = cpio((b"a.sql", CANARY))
    return good[: good.rfind(b"070701")] + header + b"name\0"


def ar_size(size: int) -> bytes:
    """Return an ar archive whose second member claims so many bytes."""
    good = ar((b"a.sql/", CANARY))
    return good + b"b/".ljust(48) + b"%-10d`\n" % size + b"only this\n"


_ENDS: Final = b"PK\5\6" * 16_000

BOMBS: Final = (
    Bomb("42.zip: 16^5 archives, all alike", "zip", whole(lambda: fan_out(128 * MIB, alike=True)),
         "limit-ratio"),
    Bomb("42.zip: 16^5 archives, no two alike", "zip",
         whole(lambda: fan_out(64 * MIB, alike=False)),
         "limit-ratio limit-total limit-entries limit-time", heavy=True),
    Bomb("full overlap", "zip", whole(lambda: full_overlap(400, 2 * MIB)), "overlap"),
    Bomb("quoted overlap", "zip", whole(lambda: quoted_overlap(200, 4 * MIB)), "overlap"),
    Bomb("a ZIP that holds itself", "zip", whole(zip_quine), "limit-depth"),
    Bomb("a gzip that holds itself", "gz", whole(gzip_quine), "limit-depth"),
    Bomb("1,000 levels of ZIP", "zip", whole(lambda: nested(1000)), "limit-depth"),
    Bomb("1,000 levels of gzip", "gz", whole(lambda: nested_gzip(1000)), "limit-depth"),
    Bomb("a directory of 10 million entries", "zip", long_directory(10_000_000),
         "limit-directory", heavy=True),
    Bomb("a directory of 1.4 million entries", "zip", long_directory(1_400_000),
         "limit-directory", heavy=True),
    Bomb("10 million entries stated, one there", "zip", long_directory(1, stated=10_000_000),
         "count-mismatch"),
    Bomb("250,000 members", "zip", whole(lambda: small_members(250_000, str)), "", heavy=True),
    Bomb("260,000 members", "zip", whole(lambda: small_members(260_000, str)), "limit-entries",
         heavy=True),
    Bomb("260,000 members of one name", "zip",
         whole(lambda: small_members(260_000, lambda _: "a")), "limit-entries", heavy=True),
    Bomb("10 million headers of empty files", "tar.gz", whole(empty_files(10_000_000)),
         "limit-ratio limit-entries", heavy=True),
    Bomb("260,000 empty files", "tar",
         whole(lambda: tar_of(*(file_header(b"%d" % n, 0) for n in range(260_000)))),
         "limit-entries", heavy=True),
    Bomb("every second header damaged", "tar", whole(lambda: damaged_headers(150_000)),
         "corrupt", heavy=True),
    Bomb("a pax header of 100 MB", "tar",
         whole(lambda: tar_of(pax_of(100_000_000), file_header(b"a", 0))), "limit-header",
         heavy=True),
    Bomb("pax headers of the shortest records", "tar.gz",
         whole(lambda: gzip.compress(tar_of(pax_records(60), file_header(b"a", 0)))),
         "limit-header", heavy=True),
    Bomb("a chain of 100,000 links", "tar", whole(lambda: links(100_000, through=False)), "",
         heavy=True),
    Bomb("a farm of links through links", "tar", whole(lambda: links(60_000, through=True)),
         "path-through-inner-link", heavy=True),
    Bomb("200,000 names of 4 KiB", "tar.gz",
         whole(lambda: gzip.compress(long_names(200_000, b"d/"), 1)),
         "limit-names limit-ratio", heavy=True),
    Bomb("16,000 names of 4 KiB", "zip", whole(lambda: zip_names(16_000, "d/")), "", heavy=True),
    Bomb("names that normalise to 18 times as much", "zip",
         whole(lambda: zip_names(5_000, "\ufdfa")), "", heavy=True),
    Bomb("headers and no directory", "zip",
         whole(lambda: headers_only(b"PK\3\4" + bytes(26), 3_000_000)), "limit-entries",
         heavy=True),
    Bomb("what looks like a header, and no directory", "zip",
         whole(lambda: headers_only(b"PK\3\4\xff", 4_000_000)), "no-directory truncated",
         heavy=True),
    Bomb("end records in the tail", "zip",
         whole(lambda: write_zip([GOOD], comment=_ENDS)), "signature-in-comment"),
    Bomb("the shortest extra fields", "zip", whole(lambda: extra_fields(500)), "extra-invalid",
         heavy=True),
    Bomb("50,000 different archives", "zip", whole(lambda: many_archives(50_000)), "",
         heavy=True),
    Bomb("200,000 encrypted members", "zip", whole(lambda: encrypted(200_000)), "encrypted",
         heavy=True),
    Bomb("10 GiB of zeros in gzip in gzip", "gz",
         whole(lambda: gzip.compress(repeated_gzip(bytes(MIB), 10_240), 1)), "limit-ratio",
         heavy=True),
    Bomb("a GiB of one byte in gzip", "gz", whole(lambda: repeated_gzip(b"-" * MIB, 1024)),
         "limit-ratio"),
    Bomb("a million empty gzip members", "gz",
         whole(lambda: gzip.compress(b"", mtime=0) * 1_000_000 + gzip.compress(CANARY)), "",
         heavy=True),
    Bomb("a million empty bzip2 members", "bz2",
         whole(lambda: bz2.compress(b"") * 1_000_000 + bz2.compress(CANARY)), "", heavy=True),
    Bomb("100,000 empty xz streams", "xz",
         whole(lambda: lzma.compress(b"") * 100_000 + lzma.compress(CANARY)), "", heavy=True),
    Bomb("a million Zstandard frames to skip", "zst",
         whole(lambda: b"\x50\x2a\x4d\x18\0\0\0\0" * 1_000_000 + zstd_frame(17)), "",
         heavy=True),
    Bomb("a GiB of runs in Zstandard", "zst", whole(lambda: zstd_runs(8192)), "limit-ratio"),
    Bomb("a bzip2 of a GiB", "bz2",
         whole(lambda: bz2.compress(b"-" * 18_000_000) * 60), "limit-ratio"),
    Bomb("an xz dictionary of 1.5 GiB", "xz", whole(xz_with_dictionary), "limit-memory"),
    Bomb("a Zstandard window of 2 GiB", "zst", whole(lambda: zstd_frame(31)), "limit-memory"),
    Bomb("a dictionary of 4 GiB in a ZIP", "zip", whole(lambda: lzma_in_zip(0xFFFFFFFF)),
         "limit-memory"),
    Bomb("a cpio name of 4 GiB", "cpio", whole(lambda: cpio_name(0xFFFFFFFF)), "corrupt"),
    Bomb("an RPM of 2^32 tags", "rpm", whole(lambda: rpm_with(0xFFFFFFFF, 64)), "error"),
    Bomb("an RPM header of 4 GiB", "rpm", whole(lambda: rpm_with(1, 0xFFFFFFFF)), "error"),
    Bomb("an ar member of 9,999,999,999 bytes", "a", whole(lambda: ar_size(9_999_999_999)),
         "truncated"),
)  # fmt: skip


def build(bomb: Bomb, folder: Path) -> Path:
    """Write a bomb into a folder."""
    path = folder / f"package.{bomb.ending}"
    with path.open("wb") as stream:
        bomb.write(stream)
    return path
