"""Decodes Deflate64 (method 9) where the optional library ``inflate64`` is installed.

Windows Explorer packs members of more than 2 GiB so.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Final, Protocol, cast

from dten_audit.documents.decoders import Decoder

_PIECE: Final = 64
"""So many packed bytes become 2 MB at most: the library knows no limit to what it gives back."""


class _Inflater(Protocol):
    eof: bool

    def inflate(self, data: bytes) -> bytes: ...


class _Library(Protocol):
    def Inflater(self) -> _Inflater: ...  # noqa: N802 - its name there


@cache
def _library() -> _Library | None:
    try:
        return cast("_Library", import_module("inflate64"))
    except ImportError:
        return None


def available() -> bool:
    """Tell whether Deflate64 can be decoded here."""
    return _library() is not None


def decoder(size: int) -> Decoder:
    """Return a decoder of ``size`` packed bytes."""
    library = _library()
    assert library is not None
    return _Deflate64(library.Inflater(), size)


class _Deflate64:
    """Feeds the library little by little, and its last bytes singly: it hides what it left over."""

    def __init__(self, inflater: _Inflater, size: int) -> None:
        self._inflater = inflater
        self._left = size
        self._pending = b""

    @property
    def eof(self) -> bool:
        return self._inflater.eof

    @property
    def needs_input(self) -> bool:
        return not self._pending and not self.eof

    @property
    def unused_data(self) -> bytes:
        return self._pending if self.eof else b""

    def decompress(self, data: bytes | memoryview, max_length: int = -1) -> bytes:
        """Feed ``data`` and return about ``max_length`` bytes."""
        self._pending += bytes(data)
        pending, position = self._pending, 0
        out, size = [], 0
        while position < len(pending) and not self.eof and (max_length < 0 or size < max_length):
            step = _PIECE if self._left > _PIECE else 1
            piece = pending[position : position + step]
            chunk = self._inflater.inflate(piece)
            position += len(piece)
            self._left -= len(piece)
            size += len(chunk)
            out.append(chunk)
        self._pending = pending[position:]
        return b"".join(out)
