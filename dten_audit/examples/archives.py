"""Builds the archives of rule examples: ``build: zip`` and ``build: tar``, honest ones and others.

``with:`` holds ``members:``, a list of mappings with ``path`` and one of ``text``, ``base64``,
``zeros`` (their number) or ``zip``/``tar`` (an archive inside, as a mapping like this one). The
other keys are described at the functions.
"""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable, Mapping
from typing import Final, cast

from dten_audit.examples.zip_writer import ZipMember, write_zip

PACKAGE: Final = "@package"
_TYPES: Final = {
    "file": tarfile.REGTYPE,
    "folder": tarfile.DIRTYPE,
    "link": tarfile.SYMTYPE,
    "hard": tarfile.LNKTYPE,
    "device": tarfile.BLKTYPE,
    "pipe": tarfile.FIFOTYPE,
}
_LINK_MODE: Final = 0o120777

Spec = Mapping[str, object]


def zip_package(spec: Spec) -> dict[str, bytes]:
    """Build a ZIP as the package. Keys of ``zip_bytes``."""
    return {PACKAGE: zip_bytes(spec)}


def tar_package(spec: Spec) -> dict[str, bytes]:
    """Build a tar archive as the package. Keys of ``tar_bytes``."""
    return {PACKAGE: tar_bytes(spec)}


def zip_bytes(spec: Spec) -> bytes:
    """Return a ZIP.

    Of a member: ``mode`` (octal text), ``link`` (target), ``local_path``, ``encrypted``,
    ``method``, ``streamed``, ``stored``, ``damaged`` (its packed bytes), ``size`` (as stated),
    ``gap`` (bytes before it), ``shared`` (bytes of the member before). Of the archive: ``before``,
    ``after``, ``comment``, ``count`` (as stated), ``cut`` (bytes off its end).
    """
    members = [_zip_member(member) for member in _members(spec)]
    data = write_zip(
        members,
        prefix=_text(spec, "before"),
        shift=True,
        suffix=_text(spec, "after"),
        comment=_text(spec, "comment"),
        count=cast("int | None", spec.get("count")),
    )
    return data[: len(data) - int(str(spec.get("cut", 0)))]


def tar_bytes(spec: Spec) -> bytes:
    """Return a tar archive.

    Of a member: ``type`` (file, folder, link, hard, device, pipe), ``target``, ``mode``. Of the
    archive: ``compress`` (gzip, bzip2, xz), ``after`` (a list of members behind the end mark),
    ``damaged`` (number of the header to damage), ``cut`` (bytes off its end).
    """
    data = bytearray(_tar(_members(spec)))
    if "after" in spec:
        data = data.rstrip(b"\0")
        data += bytes(-len(data) % 512 + 1024)
        data += _tar(cast("list[Spec]", spec["after"]))
    if "damaged" in spec:
        data[512 * int(str(spec["damaged"])) + 150] ^= 0x55
    pack: Callable[[bytes], bytes] = {
        "": bytes,
        "gzip": lambda plain: gzip.compress(plain, mtime=0),
        "bzip2": bz2.compress,
        "xz": lzma.compress,
    }[str(spec.get("compress", ""))]
    packed = pack(bytes(data))
    return packed[: len(packed) - int(str(spec.get("cut", 0)))]


def _members(spec: Spec) -> list[Spec]:
    return cast("list[Spec]", spec["members"])


def _text(spec: Spec, key: str) -> bytes:
    return str(spec.get(key, "")).encode()


def _content(member: Spec) -> bytes:
    """Return a member's bytes."""
    if "base64" in member:
        return base64.b64decode(str(member["base64"]))
    if "zeros" in member:
        return bytes(int(str(member["zeros"])))
    for kind, build in (("zip", zip_bytes), ("tar", tar_bytes)):
        if kind in member:
            return build(cast("Spec", member[kind]))
    return _text(member, "text")


def _zip_member(member: Spec) -> ZipMember:
    data = _content(member)
    mode = 0o100000 | int(str(member.get("mode", "644")), 8)
    made = ZipMember(
        str(member["path"]),
        data,
        attributes=mode << 16,
        flags=1 if member.get("encrypted") else 0,
        method=cast("int | None", member.get("method")),
        stored=bool(member.get("stored")),
        streamed=bool(member.get("streamed")),
        size=cast("int | None", member.get("size")),
        local_path=cast("str | None", member.get("local_path")),
        gap=_text(member, "gap"),
        shared=bool(member.get("shared")),
    )
    if "link" in member:
        made = made._replace(data=_text(member, "link"), attributes=_LINK_MODE << 16)
    if member.get("damaged"):
        made = made._replace(crc=zlib.crc32(data) ^ 1)
    return made


def _tar(members: list[Spec]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member in members:
            data = _content(member)
            info = tarfile.TarInfo(str(member["path"]))
            info.type = _TYPES[str(member.get("type", "file"))]
            info.linkname = str(member.get("target", ""))
            info.mode = int(str(member.get("mode", "644")), 8)
            info.size = len(data) if info.isreg() else 0
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()
