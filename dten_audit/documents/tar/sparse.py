"""Expands files with holes in tar archives: GNU's old form and its pax forms 0.0, 0.1 and 1.0."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from dten_audit.documents.budget import Budget
from dten_audit.documents.decoders import CHUNK
from dten_audit.documents.errors import BrokenError, OverLimitError
from dten_audit.documents.sink import Sink
from dten_audit.documents.source import Data
from dten_audit.documents.tape import Tape
from dten_audit.documents.tar.header import BLOCK, number

_ENTRY: Final = 24
_FIRST_MAP: Final = slice(386, 482)
_MAP: Final = slice(0, 504)
_DIGITS: Final = 19
_ZEROS: Final = bytes(CHUNK)


class Holes(NamedTuple):
    """Where the written parts of a file lie: offset and length of each, and the file's real size.

    ``flaw`` says why the map cannot be trusted; empty where it can.
    """

    parts: Sequence[tuple[int, int]]
    size: int
    flaw: str = ""


def old_map(tape: Tape, block: bytes, budget: Budget) -> Holes:
    """Return the map in a header of type S and in the blocks behind it (tar(5))."""
    tables = [block[_FIRST_MAP]]
    more = block[482]
    stray = False
    while more:
        block_after = tape.take(BLOCK)
        if len(block_after) < BLOCK:
            raise BrokenError("truncated-archive", "in a sparse file's map")
        _bound(len(tables) * BLOCK, budget)
        tables.append(block_after[_MAP])
        more = block_after[504]
        stray = stray or bool(block_after[505:].strip(b"\0"))
    size = number(block[483:495])
    table = b"".join(tables).rstrip(b"\0")
    table += bytes(-len(table) % _ENTRY)
    numbers = [number(table[at : at + 12]) for at in range(0, len(table), 12)]
    if size is None or None in numbers or stray:
        return Holes((), 0, "not a number")
    return Holes(_pairs([found or 0 for found in numbers]), size)


def pax_map(tape: Tape, records: dict[str, list[str]], budget: Budget) -> Holes:
    """Return the map in pax records, or at the start of the data (GNU tar manual, D.3)."""
    size = _whole(records.get("realsize") or records.get("size") or [])
    if records.get("major") == ["1"]:
        found = _map_before_data(tape, budget)
    elif "map" in records:
        found = records["map"][-1].split(",")
    else:
        starts, lengths = records.get("offset", []), records.get("numbytes", [])
        pairs = zip(starts, lengths, strict=False) if len(starts) == len(lengths) else [("?", "?")]
        found = [text for pair in pairs for text in pair]
    numbers = [_whole([text]) for text in found if text]
    if size is None or None in numbers or len(numbers) % 2:
        return Holes((), 0, "not a number")
    return Holes(_pairs([value or 0 for value in numbers]), size)


def _map_before_data(tape: Tape, budget: Budget) -> list[str]:
    """Read the decimal lines that start a file's data, up to a full block."""
    lines: list[bytes] = [b""]
    wanted = 1
    blocks = 0
    while len(lines) <= wanted:
        block = tape.take(BLOCK)
        blocks += 1
        _bound(blocks * BLOCK, budget)
        if len(block) < BLOCK:
            raise BrokenError("truncated-archive", "in a sparse file's map")
        first, *others = block.split(b"\n")
        lines[-1] += first
        lines += others
        count = _whole([lines[0].decode("latin-1")])
        if count is None or len(lines[-1]) > BLOCK:
            return ["?"]
        wanted = 1 + 2 * count
    if any(line.strip(b"\0") for line in lines[wanted:]):
        return ["?"]
    return [line.decode("latin-1") for line in lines[1:wanted]]


def _bound(size: int, budget: Budget) -> None:
    if size > budget.limits.extended_header:
        raise OverLimitError("limit-header", "a sparse file's map")


def _whole(texts: Sequence[str]) -> int | None:
    text = texts[-1] if texts else ""
    plain = text.isascii() and text.isdigit() and len(text) < _DIGITS
    return int(text) if plain else None


def _pairs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def checked(holes: Holes, stored: int) -> Holes:
    """Return the map with its flaw, if it has one; ``stored`` bytes are in the archive."""
    return holes if holes.flaw else holes._replace(flaw=next(_flaws(holes, stored), ""))


def _flaws(holes: Holes, stored: int) -> Iterator[str]:
    end = written = 0
    for offset, length in holes.parts:
        if offset < end:
            yield f"the part at {offset} starts before the one before it ends, at {end}"
        end = offset + length
        written += length
    if end > holes.size:
        yield f"it goes to {end}, the file only to {holes.size}"
    if written != stored:
        yield f"it names {written} bytes, {stored} are there"


def expand(tape: Tape, holes: Holes, budget: Budget) -> tuple[Data, int]:
    """Return a file's content with its holes as zeros, and how many written bytes are missing.

    Raises ``OverLimitError``, before it takes anything where the size alone is over a limit.
    """
    budget.check_member(holes.size)
    budget.check_ratio(holes.size, max(BLOCK, sum(length for _, length in holes.parts)))
    with Sink(budget, charged=True) as sink:
        for offset, length in (*holes.parts, (holes.size, 0)):
            while sink.size < offset:
                size = min(CHUNK, offset - sink.size)
                budget.charge(size)
                sink.write(_ZEROS[:size])
            left = length
            while left:
                chunk = tape.take(min(CHUNK, left))
                if not chunk:
                    return sink.data(), left
                left -= len(chunk)
                sink.write(chunk)
        return sink.data(), 0
