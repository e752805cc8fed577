"""Builds the packages of rule examples from a few words: honest archives and others.

``with:`` of an archive holds ``members:``, a list of mappings with ``path`` and one of ``text``,
``base64``, ``zeros`` (their number), or an archive inside: ``zip``, ``tar``, ``cpio``, ``ar``,
``rpm``, ``sevenzip``, ``stream``, ``selfextract``, each with a mapping as for ``build:``.
``copies: 70`` makes so many members of one, ``%d`` in the path being their number. The other keys
of members and archives are described at the functions. ``name`` is the package's file name.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Final, cast

from dten_audit.examples.sevenzip_writer import SevenZipMember, write_7z
from dten_audit.examples.stream_writer import pack
from dten_audit.examples.tape_writer import (
    TapeMember,
    write_ar,
    write_cpio,
    write_rpm,
    write_tar,
)
from dten_audit.examples.zip_lies import Lies, tell, unicode_path
from dten_audit.examples.zip_writer import ZipMember, deflate, write_zip

PACKAGE: Final = "@package"
LINK: Final = "@link/"
PIPE: Final = "@pipe/"
DEEP: Final = "@deep"
_LINK_MODE: Final = 0o120777
_UTF8: Final = 0x800
_SCRIPTLETS: Final = {"pre": 1023, "post": 1024, "preun": 1025, "postun": 1026}
"""Tags of an RPM's scriptlets (rpmtag.h)."""

Spec = Mapping[str, object]


def zip_package(spec: Spec) -> dict[str, bytes]:
    """Build a ZIP as the package. Keys of ``zip_bytes``."""
    return {PACKAGE: zip_bytes(spec)}


def tar_package(spec: Spec) -> dict[str, bytes]:
    """Build a tar archive as the package. Keys of ``tar_bytes``."""
    return {PACKAGE: tar_bytes(spec)}


def cpio_package(spec: Spec) -> dict[str, bytes]:
    """Build a cpio archive as the package. Keys of ``cpio_bytes``."""
    return {PACKAGE: cpio_bytes(spec)}


def ar_package(spec: Spec) -> dict[str, bytes]:
    """Build an ar archive, such as a Debian package. Keys of ``ar_bytes``."""
    return {PACKAGE: ar_bytes(spec)}


def rpm_package(spec: Spec) -> dict[str, bytes]:
    """Build an RPM package. Keys of ``rpm_bytes``."""
    return {PACKAGE: rpm_bytes(spec)}


def sevenzip_package(spec: Spec) -> dict[str, bytes]:
    """Build a 7z archive as the package. Keys of ``sevenzip_bytes``."""
    return {PACKAGE: sevenzip_bytes(spec)}


def stream_package(spec: Spec) -> dict[str, bytes]:
    """Build a compressed file as the package. Keys of ``stream_bytes``."""
    return {PACKAGE: stream_bytes(spec)}


def selfextract_package(spec: Spec) -> dict[str, bytes]:
    """Build a script with an archive behind it. Keys of ``selfextract_bytes``."""
    return {PACKAGE: selfextract_bytes(spec)}


def folder_package(spec: Spec) -> dict[str, bytes]:
    """Build a folder. Of a member: ``type`` (file, link, pipe), ``target``.

    Of the folder: ``deep``, so many characters of the longest path that the system allows are left
    for the paths in it.
    """
    tree: dict[str, bytes] = {}
    if "deep" in spec:
        tree[DEEP] = _text(spec, "deep")
    for member in _members(spec):
        kind, path = str(member.get("type", "file")), str(member["path"])
        start = {"link": LINK, "pipe": PIPE}.get(kind, "")
        tree[start + path] = _text(member, "target") if kind == "link" else _content(member)
    return tree


def zip_bytes(spec: Spec) -> bytes:
    """Return a ZIP.

    Of a member: ``mode`` (octal text), ``link`` (target), ``comment``, ``streamed``, ``stored``,
    ``method``, ``encrypted``; wrong ones: ``local_path``, ``unicode_path`` (a text or several),
    ``extra`` (in hexadecimal), ``latin1`` (its name is, and claims to be UTF-8), ``size`` (as
    stated), ``damaged`` (its checksum), ``broken`` (its packed bytes), ``packed_tail`` (bytes
    behind these), ``cut`` (packed bytes off the end), ``gap`` (bytes before it), ``shared`` (bytes
    of the member before), ``missing`` and ``descriptor`` (stated wrongly). Of the archive:
    ``before``, ``after``, ``comment``, ``count`` (as stated), ``zip64``, ``signing_block``,
    ``second_directory`` (paths of its members), ``directory_junk``, ``directory_offset``,
    ``disk``, ``short_count`` (see ``Lies``), ``cut`` (bytes off its end).
    """
    listed = _members(spec)
    signed = _text(spec, "signing_block")
    data = write_zip(
        [_zip_member(member) for member in listed],
        prefix=_text(spec, "before"),
        shift=True,
        comment=_text(spec, "comment"),
        count=cast("int | None", spec.get("count")),
        before_directory=_signing_block(signed) if signed else b"",
        zip64=bool(spec.get("zip64")),
    )
    lies = Lies(
        second_directory=tuple(cast("list[str]", spec.get("second_directory", []))),
        directory_junk=_text(spec, "directory_junk"),
        directory_offset=_number(spec, "directory_offset"),
        disk=_number(spec, "disk"),
        short_count=cast("int | None", spec.get("short_count")),
        missing=tuple(str(member["path"]) for member in listed if member.get("missing")),
        descriptors=tuple(str(member["path"]) for member in listed if member.get("descriptor")),
    )
    if lies != Lies():
        data = tell(data, lies)
    return _cut(data + _text(spec, "after"), spec)


def tar_bytes(spec: Spec) -> bytes:
    """Return a tar archive.

    Of a member: ``type`` (file, folder, link, hard, device, pipe, sparse, or tar's own letter),
    ``target``, ``mode``, ``pax`` (records of its extended header), ``gnu_path``, ``size`` (as
    stated), ``filling`` (instead of zeros behind its content). Of the archive: ``compress`` and the
    other keys of ``stream_bytes``, ``after`` (a list of members behind the end mark), ``end:
    false`` (no end mark), ``damaged`` (the number of the header to damage), ``cut`` (bytes off).
    """
    data = bytearray(write_tar(map(_tape_member, _members(spec)), end=spec.get("end") is not False))
    if "after" in spec:
        data += write_tar(map(_tape_member, cast("list[Spec]", spec["after"])))
    if "damaged" in spec:
        data[512 * _number(spec, "damaged") + 150] ^= 0x55
    return _cut(_packed(bytes(data), spec), spec)


def cpio_bytes(spec: Spec) -> bytes:
    """Return a cpio archive. Of a member and of the archive: as for ``tar_bytes``.

    ``after``: the members of a second archive behind the first.
    """
    data = write_cpio(map(_tape_member, _members(spec)))
    if "after" in spec:
        data += write_cpio(map(_tape_member, cast("list[Spec]", spec["after"])))
    return _cut(_packed(data, spec), spec)


def ar_bytes(spec: Spec) -> bytes:
    """Return an ar archive, such as a Debian package. Keys: ``after`` (a text), ``cut``."""
    return _cut(write_ar(map(_tape_member, _members(spec))) + _text(spec, "after"), spec)


def rpm_bytes(spec: Spec) -> bytes:
    """Return an RPM package. ``scriptlets``: pre, post, preun, postun; else as ``cpio_bytes``."""
    texts = cast("Spec", spec.get("scriptlets", {}))
    tags = {_SCRIPTLETS[name]: str(text).encode() for name, text in texts.items()}
    return write_rpm(tags, cpio_bytes(spec))


def sevenzip_bytes(spec: Spec) -> bytes:
    """Return a 7z archive. Of a member: ``deletes`` (it deletes the file of its name)."""
    members = [
        SevenZipMember(str(member["path"]), _content(member), bool(member.get("deletes")))
        for member in _members(spec)
    ]
    return _cut(write_7z(members), spec)


def stream_bytes(spec: Spec) -> bytes:
    """Return a compressed file, its content as of a member.

    ``compress``: gzip, bzip2, xz, lzma or zstd. ``dictionary``: the memory that its decoder is told
    to need (lzma, zstd). ``checksum: wrong`` (gzip). ``junk``: a text behind its end. ``cut``:
    bytes off it.
    """
    return _cut(_packed(_content(spec), spec), spec)


def selfextract_bytes(spec: Spec) -> bytes:
    """Return a script (``script``) with an archive behind it, its content as of a member."""
    return _text(spec, "script") + _content(spec)


def _members(spec: Spec) -> list[Spec]:
    listed: list[Spec] = []
    for member in cast("list[Spec]", spec["members"]):
        if "copies" in member:
            path = str(member["path"])
            listed += [
                {**member, "path": path.replace("%d", str(number))}
                for number in range(1, _number(member, "copies") + 1)
            ]
        else:
            listed.append(member)
    return listed


def _text(spec: Spec, key: str) -> bytes:
    return str(spec.get(key, "")).encode()


def _number(spec: Spec, key: str) -> int:
    return int(str(spec.get(key, 0)))


def _cut(data: bytes, spec: Spec) -> bytes:
    return data[: len(data) - _number(spec, "cut")]


def _content(member: Spec) -> bytes:
    """Return a member's bytes."""
    if "base64" in member:
        return base64.b64decode(str(member["base64"]))
    if "zeros" in member:
        return bytes(_number(member, "zeros"))
    for kind, build in _INSIDE.items():
        if kind in member:
            return build(cast("Spec", member[kind]))
    return _text(member, "text")


def _packed(data: bytes, spec: Spec) -> bytes:
    """Compress an archive or a file, and do to it what the description says."""
    packed = pack(str(spec.get("compress", "")), data, _number(spec, "dictionary"))
    if spec.get("checksum") == "wrong":
        packed = packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:]
    return packed + _text(spec, "junk")


def _tape_member(member: Spec) -> TapeMember:
    kind = str(member.get("type", "file"))
    return TapeMember(
        str(member["path"]),
        _content(member),
        kind=kind,
        mode=int(str(member.get("mode", "755" if kind == "folder" else "644")), 8),
        target=str(member.get("target", "")),
        pax=tuple(map(str, cast("list[object]", member.get("pax", [])))),
        gnu_path=str(member.get("gnu_path", "")),
        size=cast("int | None", member.get("size")),
        filling=_text(member, "filling"),
    )


def _zip_member(member: Spec) -> ZipMember:
    path, data = str(member["path"]), _content(member)
    made = ZipMember(
        path,
        data,
        attributes=(0o100000 | int(str(member.get("mode", "644")), 8)) << 16,
        flags=(1 if member.get("encrypted") else 0) | (_UTF8 if member.get("latin1") else 0),
        method=cast("int | None", member.get("method")),
        stored=bool(member.get("stored")),
        streamed=bool(member.get("streamed")),
        size=cast("int | None", member.get("size")),
        crc=zlib.crc32(data) ^ 1 if member.get("damaged") else None,
        extra=_extra(member),
        local_path=cast("str | None", member.get("local_path")),
        comment=_text(member, "comment"),
        gap=_text(member, "gap"),
        shared=bool(member.get("shared")),
        raw_path=path.encode("latin-1") if member.get("latin1") else None,
    )
    if "link" in member:
        made = made._replace(data=_text(member, "link"), attributes=_LINK_MODE << 16)
    return _mispacked(made, member)


def _signing_block(value: bytes) -> bytes:
    """Return an APK signing block of one pair that is no signature, its length at both ends."""
    pair = struct.pack("<QL", len(value) + 4, 0x42726577) + value
    length = struct.pack("<Q", len(pair) + 24)
    return length + pair + length + b"APK Sig Block 42"


def _extra(member: Spec) -> bytes:
    """Return the extra field of a member: bytes as they stand, and other names for it."""
    names = member.get("unicode_path", [])
    own = str(member["path"]).encode()
    listed = cast("list[str]", [names] if isinstance(names, str) else names)
    fields = b"".join(unicode_path(own, name.encode()) for name in listed)
    return fields + bytes.fromhex(str(member.get("extra", "")))


def _mispacked(made: ZipMember, member: Spec) -> ZipMember:
    """Return a member whose packed bytes are not what they should be."""
    packed = deflate(made.data)
    if member.get("broken"):
        return made._replace(packed=b"\xff" * len(packed))
    if "packed_tail" in member:
        return made._replace(packed=packed + _text(member, "packed_tail"))
    if "cut" in member:
        return made._replace(packed=_cut(packed, member))
    return made


_INSIDE: Final[dict[str, Callable[[Spec], bytes]]] = {
    "zip": zip_bytes,
    "tar": tar_bytes,
    "cpio": cpio_bytes,
    "ar": ar_bytes,
    "rpm": rpm_bytes,
    "sevenzip": sevenzip_bytes,
    "stream": stream_bytes,
    "selfextract": selfextract_bytes,
}
"""Key of a member that is an archive: what builds it."""
