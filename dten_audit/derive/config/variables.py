"""Environment variables that set keys: exported by scripts, set in units, handed to containers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from dten_audit.derive.arguments import split_arguments
from dten_audit.derive.config.conditions import Condition, condition_of
from dten_audit.derive.config.flags import Spoken, options
from dten_audit.links.package import Package
from dten_audit.model.facts.commands import Command, Word
from dten_audit.model.facts.config import ConfigKey
from dten_audit.model.facts.units import UnitFile
from dten_audit.model.location import Location
from dten_audit.readers.config.keys import MAX_VALUE
from dten_audit.site.matrix import USES
from dten_audit.site.matrix_keys import assigned_variable

_RUNS: Final = ("run", "create", "exec")
_OF_CONTAINERS: Final = frozenset(("yaml", "json", "dockerfile"))
"""Formats of files that give variables to containers: of Compose, Kubernetes, images."""


def variables(package: Package, spoken: Spoken) -> Iterator[ConfigKey]:
    """Yield the keys that the environment of the package's commands and units sets.

    A variable that a script exports is told once, where it is first in force.
    """
    seen: set[tuple[str, str, str]] = set()
    for command in package.of(Command):
        for name, word in _assigned(command):
            told = command.document, name, word.text
            if told not in seen:
                seen.add(told)
                for key in _variable(name, word, command.at, command.program, spoken):
                    yield key._replace(condition=condition_of(command.guards))
    yield from _in_files(package, spoken)
    for unit in package.of(UnitFile):
        for entry in unit.values("Service", "Environment"):
            for text in assignments(entry.value):
                name, _, value = text.partition("=")
                yield from _variable(name, Word(value), entry.at, "Environment=", spoken)


def _assigned(command: Command) -> Iterator[tuple[str, Word]]:
    """Yield the variables in a command's environment, and those that it sets elsewhere."""
    yield from command.environment
    for word in _ASSIGNING[command.program](command) if command.program in _ASSIGNING else ():
        name, equals, value = word.text.partition("=")
        if equals:
            yield name, Word(value, word.certainty)


def _in_files(package: Package, spoken: Spoken) -> Iterator[ConfigKey]:
    """Yield the options in variables that files set: of variables, of Compose, of Kubernetes."""
    if not spoken.variables:
        return
    above: ConfigKey | None = None
    for key in package.of(ConfigKey):
        if key.format in USES:
            continue
        assigned = assigned_variable(key.format, key.key, key.value)
        if assigned is not None:
            name, value = assigned
            above = key if value is None else None
        elif above is not None and key.key == f"{above.key.removesuffix('.name')}.value":
            name, value, above = above.value, key.value, None
        else:
            continue
        if value and name in spoken.variables:
            words = [Word(text, key.certainty) for text in value.split()]
            program = spoken.variables[name]
            for option in options(words, program, key.at, name):
                inside: Condition = "image" if key.format in _OF_CONTAINERS else ""
                yield option._replace(certainty=key.certainty, condition=key.condition or inside)


def _variable(
    name: str, word: Word, at: Location, setter: str, spoken: Spoken
) -> Iterator[ConfigKey]:
    program = spoken.variables.get(name)
    if program is not None:
        words = [Word(text, word.certainty) for text in word.text.split()]
        yield from options(words, program, at, name)
    if spoken.prefixes and name.startswith(spoken.prefixes):
        value = word.text[:MAX_VALUE]
        yield ConfigKey(at, "env", "the environment", "", name, value, word.certainty, setter)


def _of_containers(command: Command) -> Iterator[Word]:
    """``docker run -e NAME=VALUE``; what follows the image belongs to another program."""
    words = command.argv[1:]
    if not words or words[0].text not in _RUNS:
        return
    parts = split_arguments(words[1:], ("-e", "--env"))
    for option, value in parts.options:
        if option in ("-e", "--env"):
            yield Word(value, "computed" if "$" in value else "resolved")


def _of_workloads(command: Command) -> Iterator[Word]:
    """``kubectl set env deployment/x NAME=VALUE``."""
    words = split_arguments(command.argv[1:], ("-n", "--namespace", "-c", "--containers")).operands
    if [word.text for word in words[:2]] == ["set", "env"]:
        yield from words[2:]


def _of_manager(command: Command) -> Iterator[Word]:
    """``systemctl set-environment NAME=VALUE``."""
    words = split_arguments(command.argv[1:]).operands
    if words and words[0].text == "set-environment":
        yield from words[1:]


_ASSIGNING: Final[dict[str, Callable[[Command], Iterator[Word]]]] = {
    "docker": _of_containers,
    "podman": _of_containers,
    "nerdctl": _of_containers,
    "kubectl": _of_workloads,
    "oc": _of_workloads,
    "systemctl": _of_manager,
}


def assignments(value: str) -> Iterator[str]:
    """Yield the assignments of ``Environment=``: words, quotes taken off (systemd.exec(5))."""
    word, quote = "", ""
    for char in value:
        if quote:
            if char == quote:
                quote = ""
            else:
                word += char
        elif char in "\"'":
            quote = char
        elif char.isspace():
            if word:
                yield word
            word = ""
        else:
            word += char
    if word:
        yield word
