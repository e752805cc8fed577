"""Unpacks the folders of a 7z archive, step by step, with decoders that are bounded.

PPMd is left out: its only library for Python ends the process on damaged data.
"""

from __future__ import annotations

import lzma
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from dten_audit.documents.budget import Budget
from dten_audit.documents.decoders import CHUNK, Decoder, inflater, make_decoder
from dten_audit.documents.errors import BrokenError, OverLimitError
from dten_audit.documents.sevenzip.header import Coder, Folder
from dten_audit.documents.zip import deflate64

_FEED: Final = 1 << 18
_LAST: Final = 1 << 10
_FINE: Final = 16
_STORED: Final = 1 << 16
AES: Final = b"\x06\xf1\x07\x01"
_FILTERS: Final[dict[bytes, int]] = {
    b"\x03\x03\x01\x03": lzma.FILTER_X86,
    b"\x03\x03\x02\x05": lzma.FILTER_POWERPC,
    b"\x03\x03\x04\x01": lzma.FILTER_IA64,
    b"\x03\x03\x05\x01": lzma.FILTER_ARM,
    b"\x03\x03\x07\x01": lzma.FILTER_ARMTHUMB,
    b"\x03\x03\x08\x05": lzma.FILTER_SPARC,
    b"\x03": lzma.FILTER_DELTA,
    b"\x04": lzma.FILTER_X86,
    b"\x05": lzma.FILTER_POWERPC,
    b"\x06": lzma.FILTER_IA64,
    b"\x07": lzma.FILTER_ARM,
    b"\x08": lzma.FILTER_ARMTHUMB,
    b"\x09": lzma.FILTER_SPARC,
}
_NAMES: Final[dict[bytes, str]] = {
    AES: "AES-256",
    b"\x03\x03\x01\x1b": "BCJ2",
    b"\x03\x04\x01": "PPMd",
    b"\x04\x01\x09": "Deflate64",
    b"\x0a": "ARM64",
    b"\x0b": "RISC-V",
    b"\x04\xf7\x11\x02": "Brotli",
    b"\x04\xf7\x11\x04": "LZ4",
    b"\x04\xf7\x11\x05": "LZ5",
    b"\x04\xf7\x11\x06": "Lizard",
}
_DEFLATE64: Final = b"\x04\x01\x09"

Chunks = Iterator[bytes]


class Unsupported(Exception):  # noqa: N818 - it says what it is
    """A folder that cannot be unpacked: why, and whether the extra would help."""

    def __init__(self, reason: str, method: str, *, extra: bool = False) -> None:
        super().__init__(method)
        self.reason = reason
        self.method = method
        self.extra = extra


class Unpacking:
    """The content of a folder, chunk by chunk, charged to the budget.

    Making it raises ``Unsupported`` or ``BrokenError``; iterating ``BrokenError`` or
    ``OverLimitError``. ``tail`` is then how many packed bytes no coder needed, as far as they are
    more than a coder may hold back.
    """

    def __init__(
        self, view: memoryview, folder: Folder, budget: Budget, *, finely: bool = False
    ) -> None:
        """``finely``: feed little by little, so that ``tail`` is nearly exact."""
        self._budget = budget
        self._last = len(view) if finely else _LAST
        self._packed = sum(folder.packed)
        self._view = view[folder.start : folder.start + self._packed]
        self._position = 0
        chunks = self._fed()
        for coder, size in _steps(folder):
            chunks = _stage(coder, size, chunks, budget.limits.dictionary)
        self._chunks = chunks

    @property
    def tail(self) -> int:
        left = self._packed - self._position
        return left if left >= _FINE else 0

    def __iter__(self) -> Chunks:
        produced = 0
        for chunk in self._chunks:
            produced += len(chunk)
            self._budget.charge(len(chunk))
            self._budget.check_ratio(produced, self._packed)
            yield chunk

    def _fed(self) -> Chunks:
        """Yield the packed bytes: the last ones in small pieces, so that a rest shows."""
        coarse = max(0, len(self._view) - self._last)
        while self._position < len(self._view):
            size = min(_FEED, coarse - self._position) or _FINE
            piece = bytes(self._view[self._position : self._position + max(size, _FINE)])
            self._position += len(piece)
            yield piece


def _steps(folder: Folder) -> list[tuple[Coder, int]]:
    """Return the coders in the order in which they undo the packing."""
    methods = [coder.method for coder in folder.coders]
    if AES in methods:
        raise Unsupported("encrypted", _NAMES[AES])
    for coder in folder.coders:
        if coder.method not in _STAGES and coder.method not in _FILTERS:
            name = _NAMES.get(coder.method, f"method {coder.method.hex()}")
            raise Unsupported("unsupported-method", name)
        if coder.inputs != 1:
            raise Unsupported("unsupported-method", "several streams for one coder")
        if coder.method == _DEFLATE64 and not deflate64.available():
            raise Unsupported("unsupported-method", _NAMES[coder.method], extra=True)
    takes_from = dict(folder.binds)
    order: list[tuple[Coder, int]] = []
    at = folder.main
    while len(order) < len(folder.coders):
        order.append((folder.coders[at], folder.sizes[at]))
        if at not in takes_from:
            break
        at = takes_from[at]
    if len(order) != len(folder.coders):
        raise BrokenError("corrupt-archive", "coders that go round in a circle")
    return order[::-1]


def _stage(coder: Coder, size: int, chunks: Chunks, memory: int) -> Chunks:
    """Return what a coder makes of what goes in: ``size`` bytes, or an error."""
    if coder.method in _FILTERS:
        return _exactly(size, _filtered(coder, chunks, size))
    return _exactly(size, _STAGES[coder.method](coder, chunks, size, memory))


def _exactly(size: int, chunks: Iterable[bytes]) -> Chunks:
    """Pass on ``size`` bytes. Raises ``BrokenError`` where there are fewer."""
    left = size
    try:
        for chunk in chunks:
            if len(chunk) >= left:
                yield chunk[:left]
                return
            left -= len(chunk)
            yield chunk
    except (OverLimitError, BrokenError):
        raise
    except MemoryError as error:
        raise OverLimitError("limit-memory", "a decoder needs too much memory") from error
    except Exception as error:
        raise BrokenError("corrupt-stream", "the packed data are damaged") from error
    if left:
        raise BrokenError("truncated-stream", f"{left} bytes are missing")


def _through(decoder: Decoder, chunks: Chunks, size: int) -> Chunks:
    """Yield what a decoder of the usual interface makes of chunks; at most ``size`` bytes."""
    left = size
    for chunk in chunks:
        feed = chunk
        while left and not decoder.eof:
            made = decoder.decompress(feed, min(CHUNK, left))
            feed = b""
            left -= len(made)
            if made:
                yield made
            elif decoder.needs_input or decoder.eof:
                break
        if not left or decoder.eof:
            return


def _copy(_coder: Coder, chunks: Chunks, _size: int, _memory: int) -> Chunks:
    return chunks


def _raw(filters: list[dict[str, int]]) -> Decoder:
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)


def _check_memory(needed: int, memory: int) -> None:
    if needed > memory:
        raise OverLimitError("limit-memory", f"a decoder wants {needed} bytes of memory")


def _lzma(coder: Coder, chunks: Chunks, size: int, memory: int) -> Chunks:
    """LZMA: five bytes of settings, the literal and position bits and the dictionary's size."""
    first, dictionary = coder.settings[0], int.from_bytes(coder.settings[1:5], "little")
    _check_memory(min(dictionary, size), memory)
    shape = {
        "id": lzma.FILTER_LZMA1,
        "lc": first % 9,
        "lp": first // 9 % 5,
        "pb": first // 45,
        "dict_size": max(4096, min(dictionary, memory)),
    }
    return _through(_raw([shape]), chunks, size)


def _lzma2(coder: Coder, chunks: Chunks, size: int, memory: int) -> Chunks:
    """LZMA2: one byte of settings, the dictionary's size as half a power of two."""
    half = coder.settings[0]
    dictionary = (2 | half & 1) << (half // 2 + 11)
    _check_memory(min(dictionary, size), memory)
    shape = {"id": lzma.FILTER_LZMA2, "dict_size": max(4096, min(dictionary, memory))}
    return _through(_raw([shape]), chunks, size)


def _filtered(coder: Coder, chunks: Chunks, size: int) -> Chunks:
    """Undo a filter: liblzma does, for what is wrapped as LZMA2 that stores its content."""
    shape = {"id": _FILTERS[coder.method]}
    if shape["id"] == lzma.FILTER_DELTA:
        shape["dist"] = coder.settings[0] + 1
    decoder = _raw([shape, {"id": lzma.FILTER_LZMA2, "dict_size": _STORED}])
    return _through(decoder, _as_stored(chunks), size)


def _as_stored(chunks: Chunks) -> Chunks:
    """Wrap bytes as LZMA2 chunks without compression, with its end mark."""
    control = b"\x01"
    for chunk in chunks:
        for at in range(0, len(chunk), _STORED):
            piece = chunk[at : at + _STORED]
            yield control + (len(piece) - 1).to_bytes(2, "big") + piece
            control = b"\x02"
    yield b"\0"


def _deflate(_coder: Coder, chunks: Chunks, size: int, _memory: int) -> Chunks:
    return _through(inflater(), chunks, size)


def _bzip2(_coder: Coder, chunks: Chunks, size: int, memory: int) -> Chunks:
    """Bzip2: several streams may follow each other."""
    left, rest = size, b""
    while left:
        decoder = make_decoder("bzip2", memory)
        before = left
        for made in _through(decoder, _after(rest, chunks), left):
            left -= len(made)
            yield made
        rest = decoder.unused_data if decoder.eof else b""
        if left == before:
            return


def _after(rest: bytes, chunks: Chunks) -> Chunks:
    if rest:
        yield rest
    yield from chunks


def _zstd(_coder: Coder, chunks: Chunks, size: int, memory: int) -> Chunks:
    return _through(make_decoder("zstd", memory), chunks, size)


def _deflate64(_coder: Coder, chunks: Chunks, size: int, _memory: int) -> Chunks:
    return _through(deflate64.decoder(1 << 62), chunks, size)


_STAGES: Final[dict[bytes, Callable[[Coder, Chunks, int, int], Chunks]]] = {
    b"\0": _copy,
    b"\x03\x01\x01": _lzma,
    b"\x21": _lzma2,
    b"\x04\x01\x08": _deflate,
    b"\x04\x02\x02": _bzip2,
    b"\x04\xf7\x11\x01": _zstd,
    _DEFLATE64: _deflate64,
}
