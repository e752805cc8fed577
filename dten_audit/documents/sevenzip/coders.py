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
from dten_audit.documents.sevenzip.bcj2 import unfiltered
from dten_audit.documents.sevenzip.header import Coder, Folder
from dten_audit.documents.zip import deflate64

_FEED: Final = 1 << 18
_LAST: Final = 1 << 10
_FINE: Final = 16
_STORED: Final = 1 << 16
AES: Final = b"\x06\xf1\x07\x01"
BCJ2: Final = b"\x03\x03\x01\x1b"
_BCJ2_INPUTS: Final = 4
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
    BCJ2: "BCJ2 of another shape",
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


class _Feed:
    """One packed stream, piece by piece: the last ones small, so that a rest shows."""

    def __init__(self, view: memoryview, start: int, end: int, last: int) -> None:
        self._view = view
        self.at = start
        self.end = end
        self._coarse = end - last

    def __iter__(self) -> Chunks:
        while self.at < self.end:
            size = min(_FEED, self._coarse - self.at) if self.at < self._coarse else _FINE
            start, self.at = self.at, min(self.at + size, self.end)
            yield bytes(self._view[start : self.at])


class Unpacking:
    """The content of a folder, chunk by chunk, charged to the budget.

    Making it raises ``Unsupported``, ``BrokenError`` or ``OverLimitError``; iterating the latter
    two.
    """

    def __init__(
        self, view: memoryview, folder: Folder, budget: Budget, *, finely: bool = False
    ) -> None:
        """``finely``: feed little by little, so that ``tails`` are nearly exact."""
        _check_methods(folder)
        self._budget = budget
        self._folder = folder
        self._feeds = []
        start = folder.start
        for size in folder.packed:
            last = size if finely else _LAST
            self._feeds.append(_Feed(view, start, start + size, last))
            start += size
        self._built: set[int] = set()
        try:
            self._chunks = self._output(folder.main)
        except (BrokenError, OverLimitError):
            raise
        except Exception as error:
            raise BrokenError("corrupt-archive", "settings of a coder that it refuses") from error
        if len(self._built) < len(folder.coders):
            raise BrokenError("corrupt-archive", "coders that go round in a circle")

    def _output(self, number: int) -> Chunks:
        """Return what a coder makes of its inputs: other coders' outputs, or packed streams."""
        folder = self._folder
        if number in self._built:
            raise BrokenError("corrupt-archive", "coders that go round in a circle")
        self._built.add(number)
        bound = dict(folder.binds)
        first = sum(coder.inputs for coder in folder.coders[:number])
        coder = folder.coders[number]
        streams = [
            self._output(bound[place])
            if place in bound
            else iter(self._feeds[folder.inputs.index(place)])
            for place in range(first, first + coder.inputs)
        ]
        size, limits = folder.sizes[number], self._budget.limits
        if coder.method == BCJ2:
            return _exactly(size, unfiltered(streams, size, limits.memory))
        return _stage(coder, size, streams[0], limits.dictionary)

    @property
    def tails(self) -> list[tuple[int, int]]:
        """Where packed bytes lie that no coder needed, if more than a coder may hold back."""
        return [(feed.at, feed.end) for feed in self._feeds if feed.end - feed.at >= _FINE]

    def __iter__(self) -> Chunks:
        produced, packed = 0, sum(self._folder.packed)
        for chunk in self._chunks:
            produced += len(chunk)
            self._budget.charge(len(chunk))
            self._budget.check_ratio(produced, packed)
            yield chunk


def _check_methods(folder: Folder) -> None:
    """Raise ``Unsupported`` where a coder is not known here."""
    if any(coder.method == AES for coder in folder.coders):
        raise Unsupported("encrypted", _NAMES[AES])
    for coder in folder.coders:
        known = coder.method in _STAGES or coder.method in _FILTERS or coder.method == BCJ2
        if not known or coder.inputs != (_BCJ2_INPUTS if coder.method == BCJ2 else 1):
            name = _NAMES.get(coder.method, f"method {coder.method.hex()}")
            raise Unsupported("unsupported-method", name)
        if coder.method == _DEFLATE64 and not deflate64.available():
            raise Unsupported("unsupported-method", _NAMES[coder.method], extra=True)


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
