"""Reads scripts that carry archives behind their last line: makeself, installers, and kin."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from dten_audit.documents.budget import Budget
from dten_audit.documents.decoders import CHUNK
from dten_audit.documents.kinds import CONTAINERS, SAMPLE, dense_in_controls, kind_of
from dten_audit.documents.payloads import cut, first_archive, parts, unread
from dten_audit.documents.sink import Sink
from dten_audit.documents.source import Data, Item, Member, Source
from dten_audit.documents.text import encoding_of

SCRIPTS: Final[dict[str, str]] = {
    "shell": ".sh", "python": ".py", "perl": ".pl", "ruby": ".rb", "php": ".php",
    "javascript": ".js", "batch": ".bat", "powershell": ".ps1", "text": "",
}  # fmt: skip
"""Languages in which such scripts are written, and the endings of their names."""
_SMALLEST: Final = 64
_SMALLEST_ENCODED: Final = 512
_SHORT_LINE: Final = 32
_BASE64: Final = bytes(range(48, 58)) + bytes(range(65, 91)) + bytes(range(97, 123)) + b"+/=\r\n"
_EXECUTABLE: Final = 0o755


def members(source: Source) -> Iterator[Item]:
    """Yield the script, and each archive behind it."""
    data, budget = source.data, source.budget
    start = payload_of(data)
    encoded = 0 if start else encoded_payload_of(data)
    script = "@script" + SCRIPTS.get(kind_of(source.name, data[:SAMPLE]), "")
    if source.wanted(script):
        yield Member(script, cut(data, 0, start or encoded, budget), _EXECUTABLE)
    if encoded:
        if source.wanted("@payload"):
            yield Member("@payload", _decoded(data, encoded, budget))
        return
    for number, (first, end) in enumerate(_payloads(data, start, budget), 1):
        path = "@payload" if number == 1 else f"@payload{number}"
        if source.wanted(path):
            yield Member(path, cut(data, first, end, budget))
            yield from unread(data, first, end, path, "payload")


def carries_payload(data: Data, kind: str, nul: int) -> bool:
    """Tell whether a script of this kind has something else behind it.

    ``nul`` is where its first NUL stands, -1 without one.
    """
    if kind == "text" and data[:2] != b"#!":
        return False
    binary = nul >= 0 or not (isinstance(data, bytes) and (
        (kind == "python" and _refuses_bytes(data)) or _is_utf8(data)
    ))  # fmt: skip
    return bool((binary and payload_of(data)) or encoded_payload_of(data))


def payload_of(data: Data) -> int:
    """Return where the first archive behind a script starts, or other bytes that are no text.

    0 where there are none.
    """
    if encoding_of(data[:SAMPLE]).startswith(("utf-16", "utf-32")):
        return 0
    end = len(data)
    nul = data.find(b"\0")
    text_end = data.rfind(b"\n", 0, nul) + 1 if nul > 0 else 0
    at, kind = first_archive(data, 1, end)
    binary = bool(text_end) and dense_in_controls(data[text_end : min(at, text_end + SAMPLE)])
    if binary and min(at, end) - text_end >= _SMALLEST:
        return text_end
    return at if kind else 0


_TWO_LINES: Final = 200
"""Most programs have so many bytes in their first two lines, and some more."""


def _refuses_bytes(program: bytes) -> bool:
    """Tell whether Python takes a program for UTF-8, and so does not start it with other bytes.

    Another encoding would be declared in the first two lines (Python reference, 2.1.4; PEP 263).
    """
    if program.count(b"\n", 0, _TWO_LINES) > 1 and program.find(b"coding", 0, _TWO_LINES) < 0:
        return True
    end = program.find(b"\n", program.find(b"\n") + 1)
    return _other_encoding().search(program, 0, end if end >= 0 else len(program)) is None


@cache
def _other_encoding() -> re.Pattern[bytes]:
    return re.compile(rb"coding(?![:=][ \t]*utf-?8(?![-\w.]))")


def _is_utf8(data: bytes) -> bool:
    """Tell whether bytes are text: no archive without a NUL is valid UTF-8."""
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _payloads(data: Data, start: int, budget: Budget) -> list[tuple[int, int]]:
    """Return the archives behind a script, and what stands before the first of them."""
    end = len(data)
    at, kind = first_archive(data, start, end)
    if not kind:
        return [(start, end)]
    before = [(start, at)] if at > start else []
    return before + parts(data, at, end, budget)


def encoded_payload_of(data: Data) -> int:
    """Return where a script's last lines begin to be an archive in base64; 0 where they are none.

    The text of a here-document is a part of the script and no payload.
    """
    if data[-_SMALLEST_ENCODED:].rstrip(_BASE64):
        return 0
    at = len(data)
    while at:
        low = max(0, at - CHUNK)
        kept = len(data[low:at].rstrip(_BASE64))
        at = low + kept
        if kept:
            break
    start = data.find(b"\n", at) + 1
    while start and data.find(b"\n", start, start + _SHORT_LINE) >= 0:
        start = data.find(b"\n", start) + 1
    if not start or len(data) - start < _SMALLEST_ENCODED:
        return 0
    if b"<<" in data[data.rfind(b"\n", 0, start - 1) + 1 : start]:
        return 0
    if data.find(b"=", start, len(data) - 4) >= 0:
        return 0
    head = _bytes_of(data[start : start + 2 * SAMPLE].translate(None, b"\r\n"))
    kind = kind_of("@payload", head)
    return start if kind in CONTAINERS or kind in ("elf", "pe", "macho") else 0


def _decoded(data: Data, start: int, budget: Budget) -> Data:
    """Decode base64. Raises ``OverLimitError``."""
    rest = b""
    with Sink(budget) as sink:
        for at in range(start, len(data), CHUNK):
            text = rest + data[at : at + CHUNK].translate(None, b"\r\n")
            whole = len(text) // 4 * 4
            sink.write(_bytes_of(text[:whole]))
            rest = text[whole:]
        return sink.data()


def _bytes_of(text: bytes) -> bytes:
    try:
        return binascii.a2b_base64(text[: len(text) // 4 * 4])
    except binascii.Error:
        return b""
