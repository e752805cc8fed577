"""Reads files of options of the Java virtual machine: ``jvm.options``, ``*.vmoptions``.

Sources: Elasticsearch, "Set JVM options": one option a line, ``#`` comments, before a colon the
versions of Java that the line is for (``8:``, ``8-13:``, ``14-:``); Cassandra's ``jvm11-*.options``
are for one release of Java and later; Maven's ``jvm.config`` holds many options on a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from dten_audit.readers.config.keys import Setting

_SWITCH: Final = "-XX:"
_TAKES: Final = frozenset(
    "-cp -classpath --class-path -p --module-path --upgrade-module-path --add-modules"
    " --add-exports --add-opens --add-reads --limit-modules --patch-module".split()
)


@cache
def _versions() -> re.Pattern[str]:
    return re.compile(r"(?P<range>[0-9]{1,3}(?:-[0-9]{0,3})?):(?=-)")


def scan(text: str) -> Iterator[Setting]:
    """Yield the options; the section of each is the range of Java's versions it counts for."""
    for number, line in enumerate(text.split("\n"), 1):
        rest = line.strip()
        found = _versions().match(rest)
        start = found.end() if found else 0
        column = len(line) - len(line.lstrip()) + 1
        if not rest.startswith("-", start):
            continue
        words = rest[start:].split()
        for at, word in enumerate(words):
            if word.startswith("#"):
                break
            if word.startswith("-"):
                following = words[at + 1] if at + 1 < len(words) else ""
                key, value = java_option(word, following)
                yield Setting(number, column, found["range"] if found else "", key, value)


def java_option(text: str, following: str = "") -> tuple[str, str]:
    """Return key and value of an option; a switch is on (``+``) or off (``-``)."""
    if text.startswith(_SWITCH):
        rest = text.removeprefix(_SWITCH)
        if rest[:1] in ("+", "-"):
            return _SWITCH + rest[1:], rest[0]
    name, equals, value = text.partition("=")
    if not equals and (takes_next(text) or text == "-jar"):
        value = following
    return name.removeprefix("--") if name.startswith("--") else name, value


def takes_next(text: str) -> bool:
    """Say whether an option of the launcher takes the next word as its value (java(1))."""
    return text in _TAKES
