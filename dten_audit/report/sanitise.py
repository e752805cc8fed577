"""The one place where text from a package is made safe for a sink. What came from it is data."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

_CONTROL: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_MARKUP: Final = re.compile(r"[\\`*_\[\]<>|~&!#@]")
_MAX: Final = 4000


def for_terminal(text: str) -> str:
    """Return ``text`` as one line without anything that a terminal would obey.

    Control characters, line ends, bidirectional and invisible characters, lone surrogates come
    out as their hexadecimal code; a tab is a blank. Longer texts are cut.
    """
    if len(text) > _MAX:
        text = text[: _MAX - 1] + "…"
    return _CONTROL.sub(_escape, text.replace("\t", " "))


def for_terminal_lines(text: str) -> str:
    """Return ``text`` safe for a terminal, its line ends kept."""
    return "\n".join(for_terminal(line) for line in text.split("\n"))


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code <= 0xFF:  # noqa: PLR2004 (one byte)
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 (the plane)


def for_markdown_cell(text: str) -> str:
    """Return ``text`` as the content of a cell of a Markdown table, where it is no markup.

    A backslash takes the meaning from any ASCII punctuation (CommonMark 0.31, 2.4).
    """
    return _MARKUP.sub(r"\\\g<0>", for_terminal(text).strip())


def for_uri(path: str) -> str:
    """Return a path as a relative URI reference: percent-encoded, never a scheme, never empty."""
    path = path.lstrip("/")
    return quote(path.encode("utf-8", "surrogatepass"), safe="/!-._~()+@,") or "unnamed"
