"""Undoes BCJ2, 7-Zip's filter for x86 programs: branch targets were taken out into own streams."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from dten_audit.documents.errors import BrokenError, OverLimitError

_CALL, _JUMP, _TWO_BYTES = 0xE8, 0xE9, 0x0F
_HALF: Final = 1 << 10
_TOP: Final = 1 << 24
_CHUNK: Final = 1 << 20


@cache
def _branches() -> re.Pattern[bytes]:
    """Calls, jumps, and conditional jumps of two bytes: the bytes behind which a target stands."""
    return re.compile(rb"[\xe8\xe9]|(?<=\x0f)[\x80-\x8f]")


def unfiltered(streams: list[Iterator[bytes]], size: int, most: int) -> Iterator[bytes]:
    """Yield ``size`` bytes of a program, put together from its four streams.

    They are the program without targets, the targets of calls, those of jumps, and a range-coded
    bit for each branch: whether its target was taken out. The last three are held in memory, at
    most ``most`` bytes each. Raises ``BrokenError`` or ``OverLimitError``.
    """
    main, calls, jumps, bits = streams
    targets = {_CALL: _whole(calls, most), _JUMP: _whole(jumps, most)}
    decisions = _Bits(_whole(bits, most))
    used = {_CALL: 0, _JUMP: 0}
    previous, produced = 0, 0
    for chunk in main:
        out = bytearray()
        at = 0
        while at < len(chunk) and produced + len(out) < size:
            stop = _next_branch(chunk, at, previous)
            if stop < 0:
                out += chunk[at:]
                previous = chunk[-1]
                break
            branch = chunk[stop]
            before = chunk[stop - 1] if stop > at else previous
            out += chunk[at : stop + 1]
            at, previous = stop + 1, branch
            if produced + len(out) >= size or not decisions.next(branch, before):
                continue
            kind = _CALL if branch == _CALL else _JUMP
            target = targets[kind][used[kind] : used[kind] + 4]
            used[kind] += 4
            if len(target) < 4:  # noqa: PLR2004 - an address
                raise BrokenError("truncated-stream", "BCJ2 has fewer targets than branches")
            place = int.from_bytes(target, "big") - (produced + len(out) + 4) & 0xFFFFFFFF
            out += place.to_bytes(4, "little")
            previous = place >> 24
        produced += len(out)
        yield bytes(out)


def _next_branch(chunk: bytes, at: int, previous: int) -> int:
    """Return where the next branch's last byte stands; -1 where there is none."""
    if previous == _TWO_BYTES and chunk[at] & 0xF0 == 0x80:  # noqa: PLR2004
        return at
    found = _branches().search(chunk, at)
    return found.start() if found else -1


def _whole(chunks: Iterator[bytes], most: int) -> bytes:
    parts, size = [], 0
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise OverLimitError("limit-memory", f"BCJ2 needs more than {most} bytes of targets")
        parts.append(chunk)
    return b"".join(parts)


class _Bits:
    """The range decoder of BCJ2: a probability for each byte before a call, one each for jumps."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 5
        self._range = 0xFFFFFFFF
        self._code = int.from_bytes(data[:5], "big") & 0xFFFFFFFF
        self._chances = [_HALF] * 258

    def next(self, branch: int, before: int) -> bool:
        """Tell whether this branch's target was taken out. Raises ``BrokenError``."""
        place = before if branch == _CALL else 256 if branch == _JUMP else 257
        chance = self._chances[place]
        bound = (self._range >> 11) * chance
        taken = self._code >= bound
        if taken:
            self._range -= bound
            self._code -= bound
            self._chances[place] = chance - (chance >> 5)
        else:
            self._range = bound
            self._chances[place] = chance + (2 * _HALF - chance >> 5)
        if self._range < _TOP:
            if self._at >= len(self._data):
                raise BrokenError("truncated-stream", "BCJ2's bits end too soon")
            self._range = self._range << 8 & 0xFFFFFFFF
            self._code = (self._code << 8 | self._data[self._at]) & 0xFFFFFFFF
            self._at += 1
        return taken
