"""PEM (RFC 7468): the armoured blocks of a text, also where they stand inside other files."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_BEGIN: Final = "-----BEGIN "
_END: Final = "-----END "
_RULE: Final = "-----"
_LABEL: Final = 64
_NOT_BASE64: Final = re.compile(r"\\[nrt]|[^A-Za-z0-9+/=]")
_HEADER: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,40}: ?.*")


class Block(NamedTuple):
    """An armoured block. ``data`` is None where the block does not end or is no base64.

    ``offset`` is where it begins in the text, ``end`` where it ends.
    """

    label: str
    headers: tuple[str, ...]
    data: bytes | None
    offset: int
    end: int


def blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a text, in order; linear in its length."""
    begin, end = text.find(_BEGIN), -1
    while begin >= 0:
        start = begin + len(_BEGIN)
        label_end = text.find(_RULE, start, start + _LABEL)
        following = text.find(_BEGIN, start)
        if end < start:
            end = text.find(_END, start)
            end = len(text) if end < 0 else end
        label = text[start:label_end] if label_end > 0 else ""
        if label and "\n" not in label:
            yield _block(text, label, begin, label_end + len(_RULE), end, following)
        begin = following


def _block(text: str, label: str, begin: int, body: int, end: int, following: int) -> Block:
    if end < body or -1 < following < end or not text.startswith(f"{_END}{label}{_RULE}", end):
        stop = following if following >= 0 else len(text)
        return Block(label, (), None, begin, stop)
    headers, content = _headers(text[body:end])
    return Block(label, headers, decode(content), begin, end + len(_END) + len(label) + len(_RULE))


def _headers(body: str) -> tuple[tuple[str, ...], str]:
    """Split off RFC 1421 headers (``Proc-Type: 4,ENCRYPTED``), which end at a blank line."""
    lines = body.split("\n", 20)
    found = []
    for line in lines[1:]:
        if not _HEADER.fullmatch(line.strip()):
            break
        found.append(line.strip())
    if not found:
        return (), body
    return tuple(found), "\n".join(lines[1 + len(found) :])


def decode(content: str) -> bytes | None:
    """Return what base64 stands for, tolerant of line ends, indents, quotes and escapes."""
    kept = _NOT_BASE64.sub("", content)
    kept = kept.partition("=")[0]
    try:
        return base64.b64decode(kept + "=" * (-len(kept) % 4), validate=True) or None
    except binascii.Error:
        return None
