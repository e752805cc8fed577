"""Reads files of directives, one a line, a keyword and its arguments: sshd_config, redis.conf.

Sources: sshd_config(5) and ssh_config(5) of OpenSSH 9.9; redis.conf of Redis 7.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from dten_audit.readers.config.keys import Broken, Setting

_BLOCKS = ("match", "host")
_BLANKS = " \t\f\r"


@cache
def _keyword() -> re.Pattern[str]:
    """The keyword, and what stands between it and its arguments; OpenSSH takes one ``=``."""
    return re.compile(r"([A-Za-z][\w-]*+)(?:[ \t]*+=[ \t]*+|[ \t]++|$)")


@cache
def _word() -> re.Pattern[str]:
    return re.compile(r"\"((?:[^\"\\]|\\.)*+)\"|'((?:[^'\\]|\\.)*+)'|([^\s\"']\S*+)|(\S)")


def scan_ssh(text: str) -> Iterator[Setting | Broken]:
    """Yield keywords of OpenSSH; what stands below ``Match`` or ``Host`` has it as its section."""
    section = ""
    for number, line in enumerate(text.split("\n"), 1):
        rest = line.strip(_BLANKS)
        if not rest or rest[0] == "#":
            continue
        found = _keyword().match(rest)
        if found is None:
            if not rest.startswith(("{%", "{{", "<%")):
                yield Broken(number, "a line without a keyword")
            continue
        arguments = _without_comment(rest[found.end() :])
        column = len(line) - len(line.lstrip(_BLANKS)) + 1
        if found[1].lower() in _BLOCKS:
            section = "" if arguments.lower() == "all" else f"{found[1]} {arguments}"
            continue
        yield Setting(number, column, section, found[1], arguments.strip('"'))


def _without_comment(arguments: str) -> str:
    """Return arguments without the comment behind them (OpenSSH 8.5 and later)."""
    at = arguments.find(" #")
    while at >= 0 and arguments.count('"', 0, at) % 2:
        at = arguments.find(" #", at + 1)
    return (arguments if at < 0 else arguments[:at]).rstrip()


def scan_redis(text: str) -> Iterator[Setting | Broken]:
    """Yield directives of Redis: words, quoted where they must be; ``sentinel`` names its own."""
    for number, line in enumerate(text.split("\n"), 1):
        rest = line.strip(_BLANKS)
        if not rest or rest[0] == "#" or rest.startswith(("{%", "{#")):
            continue
        words = []
        for match in _word().finditer(rest):
            if match[4] is not None:
                yield Broken(number, "a quote does not close")
                break
            words.append(next(part for part in match.groups() if part is not None))
        else:
            column = len(line) - len(line.lstrip(_BLANKS)) + 1
            size = 2 if words[0].lower() == "sentinel" and len(words) > 1 else 1
            key = " ".join(words[:size]).lower()
            yield Setting(number, column, "", key, " ".join(words[size:]))
