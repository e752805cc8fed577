"""ZIPs as writers lay them out that do not run here: each by its documented facts, none told of."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from dten_audit.examples.zip_writer import ZipMember, write_zip

from .opening import open_bytes

SQL: Final = b"ALTER TABLE orders ADD COLUMN vat numeric;\n" * 20
UNIX: Final = 0o100644 << 16
FOLDER: Final = 0o040755 << 16
DOS_FILE: Final = 0x20
DOS_FOLDER: Final = 0x10


def field(kind: int, content: bytes) -> bytes:
    """Return an extra field (APPNOTE 4.5.1)."""
    return struct.pack("<HH", kind, len(content)) + content


TIME: Final = field(0x5455, b"\1" + struct.pack("<L", 1_700_000_000))
MAC_TIMES: Final = struct.pack("<LL", 1_700_000_000, 1_700_000_000)
NTFS: Final = field(0x000A, bytes(4) + struct.pack("<HH", 1, 24) + bytes(24))


def unicode_path(name: str) -> bytes:
    """Return Info-ZIP's Unicode Path field (APPNOTE 4.6.9)."""
    raw = name.encode()
    return field(0x7075, b"\1" + struct.pack("<L", zlib.crc32(raw)) + raw)


def signing_block(*pairs: tuple[int, bytes]) -> bytes:
    """Return an APK signing block (source.android.com: APK Signature Scheme v2)."""
    body = b"".join(struct.pack("<QL", len(value) + 4, kind) + value for kind, value in pairs)
    size = struct.pack("<Q", len(body) + 24)
    return size + body + size + b"APK Sig Block 42"


class Layout(NamedTuple):
    """A writer's layout, the context that is told of it at info, and where the facts stand."""

    name: str
    source: str
    data: bytes
    context: str = ""


def go() -> bytes:
    return write_zip(
        [
            ZipMember("db/", attributes=FOLDER, extra=TIME, local_extra=TIME),
            ZipMember("db/a.sql", SQL, streamed=True, extra=TIME, local_extra=TIME),
            ZipMember("db/f\u00fcr.sql", SQL, streamed=True, extra=TIME, local_extra=TIME),
        ]
    )


def dotnet(*, pipe: bool) -> bytes:
    return write_zip(
        [
            ZipMember("db/a.sql", SQL, attributes=0, streamed=pipe),
            ZipMember("db/\u00fc.sql", SQL, attributes=0, streamed=pipe),
            ZipMember("empty.sql", attributes=0),
            ZipMember("db/log/", attributes=0),
        ]
    )


def macos() -> bytes:
    """Finder and ditto: names decomposed and without the UTF-8 flag, resource forks beside."""
    central, local = field(0x5855, MAC_TIMES), field(0x5855, MAC_TIMES + bytes(4))
    double = struct.pack(">LL16sH", 0x00051607, 0x00020000, b"Mac OS X        ", 0) + bytes(96)
    return write_zip(
        [
            ZipMember("db/", attributes=FOLDER, extra=central, local_extra=local),
            *(
                ZipMember(
                    name, data, UNIX, streamed=True, extra=central, local_extra=local,
                    raw_path=name.encode(),
                )
                for name, data in (
                    ("db/fu\u0308r.sql", SQL),
                    ("__MACOSX/db/._fu\u0308r.sql", double),
                    ("db/.DS_Store", b"\0\0\0\1Bud1" + bytes(60)),
                )
            ),
        ]
    )  # fmt: skip


def aligned() -> bytes:
    """The zipalign of old: zeros in the local extra field, fewer than a field's head too."""
    return write_zip(
        [
            ZipMember(
                "classes.dex", b"dex\n035\0" + bytes(99), 0, stored=True, local_extra=bytes(3)
            ),
            ZipMember("a.arsc", b"\2\0\x0c\0" + bytes(88), 0, stored=True, local_extra=b"\0"),
            ZipMember("lib/a.so", b"\x7fELF" + bytes(99), 0, stored=True, local_extra=bytes(700)),
        ]
    )


def signed_apk() -> bytes:
    alignment = field(0xD935, struct.pack("<H", 4) + bytes(3))
    block = signing_block(
        (0x7109871A, bytes(200)), (0xF05368C0, bytes(90)), (0x42726577, bytes(40))
    )
    return write_zip(
        [ZipMember("assets/a.sql", SQL, 0, stored=True, local_extra=alignment)],
        before_directory=bytes(77) + block,
    )


def explorer() -> bytes:
    return write_zip(
        [
            ZipMember("db/a.sql", SQL, attributes=DOS_FILE),
            ZipMember("db/x.sql", SQL, attributes=DOS_FILE, raw_path=b"db/\x81.sql"),
            ZipMember("leer/", attributes=DOS_FOLDER),
        ]
    )


def seven_zip() -> bytes:
    return write_zip(
        [
            ZipMember("db/", attributes=DOS_FOLDER, extra=NTFS),
            ZipMember("db/a.sql", SQL, attributes=DOS_FILE, extra=NTFS),
        ]
    )


def jszip(*, pipe: bool) -> bytes:
    name = "db/\u4e2d.sql"
    path = unicode_path(name)
    return write_zip(
        [
            ZipMember("db/", attributes=DOS_FOLDER),
            ZipMember("db/a.sql", SQL, attributes=0, stored=True, streamed=pipe),
            ZipMember(name, SQL, 0, streamed=pipe, extra=path, local_extra=path),
        ]
    )


def yazl(*, pipe: bool) -> bytes:
    members = [ZipMember("a.sql", SQL, flags=0x800, streamed=pipe, extra=TIME, local_extra=TIME)]
    return write_zip([*members, ZipMember("log/", attributes=FOLDER | DOS_FOLDER, flags=0x800)])


def word() -> bytes:
    """Office: room to grow in the first member's local header, flags of the fast deflater."""
    hint = field(0xA220, struct.pack("<HH", 0xA028, 520) + bytes(520))
    members = [
        ZipMember(
            "[Content_Types].xml", b"<?xml version='1.0'?><Types/>", 0, flags=6, local_extra=hint
        ),
        ZipMember("_rels/.rels", b"<?xml version='1.0'?><Relationships/>", 0, flags=6),
        ZipMember("word/document.xml", b"<?xml version='1.0'?><w:document/>" * 1, 0, flags=6),
    ]
    return write_zip(members)


def jar() -> bytes:
    return write_zip(
        [
            ZipMember("META-INF/", attributes=0, flags=0x800, extra=field(0xCAFE, b""),
                      local_extra=field(0xCAFE, b"")),
            ZipMember("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\r\n\r\n", 0, flags=0x800,
                      streamed=True),
        ]
    )  # fmt: skip


def open_document() -> bytes:
    """LibreOffice: the type first, stored and without an extra field; the rest streamed."""
    kind = b"application/vnd.oasis.opendocument.text"
    return write_zip(
        [
            ZipMember("mimetype", kind, 0, flags=0x800, stored=True),
            ZipMember("Configurations2/images/", attributes=0, flags=0x800),
            ZipMember("content.xml", b"<?xml version='1.0'?><x/>", 0, flags=0x800, streamed=True),
        ]
    )


LAYOUTS: Final = (
    Layout("Go archive/zip", "go.dev/src/archive/zip/writer.go, CreateHeader", go()),
    Layout(".NET, file", "System.IO.Compression ZipArchiveEntry.cs", dotnet(pipe=False)),
    Layout(".NET, pipe", "System.IO.Compression ZipArchiveEntry.cs", dotnet(pipe=True)),
    Layout("macOS", "Info-ZIP proginfo/extrafld.txt, 0x5855; AppleDouble (RFC 1740)", macos()),
    Layout("zipalign", "platform/build/tools/zipalign/ZipEntry.cpp, addPadding", aligned()),
    Layout("apksigner", "source.android.com, APK Signature Scheme v2", signed_apk(),
           "signing-block padding"),
    Layout("Windows Explorer", "APPNOTE 4.4.2 host 0, appendix D code page 437", explorer()),
    Layout("7-Zip", "APPNOTE 4.5.5, NTFS times in the directory only", seven_zip()),
    Layout("JSZip", "JSZip lib/generate/ZipFileWorker.js", jszip(pipe=False)),
    Layout("JSZip, streamed", "JSZip lib/generate/ZipFileWorker.js", jszip(pipe=True),
           "stored-streamed"),
    Layout("yazl", "yazl index.js, getLocalFileHeader", yazl(pipe=False)),
    Layout("yazl, streamed", "yazl index.js, getLocalFileHeader", yazl(pipe=True)),
    Layout("Word", "[MS-OFFMACRO2] and ISO/IEC 29500-2, growth hint 0xA220", word()),
    Layout("jar", "java.util.jar.JarOutputStream, field 0xCAFE", jar()),
    Layout("LibreOffice", "OpenDocument 1.3 part 2, 3.3 MIME type stream", open_document()),
)  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS, ids=[layout.name for layout in LAYOUTS])
def test_nothing_is_told_of_it(layout: Layout, tmp_path: Path) -> None:
    opening = open_bytes(layout.data, tmp_path)
    assert opening.names <= set(layout.context.split()), layout.source
    assert not opening.gaps
    assert opening.documents
