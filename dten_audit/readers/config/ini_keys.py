"""Reads the INI family: sections, ``key = value``, ``key: value``, ``key value``, bare keys.

Tolerant where programs differ: my.cnf, postgresql.conf, oslo and Python files, Git, desktop files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from dten_audit.readers.config.keys import MAX_VALUE, Broken, Setting

_COMMENT: Final = ("#", ";")
_TEMPLATE: Final = ("{%", "{{", "{#", "<%")
"""A line that starts so is for the template engine."""
_NO_CONTINUATION: Final = (".cnf", "postgresql.conf", "postgresql.auto.conf")
"""Files whose programs read an indented line as any other (MySQL, PostgreSQL manuals)."""
_SPACED_KEY: Final = 5
_LONGEST_KEY: Final = 200


@cache
def _section() -> re.Pattern[str]:
    return re.compile(r"\[([^\]]*+)\][ \t]*+(?:[#;].*)?")


@cache
def _word_first() -> re.Pattern[str]:
    """A key of one word, and the separator after it, which may be no more than a blank."""
    return re.compile(r"([^\s=:]++)[ \t]*+([=:]?)[ \t]*+")


def scan(text: str, name: str = "") -> Iterator[Setting | Broken]:
    """Yield the keys of a text; ``name`` is the file's, for what its program reads differently."""
    lines = text.split("\n")
    sectioned = any(line.lstrip().startswith("[") for line in lines)
    continues = not name.endswith(_NO_CONTINUATION)
    section, pending = "", None
    indent = 0
    for number, line in enumerate(lines, 1):
        rest = line.strip()
        if not rest or rest.startswith((*_COMMENT, *_TEMPLATE)):
            continue
        column = len(line) - len(line.lstrip()) + 1
        if pending is not None and continues and column > indent:
            more = f"{pending.value}\n{rest}" if len(pending.value) < MAX_VALUE else pending.value
            pending = pending._replace(value=more.strip("\n"))
            continue
        if pending is not None:
            yield pending
            pending = None
        header = _section().fullmatch(rest) if rest[0] == "[" else None
        if header is not None:
            section = header[1].strip()
        elif rest[0] == "[":
            yield Broken(number, "a section's name does not end")
        else:
            indent = column
            pending = _setting(rest, number, column, section, sectioned=sectioned)
            if pending is None:
                yield Broken(number, "a line without a key")
    if pending is not None:
        yield pending


def _setting(rest: str, line: int, column: int, section: str, *, sectioned: bool) -> Setting | None:
    """Read one line; None where there is no key before the separator."""
    if rest.startswith("!include"):
        key, _, value = rest.partition(" ")
        return Setting(line, column, section, key, value.strip())
    end = _key_end(rest) if sectioned else -1
    if end < 0:
        word = _word_first().match(rest)
        if word is None:
            return None
        return Setting(line, column, section, word[1], value_of(rest[word.end() :]))
    key = rest[:end].rstrip()
    if not key:
        return None
    return Setting(line, column, section, key, value_of(rest[end + 1 :].lstrip()))


def _key_end(rest: str) -> int:
    """Return where the key ends in a file with sections, whose keys may hold blanks.

    -1 where the first separator belongs to a value (``ServerName host:80``).
    """
    ends = [at for sign in "=:" if (at := rest.find(sign, 0, _LONGEST_KEY)) >= 0]
    if not ends:
        return -1
    end = min(ends)
    key = rest[:end].rstrip()
    plain = not any(mark in key for mark in "\"'/") and len(key.split(" ")) <= _SPACED_KEY
    return end if plain else -1


def value_of(rest: str) -> str:
    """Return a value without its quotes or the comment behind it."""
    if rest[:1] in ("'", '"'):
        quoted = _quoted(rest)
        if quoted is not None:
            return quoted
    for sign in _COMMENT:
        at = _blank_before(rest, sign)
        if at >= 0:
            rest = rest[:at]
    return rest.rstrip()


def _blank_before(rest: str, sign: str) -> int:
    """Return where a comment starts: at ``sign``, at the start or after a blank."""
    if rest.startswith(sign):
        return 0
    return min((at for blank in " \t" if (at := rest.find(blank + sign)) >= 0), default=-1)


def _quoted(rest: str) -> str | None:
    """Return a quoted value if nothing but a comment follows it; a doubled quote is one."""
    quote, at = rest[0], 1
    while True:
        end = rest.find(quote, at)
        if end < 0:
            return None
        if rest[end + 1 : end + 2] != quote:
            break
        at = end + 2
    after = rest[end + 1 :].lstrip()
    if after and not after.startswith(_COMMENT):
        return None
    return rest[1:end].replace(quote * 2, quote)
