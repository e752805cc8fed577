"""Options of commands that are keys: ``mysqld --query-cache-size=0``, ``java -XX:+UseG1GC``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final

from dten_audit.model.facts.commands import Command, Word
from dten_audit.model.facts.config import ConfigKey
from dten_audit.model.location import Location
from dten_audit.readers.config.cli_keys import java_option, takes_next
from dten_audit.readers.config.keys import MAX_VALUE
from dten_audit.site.estate import Estate
from dten_audit.site.matrix import Matrix, shipped_headers, shipped_matrix

_CARRIERS: Final = {
    "postgres": "-c", "postmaster": "-c", "sshd": "-o", "ssh": "-o", "scp": "-o",
    "sftp": "-o", "php": "-d", "php-fpm": "-d",
    "elasticsearch": "-E", "opensearch": "-E", "kafka-server-start.sh": "--override",
    "kafka-server-start": "--override",
}  # fmt: skip
"""Options whose value is KEY=VALUE of the program's configuration (the programs' manuals)."""
_ENDS: Final = frozenset(("java", "javaw"))
"""Programs whose options end at the first operand: what follows belongs to the application."""


class Spoken:
    """What the matrices (the user's and the shipped ones) speak of beside files."""

    def __init__(self, estate: Estate) -> None:
        self._own = estate.matrices

    @cached_property
    def _heads(self) -> tuple[Matrix, ...]:
        return (*self._own, *(head for _, head in shipped_headers()))

    @cached_property
    def programs(self) -> frozenset[str]:
        """Programs whose options are keys."""
        return frozenset(name for head in self._heads for name in head.programs)

    @cached_property
    def variables(self) -> dict[str, str]:
        """Variables that hold options of a program, by name."""
        return {name: head.programs[0] for head in self._heads for name in head.variables}

    @cached_property
    def prefixes(self) -> tuple[str, ...]:
        """How the names of variables start that are keys."""
        return tuple({prefix for head in self._heads if head.env for prefix in head.env.prefixes})

    @cached_property
    def directives(self) -> frozenset[str]:
        """Keys of unit files."""
        shipped = (shipped_matrix(name) for name, head in shipped_headers() if _is_systemd(head))
        every = (*filter(_is_systemd, self._own), *shipped)
        return frozenset(entry.key for matrix in every for entry in matrix.entries)


def _is_systemd(matrix: Matrix) -> bool:
    return matrix.format == "systemd"


def flags(command: Command, spoken: Spoken) -> Iterator[ConfigKey]:
    """Yield the keys that the options of a command, and of what it is run by, set."""
    if command.program in spoken.programs:
        yield from options(command.argv[1:], command.program, command.at)
    for layer in command.layers:
        if layer.tool in spoken.programs:
            yield from options(layer.arguments[1:], layer.tool, command.at)


def options(
    words: Sequence[Word], program: str, at: Location, setter: str = ""
) -> Iterator[ConfigKey]:
    """Yield the keys that words set as options of a program; ``setter`` is what hands them over."""
    carrier = _CARRIERS.get(program, "")
    number = 0
    while number < len(words):
        word, text = words[number], words[number].text
        number += 1
        if not text.startswith("-") or text == "--":
            if program in _ENDS or text == "--":
                return
            continue
        following = words[number] if number < len(words) else Word("")
        if carrier and text == carrier:
            key, _, value = following.text.partition("=")
            number += 1
        elif carrier and text.startswith(carrier) and not text.startswith("--"):
            key, _, value = text.removeprefix(carrier).partition("=")
        elif program in _ENDS:
            key, value = java_option(text, following.text)
            number += takes_next(text)
        else:
            key, value = _option(text, following.text)
        if key:
            yield ConfigKey(
                at, "cli", program, "", key[:MAX_VALUE], value[:MAX_VALUE], word.certainty, setter
            )


def _option(text: str, following: str) -> tuple[str, str]:
    """Return key and value of one option."""
    name, equals, value = text.partition("=")
    if not equals and not following.startswith("-"):
        value = following
    return (name.removeprefix("--") if name.startswith("--") else name), value
