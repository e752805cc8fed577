"""Configuration keys that commands set: crudini, sed, yq, postconf, pg_conftool, SQL.

Text that a script writes to a file (``echo key=value >> x.conf``, heredocs) is a document of its
own and needs nothing here. Sources: the manual pages of the programs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Final, NamedTuple

from dten_audit.derive.arguments import elsewhere, split_arguments
from dten_audit.documents.kinds import kind_of
from dten_audit.links.package import Package
from dten_audit.links.resolving import PathIndex, known_part
from dten_audit.model.facts.base import Certainty, Fact
from dten_audit.model.facts.commands import Command, Word
from dten_audit.model.facts.config import ConfigKey
from dten_audit.model.facts.sql import SqlStatement
from dten_audit.readers.config.config import KINDS
from dten_audit.readers.config.ini_keys import value_of
from dten_audit.readers.config.keys import MAX_VALUE
from dten_audit.site.estate import Estate

_LONGEST: Final = 4096


class Change(NamedTuple):
    """A key that a command sets in a file; ``kind`` is the file's format, empty: by its name."""

    file: str
    section: str
    key: str
    value: Word
    kind: str = ""


def derive(package: Package, estate: Estate) -> Iterable[Fact]:  # noqa: ARG001 (the site plays no part)
    """Return the keys that the package's commands and SQL statements set.

    A command that several scripts reach sets its key once.
    """
    seen: set[ConfigKey] = set()
    for command in package.of(Command):
        changes = _SETTERS.get(command.program)
        if changes is None or elsewhere(command):
            continue
        for change in changes(command):
            key = _key(package, package.index, command, change)
            if key not in seen:
                seen.add(key)
                yield key
    for statement in package.of(SqlStatement):
        yield from _sql(statement)


def _key(package: Package, index: PathIndex, command: Command, change: Change) -> ConfigKey:
    path = _path(package, index, command, change.file)
    kind = change.kind or kind_of(path, b"key = value\n")
    certainty: Certainty = "computed" if change.value.certainty == "computed" else "resolved"
    return ConfigKey(
        command.at,
        kind if kind in KINDS else "ini",
        path,
        change.section,
        change.key[:MAX_VALUE],
        change.value.text[:MAX_VALUE],
        certainty,
        command.program,
    )


def _path(package: Package, index: PathIndex, command: Command, file: str) -> str:
    """Return the file's path; where its start is computed, that of the shipped file it means."""
    known, whole = known_part(file)
    near = package.documents.get(command.document)
    if whole or near is None:
        return known
    found = index.find(file, near)
    return found[0].path if len(found) == 1 else known


def _crudini(command: Command) -> Iterator[Change]:
    """``crudini --set FILE SECTION KEY VALUE``; openstack-config is the same program."""
    parts = split_arguments(command.argv[1:], ("--list-sep", "--format"))
    words = parts.operands
    if parts.has("--set") and len(words) > 2:  # noqa: PLR2004 (file, section, key)
        value = words[3] if len(words) > 3 else Word("")  # noqa: PLR2004
        yield Change(words[0].text, words[1].text, words[2].text, value, "ini")


def _iniset(command: Command) -> Iterator[Change]:
    """``iniset FILE SECTION KEY VALUE`` of DevStack."""
    words = command.argv[1:]
    if len(words) > 3:  # noqa: PLR2004
        yield Change(words[0].text, words[1].text, words[2].text, words[3], "ini")


def _postconf(command: Command) -> Iterator[Change]:
    """``postconf -e 'KEY = VALUE' …``; without -e the same."""
    parts = split_arguments(command.argv[1:], ("-c",))
    folder = parts.value("-c") or "/etc/postfix"
    if parts.has("-d", "-n", "-x", "-M", "-P", "-F", "-X", "-#"):
        return
    for word in parts.operands:
        key, equals, value = word.text.partition("=")
        if equals:
            yield Change(
                f"{folder}/main.cf", "", key.strip(), Word(value.strip(), word.certainty), "ini"
            )


def _pg_conftool(command: Command) -> Iterator[Change]:
    """``pg_conftool [VERSION CLUSTER] [FILE] set KEY VALUE``."""
    words = split_arguments(command.argv[1:]).operands
    for number, word in enumerate(words[:-2]):
        if word.text == "set":
            yield Change(
                "postgresql.conf", "", words[number + 1].text, words[number + 2], "properties"
            )
            return


@cache
def _assignment() -> re.Pattern[str]:
    return re.compile(r"\.([A-Za-z_][\w.\[\]-]*+)[ \t]*+=[ \t]*+(\S[^|]*+)")


def _yq(command: Command) -> Iterator[Change]:
    """``yq -i '.a.b = 1' FILE …`` (version 4)."""
    parts = split_arguments(command.argv[1:], ("-o", "-p", "--output-format", "--input-format"))
    words = [word for word in parts.operands if word.text not in ("e", "eval", "ea", "eval-all")]
    if not parts.has("-i", "--inplace") or len(words) < 2:  # noqa: PLR2004
        return
    for part in words[0].text[:_LONGEST].split("|"):
        match = _assignment().fullmatch(part.strip())
        if match:
            value = Word(match[2].strip().strip('"'), words[0].certainty)
            for file in words[1:]:
                yield Change(file.text, "", match[1], value, "yaml")


def _sed(command: Command) -> Iterator[Change]:
    """``sed -i 's/^key=.*/key=value/' FILE …``, and lines that ``a``, ``i``, ``c`` put in."""
    parts = split_arguments(command.argv[1:], ("-e", "-f", "-l", "--expression", "--file"))
    if not any(name in ("-i", "--in-place") for name, _ in parts.options):
        return
    scripts = [value for name, value in parts.options if name in ("-e", "--expression")]
    files = list(parts.operands)
    if not scripts and not parts.has("-f", "--file") and files:
        scripts = [files.pop(0).text]
    for script in scripts:
        for section, line in _sed_lines(script[:_LONGEST]):
            change = _line(section, line)
            if change is not None:
                yield from (change._replace(file=file.text) for file in files)


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
def _written() -> re.Pattern[str]:
    """A line that sets a key, as a replacement writes it."""
    return re.compile(
        r"(?:\\1)?[ \t]*+(?:export[ \t]++)?([A-Za-z_][\w.-]*+)[ \t]*+([=:])[ \t]*+(.*)"
    )


def _line(section: str, line: str) -> Change | None:
    """Read a line that sed writes; what it puts back of the old line is computed."""
    match = _written().fullmatch(line)
    if match is None:
        return None
    value = value_of(match[3])
    computed = "$" in value or "&" in value or re.search(r"\\[1-9]", value) is not None
    return Change("", section, match[1], Word(value, "computed" if computed else "exact"))


_SETTERS: Final[dict[str, Callable[[Command], Iterator[Change]]]] = {
    "crudini": _crudini,
    "openstack-config": _crudini,
    "iniset": _iniset,
    "postconf": _postconf,
    "pg_conftool": _pg_conftool,
    "yq": _yq,
    "sed": _sed,
}


def _sql(statement: SqlStatement) -> Iterator[ConfigKey]:
    """Yield settings of a server: PostgreSQL's ALTER SYSTEM SET, MySQL's SET GLOBAL or PERSIST."""
    for action in statement.actions:
        if action.verb == "set_default_for" and action.constraint == "system":
            path, section, kind = "postgresql.auto.conf", "", "properties"
        elif action.verb == "set" and "global" in action.flags:
            path, section, kind = "my.cnf", "mysqld", "ini"
        else:
            continue
        yield ConfigKey(
            action.at, kind, path, section, action.name, action.value, action.certainty, "sql"
        )
