"""Reads directives in blocks: Apache's ``<Directory /x>`` and nginx's ``server { … }``.

A directive is a key, its arguments the value, the names of the blocks around it the section.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from dten_audit.documents.text import LineIndex
from dten_audit.readers.config.keys import MAX_DEPTH, Broken, Setting
from dten_audit.readers.config.templates import (
    has_templates,
    hide,
    restore,
    without_long_expressions,
)

_LOOK: Final = 400
_COMMENT, _REST = 1, 5
_CONDITIONS: Final = ("ifmodule", "ifversion")


@cache
def _tag() -> re.Pattern[str]:
    return re.compile(r"<(/?)([A-Za-z]\w*)\b[^>\n]*+>?")


@cache
def _token() -> re.Pattern[str]:
    """A comment, a mark, a quoted word, a word, or what is none of these."""
    return re.compile(
        r"\s*+(?:(\#[^\n]*+)|([{};])"
        r"|(\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+')"
        r"|((?:\$\{\w*+\}|[^\s{};\"'])(?:\$\{\w*+\}|[^\s{};])*+)|(.))",
        re.DOTALL,
    )


def language_of(text: str) -> str:
    """Return ``apache``, ``nginx``, or nothing for a text in neither shape."""
    apache = nginx = other = 0
    for line in text[:65536].split("\n")[:_LOOK]:
        rest = line.strip()
        if not rest or rest[0] == "#" or "{{" in rest or rest.startswith("{%"):
            continue
        if rest.startswith(("<?", "<!")):
            return ""
        if _tag().fullmatch(rest):
            apache += 1
        elif rest.partition(" #")[0].rstrip().endswith((";", "{", "}")) and not _value_ends(rest):
            nginx += 1
        else:
            other += 1
    if nginx > other and nginx > apache:
        return "nginx"
    return "apache" if apache > 1 else ""


def _value_ends(line: str) -> bool:
    """Say whether a brace at the end of a line closes ``${NAME}`` and no block."""
    return line.endswith("}") and "${" in line


def scan_apache(text: str) -> Iterator[Setting | Broken]:
    """Yield directives; a backslash at the end of a line continues it."""
    blocks: list[str] = []
    parts: list[str] = []
    start, column = 0, 1
    for number, line in enumerate(without_long_expressions(text).split("\n"), 1):
        rest = line.strip()
        if not parts:
            if not rest or rest[0] == "#":
                continue
            start, column = number, len(line) - len(line.lstrip()) + 1
        if rest.endswith("\\"):
            parts.append(rest[:-1])
            continue
        directive = "".join([*parts, rest])
        parts = []
        tag = _tag().match(directive)
        if tag is not None:
            name = tag[2] if tag[1] else _named(tag[2], directive[tag.end(2) :])
            yield from _block(blocks, name, start, closes=bool(tag[1]))
        else:
            key, _, value = directive.partition(" ")
            if "\t" in key:
                key, _, value = directive.partition("\t")
            yield Setting(start, column, ".".join(blocks), key, value.strip().strip("\"'"))


def _named(name: str, rest: str) -> str:
    """Return a block's name; with its condition where that says which httpd reads it at all."""
    if name.lower() not in _CONDITIONS:
        return name
    return f"{name} {' '.join(rest.strip().removesuffix('>').split())}"


def _block(blocks: list[str], name: str, line: int, *, closes: bool) -> Iterator[Broken]:
    if not closes:
        if len(blocks) < MAX_DEPTH:
            blocks.append(name)
    elif blocks and blocks[-1].partition(" ")[0].lower() == name.lower():
        blocks.pop()
    else:
        yield Broken(line, f"</{name}> closes nothing")


def scan_nginx(text: str, index: LineIndex) -> Iterator[Setting | Broken]:
    """Yield directives that end with a semicolon, those of templates as well."""
    hidden: list[str] = []
    if has_templates(text):
        text, hidden = hide(text)
        index = LineIndex(text)
    for item in _directives(text, index):
        if hidden and isinstance(item, Setting):
            yield item._replace(key=restore(item.key, hidden), value=restore(item.value, hidden))
        else:
            yield item


def _directives(text: str, index: LineIndex) -> Iterator[Setting | Broken]:
    blocks: list[str] = []
    words: list[str] = []
    first = 0
    for match in _token().finditer(text):
        group = match.lastindex or 0
        start = match.start(group)
        mark = match[2]
        if group == _COMMENT:
            continue
        if group == _REST or (mark == "{" and len(blocks) >= MAX_DEPTH):
            reason = "nested too deep" if mark else "a quote does not close"
            yield Broken(index.position(start)[0], reason)
            return
        if mark is None:
            first = first if words else start
            words.append(match[group])
            continue
        if mark == ";" and words:
            value = " ".join(words[1:]).strip("\"'")
            yield Setting(*index.position(first), ".".join(blocks), words[0], value)
        elif mark == "{":
            blocks.append(words[0] if words else "")
        elif mark == "}" and not blocks:
            yield Broken(index.position(start)[0], "} closes nothing")
            return
        elif mark == "}":
            blocks.pop()
        words = []
