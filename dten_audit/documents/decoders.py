"""Decoders of compressed streams behind one interface, and a bounded flow of what they produce."""

from __future__ import annotations

import zlib
from functools import cache
from typing import Final, Protocol

from dten_audit.documents.budget import Budget
from dten_audit.documents.errors import BrokenError, OverLimitError
from dten_audit.documents.source import Data

CHUNK: Final = 1 << 20
_FEED: Final = 1 << 18
_SMALL: Final = 1 << 12
_GZIP_WINDOW: Final = 31
_RAW_WINDOW: Final = -15
_WINDOWS: Final = {"gzip": _GZIP_WINDOW, "deflate": _RAW_WINDOW}


class Decoder(Protocol):
    """What ``bz2``, ``lzma``, ``zstd`` and ``isal`` have in common."""

    @property
    def eof(self) -> bool:
        """Whether the end of the stream was reached."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more can come out before more goes in."""

    @property
    def unused_data(self) -> bytes:
        """What was fed beyond the end of the stream."""

    def decompress(self, data: bytes | memoryview, max_length: int = -1) -> bytes:
        """Feed ``data`` and return at most ``max_length`` bytes."""


class ZlibDecoder:
    """Deflate through zlib, where there is no faster library."""

    def __init__(self, window: int) -> None:
        self._inner = zlib.decompressobj(window)
        self._pending = False

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not (self._pending or self._inner.unconsumed_tail or self._inner.eof)

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes | memoryview, max_length: int = -1) -> bytes:
        """Feed ``data`` and return at most ``max_length`` bytes."""
        rest = self._inner.unconsumed_tail
        feed = rest + bytes(data) if rest else data
        chunk = self._inner.decompress(feed, max(0, max_length))
        self._pending = max_length > 0 and len(chunk) == max_length
        return chunk


@cache
def _igzip() -> tuple[type, int, int] | None:
    """Return isal's decoder with its flags for raw deflate and gzip; None where it is missing."""
    try:
        from isal import igzip_lib
    except ImportError:
        return None
    return igzip_lib.IgzipDecompressor, igzip_lib.DECOMP_DEFLATE, igzip_lib.DECOMP_GZIP


def inflater(*, gzip: bool = False) -> Decoder:
    """Return a decoder of raw deflate or gzip."""
    found = _igzip()
    if found is None:
        return ZlibDecoder(_GZIP_WINDOW if gzip else _RAW_WINDOW)
    cls, raw, wrapped = found
    decoder: Decoder = cls(flag=wrapped if gzip else raw)
    return decoder


@cache
def checksum() -> Checksum:
    """Return the fastest CRC-32 there is."""
    try:
        from isal import isal_zlib
    except ImportError:
        return zlib.crc32
    fast: Checksum = isal_zlib.crc32
    return fast


class Checksum(Protocol):
    """A CRC-32 like ``zlib.crc32``."""

    def __call__(self, data: bytes, value: int = ..., /) -> int:
        """Return the checksum, continued from ``value``."""


def make_decoder(kind: str, memory: int) -> Decoder:
    """Return a decoder for a kind of stream that needs at most ``memory`` bytes for itself."""
    if kind in ("gzip", "deflate"):
        return inflater(gzip=kind == "gzip")
    if kind == "bzip2":
        import bz2

        return bz2.BZ2Decompressor()
    if kind == "zstd":
        return _zstd(memory)
    import lzma

    shape = lzma.FORMAT_ALONE if kind == "lzma" else lzma.FORMAT_XZ
    return lzma.LZMADecompressor(shape, memlimit=memory)


def _zstd(memory: int) -> Decoder:
    import sys

    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    largest = {int(zstd.DecompressionParameter.window_log_max): memory.bit_length() - 1}
    decoder: Decoder = zstd.ZstdDecompressor(options=largest)
    return decoder


class Flow:
    """What comes out of a compressed stream, chunk by chunk, charged to the budget.

    Streams of the same kind that follow each other are one content, as their tools have it.
    Once the end was reached, ``consumed`` is how much of the data the streams took, and
    ``trailing`` how many bytes that are not padding follow.
    """

    def __init__(
        self,
        data: Data | memoryview,
        kind: str,
        budget: Budget,
        decoder: Decoder | None = None,
    ) -> None:
        self.size = 0
        self.consumed = 0
        self.trailing = 0
        self._data = memoryview(data)
        self._kind = kind
        self._budget = budget
        self._position = 0
        self._stream_start = 0
        self._stream_size = 0
        self._failure: Exception | None = None
        self._single = decoder is not None
        self._decoder = decoder or make_decoder(kind, budget.limits.dictionary)

    def read(self) -> bytes:
        """Return the next chunk, or nothing at the end.

        Raises ``BrokenError``, after all that could be had, and again if asked again; or
        ``OverLimitError``.
        """
        while self._failure is None:
            if self._decoder.eof and not self._next_stream():
                return b""
            feed: bytes | memoryview = b""
            if self._decoder.needs_input:
                feed = self._data[self._position : self._position + _FEED]
                self._position += len(feed)
                if not feed:
                    what = f"{self._kind} ends before its end"
                    self._failure = BrokenError("truncated-stream", what)
                    break
            chunk = self._decode(feed)
            if chunk:
                self.size += len(chunk)
                self._stream_size += len(chunk)
                self._budget.charge(len(chunk))
                self._budget.check_ratio(self.size, len(self._data))
                return chunk
        raise self._failure

    def _decode(self, feed: bytes | memoryview) -> bytes:
        try:
            return self._decoder.decompress(feed, CHUNK)
        except (MemoryError, OverflowError) as error:
            raise OverLimitError("limit-memory", f"{self._kind} needs too much memory") from error
        except Exception as error:
            text = str(error)
            if "Memory usage limit" in text or "too much memory" in text:
                raise OverLimitError(
                    "limit-memory", f"{self._kind} needs too much memory"
                ) from error
            self._failure = BrokenError("corrupt-stream", f"the {self._kind} data are damaged")
            return self._salvage()

    def _salvage(self) -> bytes:
        """Return what comes out before the damage: decoders drop it together with the error."""
        if self._single and self._kind != "deflate":
            return b""
        decoder: Decoder = (
            ZlibDecoder(_WINDOWS[self._kind])
            if self._kind in _WINDOWS
            else (make_decoder(self._kind, self._budget.limits.dictionary))
        )
        saved = bytearray()
        passed, position, most = 0, self._stream_start, self._stream_size + CHUNK
        while not decoder.eof and passed < most:
            feed = self._data[position : position + _SMALL] if decoder.needs_input else b""
            position += len(feed)
            try:
                chunk = decoder.decompress(feed, _SMALL)
            except Exception:  # noqa: BLE001 - the damage, which is told already
                break
            passed += len(chunk)
            if passed > self._stream_size:
                saved += chunk[max(0, len(chunk) - (passed - self._stream_size)) :]
            if not chunk and not len(feed) and decoder.needs_input:
                break
        return bytes(saved)

    def _next_stream(self) -> bool:
        """Go on to a stream that follows; tell whether there is one."""
        self._position -= len(self._decoder.unused_data)
        self.consumed = self._position
        rest = self._data[self._position :]
        if self._single or not _starts(self._kind, bytes(rest[:6])):
            padding = len(rest) <= CHUNK and not bytes(rest).strip(b"\0")
            self.trailing = 0 if padding else len(rest)
            return False
        self._budget.charge(0)
        self._stream_start, self._stream_size = self._position, 0
        self._decoder = make_decoder(self._kind, self._budget.limits.dictionary)
        return True


def _starts(kind: str, head: bytes) -> bool:
    """Tell whether another stream of this kind starts here."""
    if kind == "zstd":
        skippable = head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50  # noqa: PLR2004
        return skippable or head.startswith(b"\x28\xb5\x2f\xfd")
    starts = {"gzip": b"\x1f\x8b", "bzip2": b"BZh", "xz": b"\xfd7zXZ\0"}
    return kind in starts and head.startswith(starts[kind])
