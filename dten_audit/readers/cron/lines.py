"""Reads one line of a cron table: an assignment, a job, or what no cron understands.

Source: crontab(5), cron(8) of Debian's cron 3.0pl1-162 and of cronie 1.7; anacrontab(5).
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final, NamedTuple

from dten_audit.readers.cron.daemons import readings
from dten_audit.readers.cron.fields import FIELDS, Field, joined, read_field

WORDS: Final[dict[str, str]] = {
    "@reboot": "",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
"""The time words of crontab(5) and what they stand for."""
_BLANKS: Final = " \t"
_COMPUTED: Final = ("$", "{{", "<%", "`")
_PLAIN_FIELD: Final = frozenset("*0123456789")
"""How a field begins that cannot be the name of a user or a command."""
_USERS_NOT_COMMANDS: Final = frozenset(("root", "www-data", "nobody"))
_COMMANDS_NOT_USERS: Final = frozenset(
    "[ test cd sh bash env php python python3 perl ruby node java find nice ionice curl wget rsync"
    " flock timeout sleep run-parts echo date if for while".split()
)


class Assignment(NamedTuple):
    """``NAME=value``: in force for the jobs below it."""

    name: str
    value: str


class Job(NamedTuple):
    """A line that runs something.

    ``expression`` is the time as written. ``normal`` is how Debian's cron reads it, in a notation
    that all engines share, empty where it never fires; ``refused`` that Debian's cron takes the
    line for an error; ``otherwise`` how a cron with more notation reads it, empty where that is
    the same or not computed. ``user`` is empty where the table has no user field. ``stdin`` is the
    text after the first ``%``. ``column`` is where the command starts in the line (1-based).
    ``computed`` says that a template or a script fills in the times. ``cronie`` and ``busybox`` are
    how these daemons read the times: empty where they never run it, None where they refuse it.
    """

    expression: str
    normal: str
    otherwise: str
    refused: bool
    user: str
    command: str
    stdin: str
    column: int
    traps: tuple[str, ...]
    computed: bool = False
    cronie: str | None = ""
    busybox: str | None = ""


class Fault(NamedTuple):
    """Why Debian's cron refuses a line that sets nothing to run, and whether cronie takes it."""

    reason: str
    cronie: bool = False


class _Times(NamedTuple):
    expression: str
    normal: str
    otherwise: str
    refused: bool
    traps: tuple[str, ...]
    computed: bool = False
    cronie: str | None = ""
    busybox: str | None = ""


@cache
def _blank() -> re.Pattern[str]:
    return re.compile(r"[ \t]+")


@cache
def _template_word() -> re.Pattern[str]:
    """A word and the blanks behind it; what a template or the shell computes is part of one."""
    return re.compile(
        r"((?:\$\(\([^\n]{0,200}?\)\)|\$\([^()\n]{0,200}\)|\$\{[^}\n]{0,200}\}"
        r"|\{\{(?:[^}\n]|\}[^}\n]){0,200}\}\}|<%[^%\n]{0,200}%>|`[^`\n]{0,200}`|[^ \t])++)[ \t]*+"
    )


@cache
def _percent() -> re.Pattern[str]:
    return re.compile(r"(?<!\\)%")


@cache
def _assignment() -> re.Pattern[str]:
    return re.compile(r"(?:\"([^\"=]*)\"|'([^'=]*)'|([^ \t=\"'][^ \t=]*+|))[ \t]*+=[ \t]*+")


@cache
def _unset() -> re.Pattern[str]:
    return re.compile(r"(?:\"[^\"=]*\"|'[^'=]*'|[^ \t=\"'][^ \t=]*+|)[ \t]*+=[ \t]*+")


@cache
def _option() -> re.Pattern[str]:
    """An option of cronie 1.7 before the command: no mail unless it fails."""
    return re.compile(r"-n[ \t]+(?=[^ \t])")


@cache
def _user() -> re.Pattern[str]:
    return re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*+\$?")


@cache
def _sixth() -> re.Pattern[str]:
    day = "(?:sun|mon|tue|wed|thu|fri|sat)"
    return re.compile(rf"(?i:[0-9*?][0-9*?/,#LW-]*|{day}(?:[-,]{day})*)")


def read_line(line: str, *, user_field: bool) -> Assignment | Job | Fault | None:
    """Read a line without its end; None for a comment or a blank line. Linear in its length.

    ``user_field`` says that the table has a user name before the command (/etc/crontab, cron.d).
    """
    body = line.lstrip(_BLANKS)
    if not body or body[0] == "#":
        return None
    if "\0" in body:
        return Fault("a NUL character")
    if "=" in body and not body.startswith("<%"):
        assignment = read_assignment(body)
        if assignment is not None:
            return assignment
        if _unset().fullmatch(body) and _first_word(body)[0] not in WORDS:
            reason = f"the setting {body[:40].strip()} has no value; cronie takes it, Debian's cron"
            return Fault(f"{reason} ignores the whole table", cronie=True)
    times, rest = _at_word(body) if body.startswith(("@", "-@")) else _five_fields(body)
    if isinstance(times, Fault):
        return times
    return _job(times, rest, len(line), user_field=user_field)


def read_assignment(body: str) -> Assignment | None:
    """Read ``NAME=value``, quotes around either taken off; None where the line is none."""
    match = _assignment().match(body)
    if match is None:
        return None
    value = body[match.end() :].rstrip(_BLANKS)
    quote = value[:1]
    if quote in {'"', "'"}:
        if len(value) < len("''") or value.find(quote, 1) != len(value) - 1:
            return None
        value = value[1:-1]
    elif not value:
        return None
    return Assignment(match[1] or match[2] or match[3] or "", value)


def _first_word(text: str) -> tuple[str, str]:
    """Split at the first blanks; the rest is empty where there are none."""
    word, *rest = _blank().split(text, 1)
    return word, rest[0] if rest else ""


def _at_word(body: str) -> tuple[_Times | Fault, str]:
    minus = body[0] == "-"
    word, rest = _first_word(body[1:] if minus else body)
    if word not in WORDS:
        if word[1:].startswith(_COMPUTED) and not minus:
            return _computed_word(body)
        known = " (known only in small letters)" if word.lower() in WORDS else ""
        return Fault(f"unknown time word {word[:40]}{known}"), ""
    plain = WORDS[word]
    times = _Times(word, plain, "", refused=False, traps=(), cronie=plain, busybox=plain)
    return _without_log(times) if minus else times, rest


def _computed_word(body: str) -> tuple[_Times | Fault, str]:
    """Read a line in which something else fills in the time word (``@{{ often }} root …``)."""
    match = _template_word().match(body)
    if match is None:
        return Fault("unknown time word"), ""
    times = _Times(match[1], "", "", refused=False, traps=(), computed=True)
    return times, body[match.end() :]


def _without_log(times: _Times) -> _Times:
    """Return times behind a leading minus, which asks cronie and SUSE's cron not to log."""
    return times._replace(
        expression=f"-{times.expression}",
        otherwise=times.otherwise or times.normal,
        normal="",
        refused=True,
        traps=("leading-minus", *times.traps),
        busybox=None,
    )


def _five_fields(body: str) -> tuple[_Times | Fault, str]:
    minus = body[0] == "-"
    words = _blank().split(body[1:] if minus else body, len(FIELDS))
    if len(words) < len(FIELDS):
        return _one_for_all(body)
    if any(mark in word for word in words[: len(FIELDS)] for mark in _COMPUTED):
        return _computed_fields(body)
    times = _read_times(" ".join(words[: len(FIELDS)]))
    if minus and isinstance(times, _Times):
        times = _without_log(times)
    return times, words[len(FIELDS)] if len(words) > len(FIELDS) else ""


def _computed_fields(body: str) -> tuple[_Times | Fault, str]:
    """Read a line in which something else fills in the times (``$MIN``, ``{{ hour }}``)."""
    fields: list[str] = []
    position = 0
    while len(fields) < len(FIELDS):
        match = _template_word().match(body, position)
        if match is None:
            return Fault("fewer than five time fields"), ""
        if not _may_be_field(match[1], len(fields)):
            return _one_for_all(body)
        fields.append(match[1])
        position = match.end()
    times = _Times(" ".join(fields), "", "", refused=False, traps=(), computed=True)
    return times, body[position:]


def _may_be_field(word: str, position: int) -> bool:
    return any(mark in word for mark in _COMPUTED) or read_field(word, position).readable


def _one_for_all(body: str) -> tuple[_Times | Fault, str]:
    """Read a line whose first word stands for several fields or all (``${times} * * * root x``)."""
    match = _template_word().match(body)
    if match is None or not body.startswith(("${", "{{", "<%")):
        return Fault("fewer than five time fields"), ""
    words, rest = [match[1]], body[match.end() :]
    while rest[:1] in _PLAIN_FIELD and len(words) < len(FIELDS):
        word, behind = _first_word(rest)
        if not read_field(word, len(words)).readable:
            break
        words.append(word)
        rest = behind
    times = _Times(" ".join(words), "", "", refused=False, traps=(), computed=True)
    return times, rest


@lru_cache(maxsize=4096)
def _read_times(expression: str) -> _Times | Fault:
    words = expression.split(" ")
    fields = [read_field(word, position) for position, word in enumerate(words)]
    for position, field in enumerate(fields):
        if not field.readable:
            bad = words[position]
            digits = any(char.isdecimal() and not char.isascii() for char in bad)
            why = ": digits that are not ASCII" if digits else ""
            return Fault(f"bad {FIELDS[position]} {bad[:40]}{why}")
    return _times(expression, fields)


def _times(expression: str, fields: list[Field]) -> _Times:
    normal = joined([field.normal for field in fields])
    traps = [trap for field in fields for trap in field.traps]
    otherwise = ""
    if any(field.otherwise is not None for field in fields):
        parts = [f.normal if f.otherwise is None else f.otherwise for f in fields]
        otherwise = (joined(parts) or "") if all(parts) else ""
    words = expression.split(" ")
    if not words[2].startswith(("*", "?")) and not words[4].startswith(("*", "?")):
        traps.append("both-day-fields")
    elif "*" not in {words[2], words[4]} and "?" not in {words[2], words[4]}:
        traps.append("starred-day-step")
    names = tuple(dict.fromkeys(traps))
    return _Times(
        expression, normal or "", otherwise, normal is None, names, False, *readings(expression)
    )


def _job(times: _Times, rest: str, length: int, *, user_field: bool) -> Job | Fault:
    """Make a job of its times and what follows them: the user field, if any, and the command."""
    first, following = _first_word(rest)
    user, command, traps = "", rest, list(times.traps)
    plain = not times.expression.startswith("@") and not times.computed
    if plain and following and _sixth().fullmatch(first):
        command = following
        traps.append("six-fields")
        times = _with_sixth(times, first, user_field=user_field)
    elif user_field and _computed_user(rest)[0]:
        user, command = _computed_user(rest)
    elif user_field and (not _user().fullmatch(first) or first in _COMMANDS_NOT_USERS):
        if first:
            traps.append("no-user-field")
            fallback = times.otherwise or times.normal
            times = times._replace(normal="", otherwise=fallback, refused=True, cronie="")
    elif user_field:
        user, command = first, following
    elif first in _USERS_NOT_COMMANDS and following.startswith(("/", "[", "cd ", "test ")):
        traps.append("user-in-user-crontab")
    elif not user_field and first.startswith("*"):
        return Fault("the command starts with a star")
    column = length - len(command) + 1
    program, stdin = split_percent(command)
    if not command.strip(_BLANKS):
        traps.append("no-command")
        times = times._replace(cronie=None, busybox=None)
    elif stdin:
        traps.append("percent")
    if (command if user_field else rest).startswith("-"):
        known = _option().match(rest if not user_field else command) is not None
        traps.append("command-option")
        times = times if known else times._replace(cronie=None)
    if command.endswith("\\"):
        traps.append("line-continuation")
    return Job(
        times.expression, times.normal, times.otherwise, times.refused, user,
        program.rstrip(_BLANKS), stdin, column, tuple(traps), times.computed, times.cronie,
        times.busybox,
    )  # fmt: skip


def _computed_user(rest: str) -> tuple[str, str]:
    """Return a user that something else fills in, and the command; no user for a path."""
    match = _template_word().match(rest) if rest.startswith(("$", "{{", "<%")) else None
    if match is None or "/" in match[1]:
        return "", rest
    return match[1], rest[match.end() :]


def _with_sixth(times: _Times, sixth: str, *, user_field: bool) -> _Times:
    """Read six fields as the schedulers do that have seconds: they come first."""
    words = [*times.expression.split(" ")[1:], sixth]
    fields = [read_field(word, position) for position, word in enumerate(words)]
    parts = [f.normal if f.otherwise is None else f.otherwise for f in fields]
    otherwise = (joined(parts) or "") if all(field.readable for field in fields) else ""
    refused = user_field or times.refused or sixth.startswith("*")
    normal = "" if refused else times.normal
    cronie = None if sixth.startswith("*") else "" if user_field else times.cronie
    return times._replace(normal=normal, otherwise=otherwise, refused=refused, cronie=cronie)


def split_percent(command: str) -> tuple[str, str]:
    r"""Split a command at its first bare ``%``: the rest is its standard input.

    Further bare ``%`` are line ends; ``\%`` is a percent sign in both parts.
    """
    if "%" not in command:
        return command, ""
    parts = [part.replace("\\%", "%") for part in _percent().split(command)]
    return parts[0], "\n".join(parts[1:]) + "\n" if len(parts) > 1 else ""
