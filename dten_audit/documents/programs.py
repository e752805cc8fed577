"""Finds where a program file ends by its own structure: what follows was appended to it.

Sources: System V ABI (ELF), Microsoft PE Format, Mach-O loader.h, Linux module signing.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Final, NamedTuple

from dten_audit.documents.source import Data

_MOST_ENTRIES: Final = 1 << 18
_NO_BITS: Final = 8
_HEADER_ELF: Final = 64
_EXTENDED_COUNT: Final = 0xFFFF
_SECURITY, _DEBUG = 4, 6
_SECTION_PE: Final = 40
_DEBUG_ENTRY: Final = 28
_COFF_SYMBOL: Final = 18
_MODULE_SIGNATURE: Final = b"~Module signature appended~\n"
_MODULE_INFO: Final = 12
_SEGMENTS: Final = {0x1: "2I16s4I", 0x19: "2I16s4Q"}
_LINK_DATA: Final = frozenset((0x1D, 0x1E, 0x26, 0x29, 0x2B, 0x2E, 0x80000033, 0x80000034))
_SYMBOLS: Final = 2
_LINKED: Final = frozenset((2, 6, 7, 8))
"""Types of Mach-O files whose segments hold everything: program, library, linker, bundle."""

Run = tuple[int, int]
View = Data | memoryview


class Extent(NamedTuple):
    """Where a program's own bytes end, and the signature that stands behind them, if any."""

    end: int
    signature: Run = (0, 0)


def extent_of(data: View, kind: str) -> Extent | None:
    """Return how far a program of this kind reaches; None where its structure does not tell."""
    measure = _MEASURES.get(kind)
    if measure is None:
        return None
    try:
        return measure(data)
    except (struct.error, IndexError):  # cut off inside its headers
        return None


def appended(data: Data, extent: Extent) -> list[Run]:
    """Return the runs of bytes behind a program; zero bytes before them are padding."""
    first, last = extent.signature
    runs = [(extent.end, first), (last, len(data))] if last else [(extent.end, len(data))]
    return [run for start, end in runs if (run := _without_padding(data, start, end))[0] < run[1]]


@cache
def _not_zero() -> re.Pattern[bytes]:
    return re.compile(rb"[^\0]")


def _without_padding(data: Data, start: int, end: int) -> Run:
    found = _not_zero().search(data, start, end) if start < end else None
    return (found.start(), end) if found else (end, end)


def _farthest(parts: Iterable[Run], size: int, end: int) -> int:
    """Return the end of the part that reaches farthest; a part that the file cannot hold lies."""
    for start, length in parts:
        if end < start + length <= size:
            end = start + length
    return end


def _table(data: View, shape: str, start: int, step: int, count: int) -> Iterator[tuple[int, ...]]:
    """Yield the entries of a table; nothing where it does not lie in the file as a whole."""
    size = struct.calcsize(shape)
    if not start or step < size or count > _MOST_ENTRIES or start + step * count > len(data):
        return
    if step == size:
        yield from struct.iter_unpack(shape, data[start : start + step * count])
        return
    for at in range(start, start + step * count, step):
        yield struct.unpack_from(shape, data, at)


# ELF


def table_end(head: View) -> int:
    """Return where the section table of an ELF file ends, from its header; 0 where it has none.

    Linkers write that table last: nothing can stand behind it in a file of just this size.
    """
    if head[:4] != b"\x7fELF" or len(head) < _HEADER_ELF:
        return 0
    order, wide = {1: "<", 2: ">"}.get(head[5], ""), head[4] == 2  # noqa: PLR2004
    if not order:
        return 0
    (start,) = struct.unpack_from(order + ("Q" if wide else "I"), head, 40 if wide else 32)
    step, number = struct.unpack_from(order + "2H", head, 58 if wide else 46)
    return int(start + step * number) if number else 0


def _elf(data: View) -> Extent | None:
    """Measure an ELF file: headers, tables, segments, sections, and a kernel module's signature."""
    order = {1: "<", 2: ">"}.get(data[5])
    if order is None or data[4] not in (1, 2):
        return None
    wide = data[4] == 2  # noqa: PLR2004
    program, section = (
        (order + "2I6Q", order + "2I4Q2I2Q") if wide else (order + "8I", order + "10I")
    )
    tables, counts = (32, 54) if wide else (28, 42)
    programs, sections = struct.unpack_from(order + ("2Q" if wide else "2I"), data, tables)
    step, number, section_step, section_number = struct.unpack_from(order + "4H", data, counts)
    first = next(_table(data, section, sections, section_step, 1), None)
    if first is not None and not section_number:
        section_number = first[5]
    if first is not None and number == _EXTENDED_COUNT:
        number = first[7]
    parts = [(programs, step * number), (sections, section_step * section_number)]
    where, size = (2, 5) if wide else (1, 4)
    parts += [
        (entry[where], entry[size]) for entry in _table(data, program, programs, step, number)
    ]
    for entry in _table(data, section, sections, section_step, section_number):
        if entry[1] != _NO_BITS:
            parts.append((entry[4], entry[5]))
    return Extent(_module_signature(data, _farthest(parts, len(data), counts + 10)))


def _module_signature(data: View, end: int) -> int:
    """Return the end of a kernel module together with the signature that ``sign-file`` appends."""
    if data[-len(_MODULE_SIGNATURE) :] != _MODULE_SIGNATURE:
        return end
    info = len(data) - len(_MODULE_SIGNATURE) - _MODULE_INFO
    signature = int.from_bytes(data[info + 8 : info + 12], "big")
    return len(data) if info - signature == end else end


# PE


def _pe(data: View) -> Extent | None:
    """Measure a PE file: headers, sections, symbols, debug data; the certificates are apart."""
    at = int.from_bytes(data[60:64], "little")
    if data[at : at + 4] != b"PE\0\0":
        return _dos(data, at)
    count, _, symbols, symbol_count, optional = struct.unpack_from("<H3IH", data, at + 6)
    kind, headers = int.from_bytes(data[at + 24 : at + 26], "little"), data[at + 84 : at + 88]
    table = at + 24 + optional
    directories = at + 24 + {0x10B: 96, 0x20B: 112}.get(kind, optional)
    sections = list(_table(data, "<8s4I16x", table, _SECTION_PE, count))
    parts = [(0, int.from_bytes(headers, "little")), (table, _SECTION_PE * count)]
    parts += [(entry[4], entry[3]) for entry in sections if entry[4]]
    if symbols:
        strings = symbols + _COFF_SYMBOL * symbol_count
        length = max(4, int.from_bytes(data[strings : strings + 4], "little"))
        parts.append((symbols, _COFF_SYMBOL * symbol_count + length))

    def directory(number: int) -> Run:
        here = directories + 8 * number
        return struct.unpack_from("<2I", data, here) if here + 8 <= table else (0, 0)

    parts += _debug_data(data, sections, directory(_DEBUG))
    end = _farthest(_clipped(parts, len(data)), len(data), at + 24)
    start, size = directory(_SECURITY)
    if start < end or not size or start + size > len(data):
        return Extent(end)
    return Extent(end, (start, start + size))


def _clipped(parts: Iterable[Run], size: int) -> Iterator[Run]:
    """Cut the last section where the file ends: its stated size is rounded up."""
    for start, length in parts:
        short = start + length - size
        yield (
            (start, length - short)
            if start < size and 0 < short < _PE_ALIGNMENT
            else (start, length)
        )


_PE_ALIGNMENT: Final = 0x1000


def _debug_data(data: View, sections: list[tuple[int, ...]], table: Run) -> Iterator[Run]:
    """Yield where debug data lie: they need not be in a section."""
    address, size = table
    for _, virtual_size, virtual, raw_size, raw in sections:
        if virtual <= address < virtual + max(virtual_size, raw_size):
            count = min(size // _DEBUG_ENTRY, 64)
            start = raw + address - virtual
            for entry in _table(data, "<7I", start, _DEBUG_ENTRY, count):
                yield entry[6], entry[4]
            return


def _dos(data: View, at: int) -> Extent | None:
    """Measure a program for DOS; other successors of its format do not tell their end plainly."""
    if data[at : at + 2] in (b"NE", b"LE", b"LX"):
        return None
    last, pages = struct.unpack_from("<2H", data, 2)
    end = pages * 512 - (512 - last if last else 0)
    return Extent(end) if 0 < end <= len(data) else None


# Mach-O


def _macho(data: View) -> Extent | None:
    """Measure a Mach-O file, for one architecture or for several."""
    magic = data[:4]
    if magic in (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"):
        shape, step = (">5I", 20) if magic[3] == 0xBE else (">2I2Q2I", 32)  # noqa: PLR2004
        slices = _table(data, shape, 8, step, int.from_bytes(data[4:8], "big"))
        return Extent(_farthest(((each[2], each[3]) for each in slices), len(data), 8))
    order = "<" if magic[0] in (0xCE, 0xCF) else ">"
    wide = b"\xcf" in magic
    kind, count, size = struct.unpack_from(order + "3I", data, 12)
    if kind not in _LINKED:
        return None
    commands = data[: min(len(data), (32 if wide else 28) + size)]
    parts = _load_commands(bytes(commands), order, 32 if wide else 28, count)
    return Extent(_farthest(parts, len(data), len(commands)))


def _load_commands(commands: bytes, order: str, at: int, count: int) -> Iterator[Run]:
    """Yield the parts of the file that the load commands name."""
    for _ in range(min(count, _MOST_ENTRIES)):
        command, size = struct.unpack_from(order + "2I", commands, at)
        if command in _SEGMENTS:
            segment = struct.unpack_from(order + _SEGMENTS[command], commands, at)
            yield segment[5], segment[6]
        elif command == _SYMBOLS:
            _, _, symbols, number, strings, length = struct.unpack_from(order + "6I", commands, at)
            yield symbols, number * 12
            yield strings, length
        elif command in _LINK_DATA:
            start, length = struct.unpack_from(order + "2I", commands, at + 8)
            yield start, length
        if size < 8:  # noqa: PLR2004 - a command that does not even hold its own head
            return
        at += size


_MEASURES: Final[dict[str, Callable[[View], Extent | None]]] = {
    "elf": _elf,
    "pe": _pe,
    "macho": _macho,
}
