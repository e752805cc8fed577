"""Damages archives and says, without the opener's own bookkeeping, what must be told of it.

Used by the fast tests, by the replay of kept mutants, and by ``benchmarks/fuzz_archives.py``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from dten_audit.documents.budget import Limits
from dten_audit.documents.errors import PackageError

from .listing import listed
from .mutation_seeds import MARK, Seed
from .opening import open_bytes

LIMITS: Final = Limits(
    total=1 << 24, member=1 << 22, memory=1 << 20, ratio_from=1 << 20, entries=5000
)
SLOW: Final = 2.0
"""Seconds of processor time that no mutant may take."""
NEEDLE: Final = 16
"""Inserted bytes that are fewer may be a date or an owner, which no document shows."""


class Damage(NamedTuple):
    """One change: how, where (modulo the length), and with which bytes."""

    how: str
    place: int
    what: bytes = b""


class Seen(NamedTuple):
    """What a user is shown of a package, and whether anything is said to be wrong with it."""

    told: bool
    shown: bytes
    state: tuple[object, ...]


def damaged(data: bytes, damages: Sequence[Damage]) -> bytes:
    """Return ``data`` with all changes, in order."""
    for how, place, what in damages:
        at = place % (len(data) + 1)
        if how == "cut":
            data = data[:at]
        elif how == "splice":
            data = data[:at] + what
        elif how == "write":
            data = data[:at] + what + data[at + len(what) :]
        elif how == "flip":
            bits = bytes(a ^ b for a, b in zip(data[at : at + len(what)], what, strict=False))
            data = data[:at] + bits + data[at + len(bits) :]
        elif how == "insert":
            data = data[:at] + what + data[at:]
        elif how == "remove":
            data = data[:at] + data[at + len(what) :]
        elif how == "repeat":
            data = data[:at] + data[max(0, at - len(what)) :]
        elif how == "sums":
            data = _with_sums(data)
        else:
            raise ValueError(how)
    return data


def _with_sums(data: bytes) -> bytes:
    """Return a tar archive with every header's checksum put right."""
    blocks = [data[at : at + 512] for at in range(0, len(data), 512)]
    for number, block in enumerate(blocks):
        if block[257:262] == b"ustar" and len(block) == 512:
            total = sum(block) - sum(block[148:156]) + 8 * 32
            blocks[number] = block[:148] + b"%06o\0 " % total + block[156:]
    return b"".join(blocks)


def look(data: bytes, folder: Path) -> Seen:
    """Open bytes as a package of no telling name. An error is told."""
    with listed() as listing:
        try:
            opening = open_bytes(data, folder, "package", LIMITS)
        except PackageError as error:
            return Seen(told=True, shown=b"", state=(str(error),))
    paths = [*listing.folders, *listing.links, *listing.links.values()]
    contents = [
        document.data if document.mapped is None else document.mapped[:]
        for document in opening.documents
    ]
    names = "\n".join([*(document.address for document in opening.documents), *paths])
    shown = b"\0".join([*contents, names.encode(), names.encode("latin-1", "replace")])
    modes = [(document.address, document.mode) for document in opening.documents]
    told = bool(opening.issues or opening.gaps)
    return Seen(told, shown, (tuple(contents), tuple(modes), tuple(sorted(paths))))


def verdict(seed: Seed, damages: Sequence[Damage], folder: Path) -> str:
    """Return what is wrong with how the opener takes a mutant; nothing if nothing is."""
    data = damaged(seed.data, damages)
    if data == seed.data:
        return ""
    start = time.process_time()
    try:
        seen = look(data, folder)
    except Exception as error:  # noqa: BLE001 - that none escapes is what is tested
        return f"escaped: {type(error).__name__}: {error}"
    if time.process_time() - start > SLOW:
        return f"took {time.process_time() - start:.1f} s"
    return "" if seen.told else unaccounted(seed, damages, data, seen, folder)


def _shown(needle: bytes, shown: bytes) -> bool:
    """Tell whether bytes are shown: in one piece, or the end of one thing and the start of another.

    So they may be where they lie across a content and the name behind it; blanks and slashes end
    names in ar.
    """
    needle = needle.strip(b" /")
    return any(needle[:at] in shown and needle[at:] in shown for at in range(len(needle)))


def _means_something(seed: Seed, data: bytes, needle: bytes) -> bool:
    """Tell whether bytes became a field of a header that no document shows, and that may be so.

    That is: the name of an owner or group in a tar header whose sum is right, of up to 32 printable
    characters; and the device numbers, owners and dates of cpio, which are hexadecimal digits.
    """
    if seed.name.startswith(("cpio", "rpm")) and not needle.strip(b"0123456789abcdef"):
        return True
    at = data.find(needle)
    block = data[at - at % 512 :][:512]
    return block[257:262] == b"ustar" and at % 512 >= 265 and at % 512 + len(needle) <= 329


def _unpacks_otherwise(seed: Seed, data: bytes, seen: Seen, folder: Path) -> bool:
    """Tell whether damage to packed data without a checksum changed what comes out of them.

    That is what any unpacker gets, and it is what is read: zstd may, and lzma does leave one out.
    """
    unchecked = data.startswith((b"\x28\xb5\x2f\xfd", b"\x5d\0\0"))
    return unchecked and seen.state != look(seed.data, folder).state


def unaccounted(
    seed: Seed, damages: Sequence[Damage], data: bytes, seen: Seen, folder: Path
) -> str:
    """Return which bytes of a mutant of which nothing was told are nowhere to be seen."""
    if data.count(MARK) > seen.shown.count(MARK):
        return "a text that lies there unpacked is not shown"
    for damage in damages:
        needle = damage.what
        telling = damage.how in ("insert", "write") and len(needle) >= NEEDLE
        if not telling or not needle.strip(b"\0") or needle not in data:
            continue
        known = _shown(needle, seen.shown) or _means_something(seed, data, needle)
        if not known and not _unpacks_otherwise(seed, data, seen, folder):
            return f"{damage.how} of {len(needle)} bytes at {damage.place} is not told"
    if len(damages) > 1 or not seed.honest:
        return ""
    (damage,) = damages
    at = damage.place % (len(seed.data) + 1)
    if damage.how == "cut":
        whole = at in seed.ends or not seed.data[at:].strip(b"\0")
        return "" if whole else f"a cut at {at} of {len(seed.data)} is not told"
    if damage.how == "flip" and seed.packed(at, len(damage.what)):
        same = seen.state == look(seed.data, folder).state
        return f"a flip at {at} of {len(seed.data)} changes nothing" if same else ""
    return ""
