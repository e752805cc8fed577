"""Decodes lzip (lzip manual, "File format"): LZMA between a short header and a trailer."""

from __future__ import annotations

import lzma
import zlib
from typing import Final

_MAGIC: Final = b"LZIP\x01"
_HEADER: Final = 6
_TRAILER: Final = 20
_SMALLEST: Final = 1 << 12
_LARGEST: Final = 1 << 29


class LzipDecoder:
    """One member of an lzip file: its checksum and both of its sizes must be right."""

    def __init__(self, memory: int) -> None:
        """``memory``: the largest dictionary that is allowed, in bytes."""
        self._memory = memory
        self._inner: lzma.LZMADecompressor | None = None
        self._rest = b""
        self._taken = 0
        self._crc = 0
        self._size = 0
        self._flaw = ""
        self.eof = False
        self.unused_data = b""

    @property
    def needs_input(self) -> bool:
        if self.eof or self._flaw:
            return False
        return self._inner is None or self._inner.eof or self._inner.needs_input

    def decompress(self, data: bytes | memoryview, max_length: int = -1) -> bytes:
        """Feed ``data`` and return at most ``max_length`` bytes. Raises ``lzma.LZMAError``."""
        if self._flaw:
            raise lzma.LZMAError(self._flaw)
        self._taken += len(data)
        self._rest += bytes(data)
        if self._inner is None:
            if len(self._rest) < _HEADER:
                return b""
            self._inner = self._start()
        chunk = b""
        if not self._inner.eof:
            chunk = self._inner.decompress(self._rest, max_length)
            self._rest = self._inner.unused_data
            self._crc = zlib.crc32(chunk, self._crc)
            self._size += len(chunk)
        if self._inner.eof and len(self._rest) >= _TRAILER:
            self._finish()
        return chunk

    def _start(self) -> lzma.LZMADecompressor:
        head, self._rest = self._rest[:_HEADER], self._rest[_HEADER:]
        base = 1 << (head[5] & 0x1F)
        size = base - base // 16 * (head[5] >> 5)
        if not head.startswith(_MAGIC) or not _SMALLEST <= size <= _LARGEST:
            raise lzma.LZMAError("not its header")
        if size > self._memory:
            raise MemoryError
        shape = {"id": lzma.FILTER_LZMA1, "lc": 3, "lp": 0, "pb": 2, "dict_size": size}
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[shape])

    def _finish(self) -> None:
        trailer, self.unused_data = self._rest[:_TRAILER], self._rest[_TRAILER:]
        packed = self._taken - len(self.unused_data)
        stated = [int.from_bytes(trailer[at:end], "little") for at, end in ((0, 4), (4, 12))]
        if [*stated, int.from_bytes(trailer[12:], "little")] != [self._crc, self._size, packed]:
            self._flaw = "checksum or size"
        else:
            self.eof = True
