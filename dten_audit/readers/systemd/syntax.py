"""The syntax of unit files, as systemd.syntax(7) states it: sections, keys, continuation lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

# What systemd strips: C's white space. str.strip() would take Unicode's too.
_SPACE: Final = " \t\n\r"
_LINE_LIMIT: Final = 1024 * 1024


class Assignment(NamedTuple):
    """``key=value`` in a section, from ``line`` to ``end_line``."""

    section: str
    key: str
    value: str
    line: int
    end_line: int


class Fault(NamedTuple):
    """A line that systemd ignores or refuses, and why."""

    line: int
    reason: str


class _Logical(NamedTuple):
    text: str
    line: int
    end_line: int


def assignments(text: str) -> Iterator[Assignment | Fault]:
    """Yield the assignments of a unit file in order, and what cannot be read. Linear, total."""
    section = ""
    for text_line, line, end_line in _logical_lines(text):
        content = text_line.strip(_SPACE)
        if not content:
            continue
        if len(content) > _LINE_LIMIT:
            yield Fault(line, "line longer than 1 MiB")
        elif content[0] == "[":
            if content[-1] != "]" or len(content) < len("[x]"):
                yield Fault(line, "section header without its closing bracket")
                section = ""
            else:
                section = content[1:-1]
        elif "=" not in content:
            yield Fault(line, "line without '='")
        elif not section:
            yield Fault(line, "assignment outside of a section")
        else:
            key, _, value = content.partition("=")
            yield Assignment(section, key.strip(_SPACE), value.strip(_SPACE), line, end_line)


def _logical_lines(text: str) -> Iterator[_Logical]:
    """Join continuation lines; comment lines between them are left out, as systemd does."""
    parts: list[str] = []
    start = end = 1
    for number, raw in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        line = raw.lstrip(_SPACE)
        if line[:1] in {"#", ";"}:
            continue
        if not parts:
            start = number
        end = number
        if _continues(line):
            parts.append(line[:-1])
            continue
        if parts:
            parts.append(line)
            yield _Logical(" ".join(parts), start, end)
            parts = []
        elif line:
            yield _Logical(line, number, number)
    if parts:
        yield _Logical(" ".join(parts), start, end)


def _continues(line: str) -> bool:
    """Say whether a line ends in a backslash that is not itself escaped."""
    return line.endswith("\\") and (len(line) - len(line.rstrip("\\"))) % 2 == 1
