"""Turns a ZIP member's packed bytes into its content, bounded by what it may become."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from dten_audit.documents.budget import Budget
from dten_audit.documents.decoders import (
    CHUNK,
    Decoder,
    Flow,
    checksum,
    make_decoder,
    maker_of_inflaters,
)
from dten_audit.documents.errors import BrokenError, OverLimitError
from dten_audit.documents.programs import table_end
from dten_audit.documents.sink import Sink
from dten_audit.documents.source import Data, Problem
from dten_audit.documents.zip import deflate64
from dten_audit.documents.zip import records as r
from dten_audit.documents.zip.records import Entry

_STREAM_METHODS: Final = {
    r.DEFLATED: "deflate", 12: "bzip2", r.LZMA: "lzma", 93: "zstd", 95: "xz",
}  # fmt: skip
_TAIL: Final = 22 + 0xFFFF
"""A ZIP behind a program ends in these bytes."""
_SUPPORTED: Final = frozenset({r.STORED, *_STREAM_METHODS})


def supported(method: int) -> bool:
    """Tell whether a method can be decoded here."""
    return method in _SUPPORTED or (method == r.DEFLATE64 and deflate64.available())


class Content(NamedTuple):
    """A member's bytes, as many as could be read, and what was wrong with them.

    ``missed`` is the reason why some are missing; empty if all are there. ``tail`` is the number
    of bytes behind the end of its packed data.
    """

    data: Data
    problems: tuple[Problem, ...] = ()
    missed: str = ""
    tail: int = 0


def read_content(view: memoryview, entry: Entry, start: int, path: str, budget: Budget) -> Content:
    """Unpack a member. Raises ``OverLimitError``."""
    data = read_whole(view, entry, start, budget)
    if data is not None:
        return Content(data)
    return read_in_steps(view, entry, start, path, budget)


def read_whole(view: memoryview, entry: Entry, start: int, budget: Budget) -> bytes | None:
    """Unpack a member at once; None where it is large or not what its header promises."""
    _, _, method, crc, packed_size, size, _, _, _, _, _ = entry
    if size > budget.limits.ratio_from or max(size, packed_size) > budget.limits.memory:
        return None
    packed = view[start : start + packed_size]
    if method == r.DEFLATED:
        decoder = maker_of_inflaters()()
        try:
            data = decoder.decompress(packed, size + 1)
        except Exception:  # noqa: BLE001 - reading in small steps says what is wrong
            return None
        if not decoder.eof or decoder.unused_data:
            return None
    elif method == r.STORED:
        data = bytes(packed)
    else:
        return None
    if len(data) != size or checksum()(data) != crc:
        return None
    budget.charge(size)
    return data


def skim_program(view: memoryview, entry: Entry, start: int, budget: Budget) -> bytes | None:
    """Unpack a large program and keep its first bytes: of programs nobody reads more.

    None where it is small, wanted whole, not what its header promises, or might have something
    behind it. Raises ``OverLimitError``.
    """
    if budget.whole or entry.size <= budget.limits.memory:
        return None
    crc, size, tail, crc32 = 0, 0, b"", checksum()
    try:
        flow = _flow(view[start : start + entry.packed], entry, budget)
        head = flow.read()
        if table_end(head) != entry.size:
            return None
        chunk = head
        while chunk:
            crc, size = crc32(chunk, crc), size + len(chunk)
            budget.check_member(size)
            tail = (tail + chunk)[-_TAIL:]
            chunk = flow.read()
    except BrokenError:
        return None
    sound = size == entry.size and crc == entry.crc and not flow.trailing
    return head if sound and tail.find(r.END) < 0 else None


def read_in_steps(view: memoryview, entry: Entry, start: int, path: str, budget: Budget) -> Content:
    """Unpack a member that is large, or whose content is not what its header promises."""
    packed = view[start : start + entry.packed]
    crc, crc32 = 0, checksum()
    problems: list[Problem] = []
    missed, tail = "", 0
    with Sink(budget, charged=entry.method != r.STORED) as sink:
        try:
            flow = _flow(packed, entry, budget)
            while chunk := flow.read():
                crc = crc32(chunk, crc)
                sink.write(chunk)
            tail = flow.trailing
            if tail:
                what = f"{tail} bytes behind the end of its packed data"
                problems.append(Problem("packed-tail", what, path))
        except BrokenError as error:
            missed = "truncated" if error.issue == "truncated-stream" else "corrupt"
            if missed == "truncated" and _ends_by_size(entry, sink.size, crc):
                missed = ""
            else:
                problems.append(Problem(f"{missed}-member", error.detail, path))
        data = sink.data()
    if len(packed) < entry.packed and not missed:
        problems.append(Problem("truncated-member", "the file ends before it does", path))
        missed = "truncated"
    if not missed:
        problems += _promises(entry, len(data), crc, path)
    return Content(data, tuple(problems), missed, tail)


def _ends_by_size(entry: Entry, size: int, crc: int) -> bool:
    """Tell whether LZMA data need no end mark, since the header states the size (4.4.4, bit 1)."""
    return entry.method == r.LZMA and size == entry.size and crc == entry.crc


def _promises(entry: Entry, size: int, crc: int, path: str) -> Iterator[Problem]:
    """Yield what a member's headers promise and its content does not keep."""
    if size != entry.size:
        yield Problem("size-mismatch", f"{entry.size} bytes stated, {size} there", path)
    if crc != entry.crc:
        yield Problem("checksum-mismatch", "", path)


def _flow(packed: memoryview, entry: Entry, budget: Budget) -> Flow | _Stored:
    if entry.method == r.STORED:
        return _Stored(packed)
    if entry.method == r.DEFLATE64:
        return Flow(packed, "deflate64", budget, deflate64.decoder(len(packed)))
    kind = _STREAM_METHODS[entry.method]
    if kind == "lzma":
        decoder, body = _lzma(packed, budget.limits.dictionary)
        return Flow(body, kind, budget, decoder)
    return Flow(packed, kind, budget, make_decoder(kind, budget.limits.dictionary))


class _Stored:
    """A flow of bytes that were not packed."""

    trailing = 0

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._position = 0

    def read(self) -> bytes:
        chunk = bytes(self._data[self._position : self._position + CHUNK])
        self._position += len(chunk)
        return chunk


def _lzma(packed: memoryview, memory: int) -> tuple[Decoder, memoryview]:
    """Return a decoder for LZMA in a ZIP and the data behind its header (APPNOTE 5.8.8)."""
    import lzma

    head = bytes(packed[:9])
    if len(head) < 9 or head[2:4] != b"\x05\0" or head[4] >= 9 * 5 * 5:  # noqa: PLR2004
        raise BrokenError("corrupt-stream", "lzma: not its header")
    literal, position = head[4] % 9, head[4] // 9
    dictionary = int.from_bytes(head[5:9], "little")
    if dictionary > memory:
        raise OverLimitError("limit-memory", f"lzma wants {dictionary} bytes of memory")
    shape = {
        "id": lzma.FILTER_LZMA1,
        "lc": literal,
        "lp": position % 5,
        "pb": position // 5,
        "dict_size": max(dictionary, 4096),
    }
    try:
        decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[shape])
    except lzma.LZMAError as error:
        raise BrokenError("corrupt-stream", f"lzma: {error}") from error
    return decoder, packed[9:]
