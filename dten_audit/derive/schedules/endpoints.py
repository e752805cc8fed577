"""Which other hosts a command calls, by its own options and operands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple, cast

from dten_audit.model.facts.commands import Command
from dten_audit.readers.knowledge import from_tables, knowledge

_SILENT_ABOUT_HOSTS = frozenset(
    "echo printf logger log info warn error die true : test [ grep egrep fgrep sed awk gawk mawk tr"
    " cut sort expr head tail wc".split()
)
_LOCAL = frozenset(("localhost", "ip6-localhost", "0.0.0.0", "::1", "::"))  # noqa: S104 (names)


class Style(NamedTuple):
    """How a program's command line names a host; see ``rules/knowledge/transfer_commands.yaml``."""

    host: str
    options: frozenset[str]
    takes: frozenset[str]


class Calls(NamedTuple):
    """Hosts that a command calls, and whether it calls one whose name is only computed."""

    hosts: tuple[str, ...]
    computed: bool


@from_tables
def _styles() -> dict[str, Style]:
    table = cast("dict[str, dict[str, object]]", knowledge("transfer_commands"))
    return {
        name: Style(
            str(row["host"]),
            frozenset(cast("list[str]", row.get("options", []))),
            frozenset(cast("list[str]", row.get("takes", []))),
        )
        for name, row in table.items()
    }


@cache
def _url() -> re.Pattern[str]:
    return re.compile(r"(?i)\b[a-z][a-z0-9+.-]{1,15}://(?:[^\s/@'\"]{1,200}@)?([^\s/?#'\"]+)")


@cache
def _name() -> re.Pattern[str]:
    return re.compile(r"(?i)[a-z0-9_](?:[a-z0-9_.-]{0,252}[a-z0-9_])?\.?")


@cache
def _address() -> re.Pattern[str]:
    return re.compile(r"\[?([0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})\]?(?::[0-9]+)?")


def calls_of(command: Command, environment: dict[str, str]) -> Calls:
    """Return the hosts that a command calls; ``environment`` resolves what is left of ``$NAME``."""
    named = [layer.target for layer in command.layers if layer.kind == "remote" and layer.target]
    words = [expand(word.text, environment) for word in command.argv[1:]]
    style = _styles().get(command.program)
    if style is not None:
        named += _named(style, words)
    elif command.program not in _SILENT_ABOUT_HOSTS:
        named += [match[1] for word in words for match in _url().finditer(word)]
    hosts = [host_of(name) for name in named]
    computed = any("$" in name or "`" in name for name in named)
    kept = dict.fromkeys(host for host in hosts if host and not is_local(host))
    return Calls(tuple(kept), computed)


def expand(text: str, environment: dict[str, str]) -> str:
    """Replace ``$NAME`` and ``${NAME}`` that ``environment`` knows."""
    if "$" not in text or not environment:
        return text
    return re.sub(
        r"\$(?:\{(\w+)\}|(\w+))",
        lambda match: environment.get(match[1] or match[2], match[0]),
        text,
    )


def _named(style: Style, words: Sequence[str]) -> Iterator[str]:
    """Yield the texts that stand where this program's command line names a host."""
    operands: list[str] = []
    waiting = iter(words)
    for word in waiting:
        option, equals, value = word.partition("=")
        if word in style.options:
            yield next(waiting, "")
        elif equals and option in style.options:
            yield value
        elif word in style.takes:
            next(waiting, "")
        elif word.startswith("-") and len(word) > 1:
            short = word[:2]
            if not word.startswith("--") and short in style.options:
                yield word[2:]
        else:
            operands.append(word)
    yield from _operands(style, operands)


def _operands(style: Style, operands: Sequence[str]) -> Iterator[str]:
    urls = [word for word in operands if "://" in word]
    yield from urls
    if urls:
        return
    if style.host == "first" and operands:
        yield operands[0]
    elif style.host == "url":
        yield from (word for word in operands if word[:2] == "//" or word[0:1] not in ("/", "."))
    elif style.host == "colon":
        yield from (word for word in operands if _is_remote(word))


def _is_remote(word: str) -> bool:
    """A colon before the first slash makes a path remote (rsync(1), scp(1))."""
    host, colon, _ = word.partition(":")
    return bool(colon) and "/" not in host and bool(host)


def host_of(text: str) -> str:
    """Return the host in ``user@host:path``, ``scheme://host:port/…``, ``//host/share``.

    Empty for what is no host's name.
    """
    match = _url().search(text)
    if match is not None:
        text = match[1]
    elif "://" in text:
        return ""  # nothing follows: a variable is empty
    text = text.removeprefix("//").rpartition("@")[2] if "@" in text else text.removeprefix("//")
    address = _address().fullmatch(text.partition("/")[0])
    if address is not None:
        return address[1].lower()
    name = text.partition("/")[0].partition(":")[0]
    return name.rstrip(".").lower() if _name().fullmatch(name) else ""


def is_local(host: str) -> bool:
    """Say whether a name means the machine itself."""
    return host in _LOCAL or host.startswith("127.") or host.isdecimal()
