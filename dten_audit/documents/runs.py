"""Takes encoded text out of a script: base64, hexadecimal, escapes, however it is wrapped."""

from __future__ import annotations

import binascii
import re
from functools import cache
from typing import Final, NamedTuple

_LONGEST_PREFIX: Final = 200
_LONG_WORD: Final = 16
_WIDEST: Final = 1000
"""So long may be the lines of a text whose first line is shorter."""
_HEREDOC_REACH: Final = 8192
_LETTERS: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b", b"v": b"\v",
                   b"f": b"\f", b"e": b"\x1b", b"0": b"\0"}  # fmt: skip


class Run(NamedTuple):
    """Encoded text that was taken out: where it starts and ends, and what it decodes to.

    ``content`` is empty where the text does not decode. Where its last piece may as well be a word
    of the script that follows it (``exit``), ``shorter`` is the content without it. ``pieces`` is
    how many were looked at.
    """

    start: int
    end: int
    content: bytes
    shorter: bytes = b""
    pieces: int = 1


@cache
def _digits(encoding: str) -> re.Pattern[bytes]:
    """Return the pattern of a piece without a break."""
    if encoding == "hex":
        return re.compile(rb"[0-9A-Fa-f]++")
    return re.compile(rb"[A-Za-z0-9+/]++(?:={1,2}+)?")


@cache
def _break() -> re.Pattern[bytes]:
    r"""Return the pattern of what may stand between two pieces.

    Blanks, line ends (also as ``\n`` in a string), quotes, continuations, operators that join.
    """
    return re.compile(rb"(?:\\[nrt]|[\s\"'\\^`,.&]|\+(?=[\s\"']))++")


@cache
def _no_piece() -> re.Pattern[bytes]:
    """Return the pattern behind a word that is no piece: it goes on, or is the next entry's key."""
    return re.compile(rb"[_-]|[\"'][ \t]{0,20}:")


@cache
def _escape() -> re.Pattern[bytes]:
    return re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|([0-7]{1,3})|\r?\n|([\s\S]))")


@cache
def _next_string() -> re.Pattern[bytes]:
    """Return the pattern between two literals that are joined, up to the second one's quote."""
    return re.compile(rb"[ \t]*+(?:\\?\r?\n[ \t]*+|\+[ \t]*+)++(?:[bBrR]{0,2})([\"'])")


def take(data: bytes, start: int, encoding: str) -> Run:
    """Return the encoded text that starts at ``start``. Linear in its length."""
    if encoding == "escapes":
        return _escapes(data, start)
    pieces, end = _pieces(data, start, encoding)
    text = b"".join(pieces)
    decode = _unhex if encoding == "hex" else _unbase64
    content = decode(text)
    if not content and len(pieces) > 1:
        return Run(start, start + len(pieces[0]), decode(pieces[0]), pieces=len(pieces))
    is_word = len(pieces) > 1 and len(pieces[-1]) < _LONG_WORD and pieces[-1].isalpha()
    shorter = decode(b"".join(pieces[:-1])) if is_word else b""
    return Run(start, end, content, shorter, len(pieces))


def _unbase64(text: bytes) -> bytes:
    """Decode strictly, but let the padding be left out."""
    bare = text.rstrip(b"=")
    if len(bare) % 4 == 1 or b"=" in bare:
        return b""
    try:
        return binascii.a2b_base64(bare + b"=" * (-len(bare) % 4), strict_mode=True)
    except binascii.Error:
        return b""


def _unhex(text: bytes) -> bytes:
    return binascii.unhexlify(text) if len(text) % 2 == 0 else b""


def _pieces(data: bytes, start: int, encoding: str) -> tuple[list[bytes], int]:
    """Return the pieces of one text and where the last one ends.

    They are equally long, but for the last one and for a first one that shares its line.
    """
    digits, between = _digits(encoding), _break()
    first = digits.match(data, start)
    if first is None:
        return [], start
    pieces, end, width = [first[0]], first.end(), len(first[0])
    frame = _frame(data, start, end)
    while not pieces[-1].endswith(b"=") and (len(pieces[-1]) == width or len(pieces) == 1):
        found = None
        gap = between.match(data, end)
        if gap is not None and gap[0].strip(b" \t"):
            found = digits.match(data, gap.end())
        if found is None and frame is not None:
            found = _framed(data, end, frame, digits)
        if found is None or _ends_heredoc(data, start, found):
            break
        if encoding != "hex" and _no_piece().match(data, found.end()):
            break
        if len(pieces) == 1 and width < len(found[0]) <= _WIDEST:
            width = len(found[0])
        elif len(found[0]) > width:
            break
        if len(found[0]) % 2 and encoding == "hex":
            break
        pieces.append(found[0])
        end = found.end()
    return pieces, end


def _frame(data: bytes, start: int, end: int) -> tuple[bytes, bytes] | None:
    """Return what stands before and behind a piece in its line: ``echo …>>x.b64``."""
    line_start = data.rfind(b"\n", max(0, start - _LONGEST_PREFIX), start) + 1
    line_end = data.find(b"\n", end, end + _LONGEST_PREFIX)
    if line_end < 0 or (line_start == 0 and start > _LONGEST_PREFIX):
        return None
    return data[line_start:start], _plain_end(data[end:line_end])


def _plain_end(text: bytes) -> bytes:
    """Return the end of a line so that the first write to a file looks like those appended."""
    return b">".join(part.strip() for part in text.rstrip(b"\r").replace(b">>", b">").split(b">"))


def _framed(
    data: bytes, end: int, frame: tuple[bytes, bytes], digits: re.Pattern[bytes]
) -> re.Match[bytes] | None:
    """Return the piece in the next line where that line is like the first one around it."""
    prefix, suffix = frame
    line = data.find(b"\n", end, end + _LONGEST_PREFIX) + 1
    if not line or not data.startswith(prefix, line):
        return None
    found = digits.match(data, line + len(prefix))
    if found is None:
        return None
    line_end = data.find(b"\n", found.end(), found.end() + _LONGEST_PREFIX)
    rest = data[found.end() : line_end if line_end >= 0 else found.end() + _LONGEST_PREFIX]
    return found if _plain_end(rest) == suffix else None


def _ends_heredoc(data: bytes, start: int, piece: re.Match[bytes]) -> bool:
    """Tell whether a short word is no piece, but the word that ends the here-document."""
    word = piece[0]
    if len(word) > 40 or not (word[0:1].isalpha() or word[0:1] == b"_"):  # noqa: PLR2004
        return False
    before = data[max(0, start - _HEREDOC_REACH) : start]
    at = before.rfind(b"<<")
    return at >= 0 and word in before[at : at + 80]


def _escapes(data: bytes, start: int) -> Run:
    r"""Take ``\x1f\x8b…`` or ``\037\213…`` up to the end of its string, and of those joined."""
    quote = data[start - 1 : start] if start else b""
    if quote not in (b'"', b"'"):
        end = _unquoted_end(data, start)
        return Run(start, end, _unescaped(data[start:end]))
    parts, at = [], start
    while True:
        end = _closing(data, at, quote[0])
        parts.append(_unescaped(data[at:end]))
        following = _next_string().match(data, end + 1)
        if following is None or following[1] != quote or end >= len(data):
            return Run(start, end, b"".join(parts), pieces=len(parts))
        at = following.end()


def _closing(data: bytes, at: int, quote: int) -> int:
    """Return where a string ends: at its quote, unless a backslash stands before it."""
    pattern = _strings(quote)
    match = pattern.match(data, at)
    return match.end() if match is not None else at


@cache
def _strings(quote: int) -> re.Pattern[bytes]:
    return re.compile(rb"(?:[^\\%c]|\\[\s\S])*+" % quote)


def _unquoted_end(data: bytes, start: int) -> int:
    match = re.compile(rb"(?:\\[\s\S]|[^\s\\\"'`;|&<>()])*+").match(data, start)
    return match.end() if match is not None else start


def _unescaped(text: bytes) -> bytes:
    def one(match: re.Match[bytes]) -> bytes:
        digits, octal, letter = match[1], match[2], match[3]
        if digits is not None:
            return bytes((int(digits, 16),))
        if octal is not None:
            return bytes((int(octal, 8) & 0xFF,))
        return _LETTERS.get(letter, letter) if letter is not None else b""

    return _escape().sub(one, text)
