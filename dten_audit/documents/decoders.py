"""Decoders of compressed streams behind one interface, and a bounded flow of what they produce."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cache, partial
from typing import Final, Protocol

from dten_audit.documents.budget import Budget
from dten_audit.documents.errors import BrokenError, OverLimitError
from dten_audit.documents.source import Data

CHUNK: Final = 1 << 20
_FEED: Final = 1 << 18
_SMALL: Final = 1 << 12
_SKIPPABLE: Final = 8
_GZIP_WINDOW: Final = 31
_RAW_WINDOW: Final = -15


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
    return maker_of_inflaters(gzip=gzip)()


@cache
def maker_of_inflaters(*, gzip: bool = False) -> Callable[[], Decoder]:
    """Return what makes such decoders: who needs very many asks once."""
    found = _igzip()
    if found is None:
        return partial(ZlibDecoder, _GZIP_WINDOW if gzip else _RAW_WINDOW)
    cls, raw, wrapped = found
    return partial(cls, wrapped if gzip else raw)


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
    if kind == "lzip":
        from dten_audit.documents.lzip import LzipDecoder

        return LzipDecoder(memory)
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

    Streams of the same kind that follow each other are one content, as their tools have it:
    ``starts`` says where each begins, ``skipped`` where data lie that decoders pass over. Once the
    end was reached, ``consumed`` is how much of the data the streams took, ``trailing`` how many
    bytes that are not padding follow, and ``tail`` where these start.
    """

    def __init__(
        self, data: Data | memoryview, kind: str, budget: Budget, decoder: Decoder | None = None
    ) -> None:
        """``decoder``: a single stream is read, with this decoder."""
        self.size = 0
        self.consumed = 0
        self.trailing = 0
        self.tail = 0
        self.starts: list[int] = []
        self.skipped: list[tuple[int, int]] = []
        self._data = data
        self._view = memoryview(data)
        self._kind = kind
        self._budget = budget
        self._position = 0
        self._stream_start = 0
        self._stream_size = 0
        self._feed = _FEED
        self._failure: Exception | None = None
        self._single = decoder is not None
        self._decoder = decoder
        self._ended = False

    def read(self) -> bytes:
        """Return the next chunk, or nothing at the end.

        Raises ``BrokenError``, after all that could be had, and again if asked again; or
        ``OverLimitError``.
        """
        while self._failure is None:
            decoder = self._decoder
            if decoder is None or decoder.eof:
                decoder = None if self._ended else self._next_stream(decoder)
                if decoder is None:
                    return b""
            feed: bytes | memoryview = b""
            if decoder.needs_input:
                feed = self._view[self._position : self._position + self._feed]
                self._position += len(feed)
                self._feed = min(_FEED, 2 * self._feed)
                if not feed:
                    raise self._fail("ends before its end")
            chunk = self._decode(decoder, feed)
            if chunk:
                self.size += len(chunk)
                self._stream_size += len(chunk)
                self._budget.charge(len(chunk))
                self._budget.check_ratio(self.size, len(self._view))
                return chunk
        raise self._failure

    def _fail(self, what: str) -> BrokenError:
        self._failure = BrokenError("truncated-stream", f"{self._kind} {what}")
        return self._failure

    def _decode(self, decoder: Decoder, feed: bytes | memoryview) -> bytes:
        try:
            return decoder.decompress(feed, CHUNK)
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
        position = self._stream_start
        decoder: Decoder
        if self._kind in ("gzip", "deflate"):
            decoder = ZlibDecoder(_RAW_WINDOW)
            position = _deflate_start(self._view, position) if self._kind == "gzip" else position
        else:
            decoder = make_decoder(self._kind, self._budget.limits.dictionary)
        saved = bytearray()
        passed, most = 0, self._stream_size + CHUNK
        while not decoder.eof and passed < most:
            feed = self._view[position : position + _SMALL] if decoder.needs_input else b""
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

    def _next_stream(self, ended: Decoder | None) -> Decoder | None:
        """Go on to the first stream, or to one that follows; return None at the end."""
        if ended is not None:
            self._position -= len(ended.unused_data)
        if ended is None or not self._single:
            self._skip_frames()
        start = self._position
        follows = self._kind == "xz" and ended is not None
        if follows and (past := past_zeros(self._view, start)) % 4 == start % 4:
            start = past
        first = ended is None and not (self.skipped and start == len(self._view))
        head = bytes(self._view[start : start + 6])
        if first or (not self._single and _starts(self._kind, head)):
            self._budget.charge(0)
            self.starts.append(start)
            self._position = self._stream_start = start
            self._stream_size, self._feed = 0, _SMALL
            self._decoder = make_decoder(self._kind, self._budget.limits.dictionary)
            return self._decoder
        self._end()
        return None

    def _skip_frames(self) -> None:
        """Pass over frames of zstd that hold no content (RFC 8878, 3.1.2)."""
        while self._kind == "zstd":
            head = bytes(self._view[self._position : self._position + _SKIPPABLE])
            if not _is_skippable(head):
                return
            start = self._position + _SKIPPABLE
            end = start + int.from_bytes(head[4:], "little")
            if len(head) < _SKIPPABLE or end > len(self._view):
                raise self._fail("ends in a frame to be skipped")
            self._budget.charge(0)
            self.skipped.append((start, end))
            self._position = end

    def _end(self) -> None:
        """Note what follows the last stream."""
        self._ended = True
        self.consumed = self._position
        self.tail = past_zeros(self._view, self._position)
        size = len(self._view) - self._position
        padding = size <= CHUNK and self.tail == len(self._view)
        self.trailing = 0 if padding else size


def past_zeros(data: memoryview, start: int) -> int:
    """Return where the first byte from ``start`` on stands that is not zero, or the end."""
    while start < len(data):
        chunk = bytes(data[start : start + CHUNK])
        rest = chunk.lstrip(b"\0")
        if rest:
            return start + len(chunk) - len(rest)
        start += len(chunk)
    return start


def _is_skippable(head: bytes) -> bool:
    return head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50  # noqa: PLR2004


def _deflate_start(view: memoryview, start: int) -> int:
    """Return where the packed data of a gzip stream start, behind its header (RFC 1952, 2.3).

    A wrong checksum behind them then drops nothing of them.
    """
    flags, at = view[start + 3] if start + 3 < len(view) else 0, start + 10
    if flags & 4:
        at += 2 + int.from_bytes(view[at : at + 2], "little")
    for field in (8, 16):
        if flags & field:
            at += bytes(view[at : at + CHUNK]).find(b"\0") + 1
    return at + (2 if flags & 2 else 0)


def _starts(kind: str, head: bytes) -> bool:
    """Tell whether another stream of this kind starts here."""
    return kind in _MAGIC and head.startswith(_MAGIC[kind])


_MAGIC: Final = {
    "gzip": b"\x1f\x8b",
    "bzip2": b"BZh",
    "lzip": b"LZIP",
    "xz": b"\xfd7zXZ\0",
    "zstd": b"\x28\xb5\x2f\xfd",
}
