"""Writes compressed streams, also such as lie about the memory that they need. For examples."""

from __future__ import annotations

import struct
from typing import Final

_BLOCK: Final = 1 << 17
"""The largest block of Zstandard (RFC 8878, section 3.1.1.2)."""


def pack(kind: str, data: bytes, dictionary: int = 0) -> bytes:
    """Return ``data`` as a stream of a kind; as it is for an empty one.

    ``dictionary``: how many bytes of memory its decoder is told to need (lzma and zstd).
    """
    if kind == "gzip":
        import gzip

        return gzip.compress(data, mtime=0)
    if kind == "bzip2":
        import bz2

        return bz2.compress(data)
    if kind == "zstd":
        return _zstd(data, dictionary)
    if kind in ("xz", "lzma"):
        import lzma

        packed = lzma.compress(data, lzma.FORMAT_ALONE if kind == "lzma" else lzma.FORMAT_XZ)
        if dictionary:
            packed = packed[:1] + struct.pack("<L", dictionary) + packed[5:]
        return packed
    return data


def _zstd(data: bytes, dictionary: int) -> bytes:
    """Return one frame of blocks that are not packed (RFC 8878), so that no library is needed."""
    if dictionary:
        frame = b"\x28\xb5\x2f\xfd\0" + bytes([dictionary.bit_length() - 11 << 3])
    else:
        frame = b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<L", len(data))
    starts = range(0, max(len(data), 1), _BLOCK)
    for start in starts:
        block = data[start : start + _BLOCK]
        last = start == starts[-1]
        frame += struct.pack("<L", len(block) << 3 | last)[:3] + block
    return frame
