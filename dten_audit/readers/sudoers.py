"""Reads sudoers files and drop-ins as sudoers(5) of sudo 1.9 states their grammar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Final, NamedTuple

from dten_audit.documents.document import Document
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.privilege import (
    SudoersCommand,
    SudoersDefault,
    SudoersInclude,
    SudoersRule,
)
from dten_audit.readers.cron.crontab import carriage_returns

_ALIASES: Final = ("User_Alias", "Runas_Alias", "Host_Alias", "Cmnd_Alias", "Cmd_Alias")
_TAGS: Final = frozenset((
    "EXEC", "NOEXEC", "FOLLOW", "NOFOLLOW", "INTERCEPT", "NOINTERCEPT", "LOG_INPUT", "NOLOG_INPUT",
    "LOG_OUTPUT", "NOLOG_OUTPUT", "MAIL", "NOMAIL", "PASSWD", "NOPASSWD", "SETENV", "NOSETENV",
))  # fmt: skip
_OPTIONS: Final = (
    "ROLE", "TYPE", "PRIVS", "LIMITPRIVS", "APPARMOR_PROFILE", "NOTBEFORE", "NOTAFTER", "TIMEOUT",
    "CWD", "CHROOT",
)  # fmt: skip
_CARRIAGE_RETURN: Final = (
    "behind the command stands a carriage return, which sudo 1.9 takes for a syntax error"
)
_MAX_EXPANDED: Final = 2000
MAX_NAMES: Final = 20_000
"""So many names of users, hosts and commands are read of one file, aliases expanded."""
MAX_STATED: Final = 5_000
"""So many rules and settings are read of one file; nobody writes as many by hand."""
_MAX_DEPTH: Final = 8
_MAX_TAGS: Final = 32


class _Line(NamedTuple):
    text: str
    number: int
    end: int


class _Aliases:
    """The aliases of a file: lists by kind and name. ``room`` is left for names."""

    def __init__(self) -> None:
        self.room = MAX_NAMES
        self._lists: dict[tuple[str, str], tuple[str, ...]] = {}

    def add(self, kind: str, text: str) -> bool:
        """Read ``NAME = a, b : NAME = c``; False where it is none."""
        for part in _split(text, ":"):
            name, equals, members = part.partition("=")
            if not equals or not name.strip():
                return False
            kind = "Cmnd_Alias" if kind == "Cmd_Alias" else kind
            self._lists[kind, name.strip()] = tuple(_split(members, ","))
        return True

    def expand(self, kind: str, names: tuple[str, ...], depth: int = 0) -> tuple[str, ...]:
        """Return a list with the aliases in it replaced by their members."""
        found: list[str] = []
        for name in names:
            members = self._lists.get((kind, name.removeprefix("!")))
            if self.room < 0:
                break
            if members is None or depth >= _MAX_DEPTH:
                self.room -= 1
                found.append(name)
            else:
                sign = "!" if name.startswith("!") else ""
                found += [sign + member for member in self.expand(kind, members, depth + 1)]
            if len(found) > _MAX_EXPANDED:
                break
        return tuple(found[:_MAX_EXPANDED])


Stated = SudoersRule | SudoersDefault | SudoersInclude | Unreadable


def read(document: Document) -> Iterator[Stated]:
    """State each user specification, setting and include, and each line that is none."""
    aliases = _Aliases()
    stated = _lines(document, aliases)
    yield from islice(stated, MAX_STATED)
    if next(stated, None) is not None:
        reason = f"more than {MAX_STATED} rules and settings; the rest is not read"
        yield Unreadable(document.location(1), "sudoers", reason)
    if aliases.room < 0:
        reason = f"more than {MAX_NAMES} users, hosts and commands; the rest is not read"
        yield Unreadable(document.location(1), "sudoers", reason)


def _lines(document: Document, aliases: _Aliases) -> Iterator[Stated]:
    lines = list(_logical_lines(document.text))
    returns = carriage_returns(document.data)
    rest: list[_Line] = []
    for line in lines:
        word, _, text = line.text.partition(" ")
        if word not in _ALIASES:
            rest.append(line)
        elif not aliases.add(word, text):
            yield Unreadable(document.location(line.number), "sudoers", "not an alias")
    for line in rest:
        if aliases.room < 0:
            return
        if line.text.startswith(("@include", "#include")):
            word, _, target = line.text.partition(" ")
            at = document.location(line.number)
            target = target.strip('"').replace("\\ ", " ")
            folder = word.endswith("includedir")
            yield SudoersInclude(at, document.id, document.path, target, folder)
            continue
        if line.text.startswith("Defaults"):
            yield from _defaults(document, line)
            continue
        rules = _user_specification(document, line, aliases)
        if not rules:
            yield Unreadable(document.location(line.number), "sudoers", "not a sudoers line")
        yield from rules
        if rules and line.end in returns and _ends_in_a_path(line, rules[-1]):
            yield Unreadable(document.location(line.end), "sudoers", _CARRIAGE_RETURN)


def _ends_in_a_path(line: _Line, rule: SudoersRule) -> bool:
    command = rule.commands[-1].command
    return command.startswith("/") and line.text.endswith(command)


def _logical_lines(text: str) -> Iterator[_Line]:
    """Join continuation lines and strip comments; white space becomes single blanks."""
    parts: list[str] = []
    start = 1
    for number, raw in enumerate(text.split("\n"), start=1):
        if not parts:
            start = number
        if raw.endswith("\\") and not raw.endswith("\\\\"):
            parts.append(raw[:-1])
            continue
        parts.append(raw)
        line = " ".join(_without_comment(" ".join(parts)).split())
        parts = []
        if line:
            yield _Line(line, start, number)
    if parts:
        line = " ".join(_without_comment(" ".join(parts)).split())
        if line:
            yield _Line(line, start, start + len(parts) - 1)


def _without_comment(line: str) -> str:
    """Cut a comment: ``#`` outside of quotes, unless it starts a user id or ``#include``."""
    if line.lstrip().startswith(("#include ", "#includedir ")):
        return line
    for position, char in _outside_quotes(line):
        if char == "#" and not line[position + 1 : position + 2].isdigit():
            return line[:position]
    return line


def _outside_quotes(text: str) -> Iterator[tuple[int, str]]:
    """Yield the characters that are neither quoted nor escaped, with their places."""
    quoted = False
    position, end = 0, len(text)
    while position < end:
        char = text[position]
        if char == "\\":
            position += 2
            continue
        if char == '"':
            quoted = not quoted
        elif not quoted:
            yield position, char
        position += 1


def _split(text: str, separator: str) -> list[str]:
    """Split at a separator outside of quotes and parentheses; blank parts are left out."""
    parts: list[str] = []
    start = depth = 0
    for position, char in _outside_quotes(text):
        if char == "(":
            depth += 1
        elif char == ")":
            depth = max(0, depth - 1)
        elif char == separator and not depth:
            parts.append(text[start:position])
            start = position + 1
    parts.append(text[start:])
    return [stripped for part in parts if (stripped := part.strip())]


def _defaults(document: Document, line: _Line) -> Iterator[SudoersDefault | Unreadable]:
    head, _, text = line.text.partition(" ")
    scope = head.removeprefix("Defaults")
    if (scope and scope[0] not in "@:!>") or not text:
        yield Unreadable(document.location(line.number), "sudoers", "not a Defaults line")
        return
    for part in _split(text, ","):
        name, equals, value = part.partition("=")
        yield SudoersDefault(
            document.location(line.number),
            document.id,
            document.path,
            name.strip().lstrip("!").rstrip("+- "),
            value.strip().strip('"') if equals else "",
            negated=name.startswith("!"),
            scope=scope,
        )


@cache
def _list_blank() -> re.Pattern[str]:
    return re.compile(r" ?, ?")


def _user_specification(document: Document, line: _Line, aliases: _Aliases) -> list[SudoersRule]:
    """Return the rules of ``users hosts = commands : hosts = commands``; none if it is not one."""
    first = next((place for place, char in _outside_quotes(line.text) if char == "="), -1)
    if first < 0:
        return []
    subjects = _list_blank().sub(",", line.text[:first].strip())
    who, blank, hosts = subjects.rpartition(" ")
    if not blank or not who or (" " in who.replace("\\ ", "") and '"' not in who):
        return []
    users = aliases.expand("User_Alias", tuple(_split(who, ",")))
    rules: list[SudoersRule] = []
    place = document.location(line.number, None, line.end if line.end > line.number else None)
    for host_list, text in _host_parts(hosts, line.text[first + 1 :]):
        commands = tuple(_commands(text, aliases))
        if not commands:
            return []
        known = aliases.expand("Host_Alias", tuple(_split(host_list, ",")))
        rules.append(SudoersRule(place, document.id, document.path, users, known, commands))
    return rules


def _host_parts(hosts: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield hosts and their commands: after a colon that ends no tag, other hosts follow."""
    start = depth = word = 0
    last_equals = text.rfind("=")
    for position, char in _outside_quotes(text):
        if position < start:
            continue
        if char in "()":
            depth = max(0, depth + (1 if char == "(" else -1))
        tag = char == ":" and text[word:position].strip() in _TAGS
        if char == ":" and not tag and not depth and position < last_equals:
            equals = text.index("=", position)
            yield hosts, text[start:position]
            hosts, start = text[position + 1 : equals].strip(), equals + 1
        if char in ",:) ":
            word = position + 1
    yield hosts, text[start:]


def _commands(text: str, aliases: _Aliases) -> Iterator[SudoersCommand]:
    """Yield the commands of a list; who they run as and their tags hold on to the next ones."""
    runas, nopasswd, setenv = "root", False, False
    for part in _split(text, ","):
        item = part
        if item.startswith("("):
            inside, _, item = item[1:].partition(")")
            users = tuple(_split(inside.partition(":")[0], ",")) or ("root",)
            runas = ",".join(aliases.expand("Runas_Alias", users))
        item, tags = _tags(item.strip())
        for tag in tags:
            if tag.endswith("PASSWD"):
                nopasswd = tag == "NOPASSWD"
            elif tag.endswith("SETENV"):
                setenv = tag == "SETENV"
        for command in aliases.expand("Cmnd_Alias", (item,)) if item else ():
            yield SudoersCommand(command, runas, nopasswd, setenv)


def _tags(item: str) -> tuple[str, list[str]]:
    """Return a command without its options and tags, and the tags."""
    tags: list[str] = []
    for _ in range(_MAX_TAGS):
        name, colon, rest = item.partition(":")
        if colon and name.strip() in _TAGS:
            tags.append(name.strip())
            item = rest.strip()
            continue
        option, equals, value = item.partition("=")
        if equals and option.strip() in _OPTIONS:
            item = value.strip().partition(" ")[2]
            continue
        break
    return item, tags
