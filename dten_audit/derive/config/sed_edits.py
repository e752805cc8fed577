"""Keys that sed writes into configuration files: substitutions, and lines that it puts in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from dten_audit.derive.arguments import split_arguments
from dten_audit.derive.config.editors import LONGEST, Change
from dten_audit.model.facts.commands import Command, Word
from dten_audit.readers.config.dialects import dialect_of
from dten_audit.readers.config.ini_keys import value_of


def sed(command: Command) -> Iterator[Change]:
    """``sed -i 's/^key=.*/key=value/' FILE …``, and lines that ``a``, ``i``, ``c`` put in."""
    parts = split_arguments(command.argv[1:], ("-e", "-f", "-l", "--expression", "--file"))
    if not any(name in ("-i", "--in-place") for name, _ in parts.options):
        return
    scripts = [value for name, value in parts.options if name in ("-e", "--expression")]
    files = list(parts.operands)
    if not scripts and not parts.has("-f", "--file") and files:
        scripts = [files.pop(0).text]
    for script in scripts:
        for section, line in _sed_lines(script[:LONGEST]):
            for file in files:
                change = _line(section, line, spaced=_is_spaced(file.text))
                if change is not None:
                    yield change._replace(file=file.text)


@cache
def _sed_forms() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """An address that names a section; what puts lines in; the start of a substitution."""
    return (
        re.compile(r"/\^?\\?\[([\w.-]+)\\?\]\$?/"),
        re.compile(r"(?:^|[\s;{$/0-9])[aic](?:\\\n?|[ \t])[ \t]*(\S[^\n]*)"),
        re.compile(r"(?:^|[\s;{/0-9,$])s([^\w\s\\;])"),
    )


def _sed_lines(script: str) -> Iterator[tuple[str, str]]:
    """Yield section (as far as an address names it) and text of each line that a script writes."""
    section_form, added, substitution = _sed_forms()
    section = section_form.search(script)
    name = section[1] if section else ""
    start = substitution.search(script)
    if start is None:
        text = added.search(script)
        if text:
            yield name, text[1].removesuffix("}").rstrip()
        return
    while start is not None:
        parts, end = _delimited(script, start.end(), start[1])
        if len(parts) < 2:  # noqa: PLR2004 (pattern and replacement)
            return
        yield name, parts[1]
        start = substitution.search(script, end)


def _delimited(script: str, start: int, mark: str) -> tuple[list[str], int]:
    """Return pattern and replacement of ``s``, and where they end; a backslash guards the mark."""
    parts: list[str] = []
    current: list[str] = []
    offset = start
    while offset < len(script) and len(parts) < 2:  # noqa: PLR2004
        char = script[offset]
        if char == "\\" and offset + 1 < len(script):
            following = script[offset + 1]
            current.append(following if following == mark else char + following)
            offset += 2
            continue
        if char == mark:
            parts.append("".join(current))
            current = []
        else:
            current.append(char)
        offset += 1
    return parts, offset


@cache
def _spaced_files() -> re.Pattern[str]:
    """Files with a blank between a keyword and its value: OpenSSH, Redis, nginx, httpd."""
    return re.compile(r"(?:^|/)(?:nginx|apache2|httpd)/|(?:^|/)(?:nginx|apache2|httpd)\.conf$")


def _is_spaced(path: str) -> bool:
    return dialect_of(path) in ("ssh", "redis") or _spaced_files().search(path) is not None


@cache
def _written(*, spaced: bool) -> re.Pattern[str]:
    """A line that sets a key, as a replacement writes it."""
    sign = r"[ \t]++()(\S.*?);?" if spaced else r"[ \t]*+([=:])[ \t]*+(.*)"
    return re.compile(rf"(?:\\1)?[ \t]*+(?:export[ \t]++)?([A-Za-z_][\w.-]*+){sign}")


def _line(section: str, line: str, *, spaced: bool) -> Change | None:
    """Read a line that sed writes; what it puts back of the old line is computed."""
    match = _written(spaced=spaced).fullmatch(line)
    if match is None:
        return None
    value = value_of(match[3])
    computed = "$" in value or "&" in value or re.search(r"\\[1-9]", value) is not None
    return Change("", section, match[1], Word(value, "computed" if computed else "exact"))
