"""Reads shell archives: scripts that hold files as encoded or marked text (shar, uuencode)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from dten_audit.documents.source import Data, Item, Member, Source, path_text

_LARGEST: Final = 64 << 20
"""A script that is larger is not searched: it is read as a script only."""
_MOST: Final = 10_000
_MOST_ENDLESS: Final = 64
"""Each search for an end that is not there reads to the end of the script."""
_MARKS: Final = (b"begin ", b"begin-base64 ", b"s/^X//", b"s/X//")


class Part(NamedTuple):
    """A file in a script: its path and mode, and where its text lies there, line ends included."""

    path: str
    mode: int | None
    start: int
    end: int
    encoding: str


def holds_parts(data: Data) -> bool:
    """Tell whether a shell script holds files as uuencode or shar write them."""
    if len(data) > _LARGEST or not any(data.find(mark) >= 0 for mark in _MARKS):
        return False
    return next(_files(data[:]), None) is not None


def members(source: Source) -> Iterator[Item]:
    """Yield the script, with an empty line for each that became a file's, and the files."""
    files = list(_files(source.data[:]))
    script = bytearray(source.data)
    for part, _ in reversed(files):
        script[part.start : part.end] = b"\n" * script.count(b"\n", part.start, part.end)
    if source.wanted("@script.sh"):
        source.budget.charge(len(script))
        yield Member("@script.sh", bytes(script), 0o755)
    for part, content in files:
        if source.wanted(part.path):
            source.budget.charge(len(content))
            yield Member(part.path, content, part.mode)


def _files(data: bytes) -> Iterator[tuple[Part, bytes]]:
    """Yield the files whose text decodes; what does not decode stays a part of the script."""
    for part in _parts(data):
        text = data[part.start : part.end]
        content = _CONTENT[part.encoding](text) if text.strip() else None
        if content:
            yield part, content


@cache
def _starts() -> re.Pattern[bytes]:
    return re.compile(
        rb"(?m)^(?:begin(?P<base64>-base64)? (?P<mode>[0-7]{3,4}) (?P<path>[^\r\n]{1,1024})"
        rb"|[^\r\n]{0,200}\bsed [^\r\n]{0,40}s/\^?X//[^\r\n]{0,200})\r?\n"
    )


@cache
def _heredoc() -> re.Pattern[bytes]:
    return re.compile(rb"<<-?[ \t]*(['\"\\]?)([A-Za-z_][\w.-]{0,80})")


@cache
def _target() -> re.Pattern[bytes]:
    return re.compile(
        rb"(?<![<>&\d])>[ \t]*"
        rb"(?:'([^'\r\n]{1,1024})'|\"([^\"$`\r\n]{1,1024})\"|([^\s;&|<>'\"$`]{1,1024}))"
    )


def _parts(data: bytes) -> Iterator[Part]:
    """Yield the files in a script, in order."""
    at, endless = 0, 0
    for _ in range(_MOST):
        match = _starts().search(data, at)
        if match is None or endless == _MOST_ENDLESS:
            return
        at = match.end()
        part = _uuencoded(data, match) if match["path"] else _marked(data, match)
        if part is None:
            endless += 1
        else:
            yield part
            at = part.end


def _uuencoded(data: bytes, match: re.Match[bytes]) -> Part | None:
    """Return a file between ``begin`` and its end mark (POSIX uuencode)."""
    mark = b"\n====" if match["base64"] else b"\nend"
    end = data.find(mark, match.end() - 1)
    if end < 0:
        return None
    encoding = "base64" if match["base64"] else "uuencode"
    return Part(
        path_text(match["path"].strip()), int(match["mode"], 8), match.end(), end + 1, encoding
    )


def _marked(data: bytes, match: re.Match[bytes]) -> Part | None:
    """Return a file in a here-document whose lines start with an X that sed(1) takes off."""
    line = match[0]
    mark, target = _heredoc().search(line), _target().search(line)
    if mark is None or target is None:
        return None
    end = data.find(b"\n" + mark[2] + b"\n", match.end() - 1)
    if end < 0:
        return None
    path = next(group for group in target.groups() if group)
    return Part(path_text(path), None, match.end(), end + 1, "marked")


def _uu_content(text: bytes) -> bytes | None:
    """Decode uuencoded lines; None where a line is not exactly what an encoder writes."""
    lines = []
    for line in text.splitlines():
        try:
            content = binascii.a2b_uu(line)
        except (binascii.Error, ValueError):
            return None
        plain = line.replace(b"`", b" ").rstrip(b" ")
        if binascii.b2a_uu(content).rstrip(b" \n") != plain:
            return None
        lines.append(content)
    return b"".join(lines)


def _base64_content(text: bytes) -> bytes | None:
    """Decode base64; None where anything else stands between."""
    try:
        return binascii.a2b_base64(text.translate(None, b"\r\n"), strict_mode=True)
    except binascii.Error:
        return None


def _marked_content(text: bytes) -> bytes:
    """Take the X off each line."""
    return b"".join(line.removeprefix(b"X") for line in text.splitlines(keepends=True))


_CONTENT: Final = {
    "uuencode": _uu_content,
    "base64": _base64_content,
    "marked": _marked_content,
}
