"""The command lines of unit files (``ExecStart=`` and its kin) as text that the shell reader reads.

systemd splits them itself: systemd.service(5), COMMAND LINES. Pipes and redirections are no syntax
there, ``;`` between blanks parts commands, ``$NAME`` and ``%i`` are replaced.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

EXEC_KEYS: Final = frozenset((
    "ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecReload", "ExecStop",
    "ExecStopPre", "ExecStopPost",
))  # fmt: skip
EXEC_SECTIONS: Final = frozenset(("Service", "Socket", "Mount", "Swap"))
_PREFIXES: Final = "@-:+!|"
_NO_SUCH_UNIT: Final = "5"
"""The status with which systemctl says that there is no such unit (LSB: not installed)."""
_LONGEST: Final = 64 * 1024


class ExecLine(NamedTuple):
    """A command line: as shell text; ``privileged``: run with full rights whatever ``User=`` is."""

    text: str
    privileged: bool


@cache
def _pieces() -> re.Pattern[str]:
    """What a word is made of: quoted texts, escapes, everything else up to a blank."""
    return re.compile(
        r"""(?P<blank>[ \t\n]+)|'(?P<single>(?:[^'\\]|\\.)*+)'|"(?P<double>(?:[^"\\]|\\.)*+)\""""
        r"""|(?P<escaped>\\(?:x[0-9A-Fa-f]{2}|.))|(?P<plain>[^ \t\n'"\\]+|['"\\])""",
        re.DOTALL,
    )


@cache
def _escape() -> re.Pattern[str]:
    return re.compile(r"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)


_ESCAPES: Final = {"n": "\n", "t": "\t", "s": " ", "\\": "\\", '"': '"', "'": "'", ";": ";"}


def _unescaped(match: re.Match[str]) -> str:
    """Return what an escape means; those that systemd does not know stay as they are."""
    found = match[1]
    if len(found) > 1:
        return chr(int(found[1:], 16))
    return _ESCAPES.get(found, match[0])


@cache
def _replaced() -> re.Pattern[str]:
    return re.compile(r"\$\$|%%|\$\{\w+\}|\$\w+|%[A-Za-z]")


def exec_line(value: str, succeeds: frozenset[str] = frozenset()) -> ExecLine | None:
    """Return the command line that a value is; None where it is empty, or longer than 64 KiB.

    ``succeeds`` are the words of ``SuccessExitStatus=``: where systemctl's for a missing unit is
    among them, such a failure is none.
    """
    bare = value.lstrip(_PREFIXES)
    prefixes = value[: len(value) - len(bare)]
    words = list(_words(bare)) if len(bare) <= _LONGEST else []
    words = [
        w for w, before in zip(words, [";", *words], strict=False) if w != ";" or before != ";"
    ]
    if words[-1:] == [";"]:
        words.pop()
    if "@" in prefixes:
        del words[1:2]
    if not words:
        return None
    if "|" in prefixes:
        words = ["sh", "-c", shlex.quote(" ".join(words))]
    no_failure = _NO_SUCH_UNIT in succeeds and posixpath.basename(words[0]) == "systemctl"
    ignored = " || true" if "-" in prefixes or no_failure else ""
    return ExecLine(" ".join(words) + ignored, privileged="+" in prefixes)


def _words(value: str) -> Iterator[str]:
    """Yield the words of a command line, quoted as a shell wants them."""
    word: list[str] = []
    quoted = False
    for match in _pieces().finditer(value):
        if match["blank"] is None:
            quoted = quoted or match["plain"] is None
            found = match[match.lastgroup or 0]
            word.append(found if match["plain"] else _escape().sub(_unescaped, found))
        elif word or quoted:
            yield _as_shell("".join(word), separator=not quoted)
            word, quoted = [], False
    if word or quoted:
        yield _as_shell("".join(word), separator=not quoted)


def _as_shell(word: str, *, separator: bool) -> str:
    """Return a word as a shell has to write it: what systemd replaces stays a variable."""
    if word == ";" and separator:
        return ";"
    if any(char in word for char in " \t\n"):
        return shlex.quote(_replaced().sub(_in_text, word))
    parts: list[str] = []
    place = 0
    for match in _replaced().finditer(word):
        if match.start() > place:
            parts.append(shlex.quote(word[place : match.start()]))
        parts.append(_alone(match[0]))
        place = match.end()
    if place < len(word) or not word:
        parts.append(shlex.quote(word[place:]))
    return "".join(parts)


def _in_text(match: re.Match[str]) -> str:
    """In a word that is a text (the code of ``sh -c``), variables are the shell's as well."""
    found = match[0]
    if found in ("$$", "%%"):
        return found[0]
    return f"${{unit_{found[1]}}}" if found[0] == "%" else found


def _alone(found: str) -> str:
    if found in ("$$", "%%"):
        return shlex.quote(found[0])
    return f'"${{unit_{found[1]}}}"' if found[0] == "%" else found
