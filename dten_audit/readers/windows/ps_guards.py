"""Tells what a PowerShell condition tests: a service, a path, a program, the administrator."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Final

from dten_audit.model.facts.commands import Guard, GuardKind

_SHOWN: Final = 200
_NAME: Final = (
    r"""(?:-(?:name|path|literalpath|servicename)[ :]\s{0,9})?["']?([^\s"'|)(;]{1,200})"""
)


@cache
def _tests() -> tuple[tuple[GuardKind, re.Pattern[str]], ...]:
    return (
        ("root-check", re.compile(r"(?i)isinrole|s-1-5-32-544|s-1-16-12288|builtinrole")),
        ("root-check", re.compile(r"(?i)\b(?:is|test|check|assert)[-_]?\w{0,14}(?:admin|elevat)")),
        ("root-check", re.compile(r"(?i)\$(?:\w{1,12}:)?\w{0,9}(?:admin|elevated)\w{0,9}\b")),
        ("unit-exists", re.compile(rf"(?i)\bget-service\s{{1,9}}{_NAME}")),
        ("unit-exists", re.compile(r"(?i)win32_service\b[^|]{0,80}name\s?=\s?'([^']{1,200})")),
        ("path-exists", re.compile(rf"(?i)\btest-path\s{{1,9}}{_NAME}")),
        ("command-exists", re.compile(rf"(?i)\bget-command\s{{1,9}}{_NAME}")),
    )


_DENIED: Final = re.compile(r"(?i)^(?:!|-not\b)\s*+")
_COMPARED: Final = re.compile(
    r"(?i)^(?:\$null\s+-(eq|ne)\s+(.*)|(.*?)\s+-(eq|ne)\s+(\$null|\$true|\$false|0|1|-1))$",
    re.DOTALL,
)
_VARIABLE: Final = re.compile(r"\$(?:\w+:)?(\w+)(?:\.\w+)?$")
_AND: Final = re.compile(r"(?i)\s-and\s")
_OR: Final = re.compile(r"(?i)\s-or\s")


def guards_of(
    text: str, line: int, source: Callable[[str], str], filled: Callable[[str], str]
) -> tuple[Guard, ...]:
    """Return what a condition tests.

    ``source`` gives the text that a variable was set from, ``filled`` what a word comes to.
    """
    if len(text) > 4 * _SHOWN or _OR.search(text):
        kind = _kind(text)
        if kind == "root-check":
            return (Guard(kind, "root", line, holds=not _DENIED.match(text.strip())),)
        return (Guard("other", " ".join(text[: 4 * _SHOWN].split())[:_SHOWN], line),)
    return tuple(
        guard for part in _AND.split(text) for guard in (_guard(part, line, source, filled),)
    )


_HINTS: Final = ("service", "admin", "role", "elevat", "test-path", "get-command", "s-1-")


def _dull(text: str) -> bool:
    """Say whether a text certainly holds none of the tests that are known."""
    low = text.lower()
    return not any(hint in low for hint in _HINTS)


def _kind(text: str) -> GuardKind:
    if _dull(text):
        return "other"
    return next((kind for kind, test in _tests() if test.search(text)), "other")


def _guard(
    text: str, line: int, source: Callable[[str], str], filled: Callable[[str], str]
) -> Guard:
    inner, holds = _bare(text)
    variable = _VARIABLE.match(inner)
    if variable is not None:
        set_from, other = _bare(source(variable[1].lower())[: 4 * _SHOWN])
        if set_from and _kind(set_from) != "other":
            inner, holds = set_from, holds == other
    for kind, test in () if _dull(inner) else _tests():
        match = test.search(inner)
        if match is not None:
            subject = filled(match[1]) if test.groups else "root"
            return Guard(kind, subject, line, holds=holds)
    return Guard("other", " ".join(text.split())[:_SHOWN], line)


def _bare(text: str) -> tuple[str, bool]:
    """Return a test without its negations, and whether it must hold."""
    text, holds = text.strip(), True
    for _ in range(6):
        denied = _DENIED.match(text)
        if denied is not None:
            text, holds = text[denied.end() :], not holds
        compared = _COMPARED.match(text)
        if compared is not None:
            if compared[1]:
                text, positive = compared[2], compared[1].lower() == "ne"
            else:
                wanted = compared[5].lower() in ("$true", "1")
                text, positive = compared[3], wanted == (compared[4].lower() == "eq")
            holds = holds == positive
        stripped = text.strip()
        if stripped.startswith("(") and stripped.endswith(")") and _one_group(stripped):
            text = stripped[1:-1].strip()
        elif denied is None and compared is None:
            break
    return text.strip(), holds


def _one_group(text: str) -> bool:
    level = 0
    for number, char in enumerate(text):
        level += (char == "(") - (char == ")")
        if not level:
            return number == len(text) - 1
    return False


def denied(guards: tuple[Guard, ...]) -> tuple[Guard, ...]:
    """Return what holds where a test fails; of several tests any one may have failed."""
    if len(guards) != 1:
        return ()
    return (guards[0]._replace(holds=not guards[0].holds),)
