"""Reads shell scripts that carry an archive behind their last line, as makeself writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dten_audit.documents.decoders import make_decoder
from dten_audit.documents.kinds import kind_of
from dten_audit.documents.source import Data, Item, Member, Source

_SCRIPT: Final = 1 << 20
"""Where the archive must have begun: the script before it is short."""
_TRIAL: Final = 1 << 16
_TRIED: Final = 64
_START: Final = (
    rb"(?<=\n)(?:\x1f\x8b\x08|BZh[1-9]1AY&SY|\xfd7zXZ\0|\x28\xb5\x2f\xfd|PK\x03\x04|"
    rb"[^\n\0]{1,100}\0{1,99}0\d{6}\0)"
)


def members(source: Source) -> Iterator[Item]:
    """Yield the script and the archive behind it."""
    start = payload_of(source.data)
    for path, first, end in (("@script.sh", 0, start), ("@payload", start, len(source.data))):
        if source.wanted(path):
            source.budget.charge(end - first)
            yield Member(path, source.data[first:end], 0o755 if path == "@script.sh" else None)


def payload_of(data: Data) -> int:
    """Return where the archive starts; 0 where there is none. A look-alike is tried first."""
    if data.find(b"\0", 0, _SCRIPT) < 0:
        return 0
    for number, match in enumerate(re.finditer(_START, data[:_SCRIPT])):
        if number == _TRIED:
            break
        head = data[match.start() : match.start() + _TRIAL]
        kind = kind_of("@payload", head)
        if kind in ("zip", "tar") or _decodes(kind, head):
            return match.start()
    return 0


def _decodes(kind: str, head: bytes) -> bool:
    try:
        return bool(make_decoder(kind, 1 << 27).decompress(head, 512))
    except Exception:  # noqa: BLE001 - each library has its own error; all mean no
        return False
