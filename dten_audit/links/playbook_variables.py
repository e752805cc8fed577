"""Fills variables of roles into the commands of their tasks, where only one value is possible.

What a role's defaults say may be set anew by whoever runs the playbook, so that a word with one of
them is resolved, never exact.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from typing import Final, NamedTuple, TypeVar

from dten_audit.links.package import Package
from dten_audit.model.facts.commands import Command, Word
from dten_audit.model.facts.orchestration import PlaybookVariables
from dten_audit.model.facts.privilege import SudoersRule
from dten_audit.model.facts.schedules import CronJob
from dten_audit.model.facts.units import UnitFile
from dten_audit.readers.config.yaml_nodes import Node
from dten_audit.readers.orchestration.jinja import value_of

F = TypeVar("F", CronJob, SudoersRule, UnitFile)
_FOLDERS: Final = ("/tasks/", "/handlers/")
_INSIDE_ROLE: Final = re.compile(r"/(?:tasks|handlers|vars|defaults)/")
_MAIN: Final = ("main.yml", "main.yaml")


class _Role(NamedTuple):
    """What the files of one role set: by its ``main`` files, and names that others set too."""

    values: dict[str, str]
    others: set[str]


@cache
def _name() -> re.Pattern[str]:
    return re.compile(r"\$\{([A-Za-z_]\w*)\}", re.ASCII)


def fill_variables(package: Package) -> None:
    """Replace ``${name}`` in the words of tasks by what their role sets, if nothing else does."""
    stated = package.of(PlaybookVariables)
    if not stated:
        return
    roles, shared = _collected(stated)
    scopes = {root: _scope(role, shared) for root, role in roles.items() if role.values}
    if not scopes:
        return
    paths = {info.id: f"/{info.path}" for info in package.documents.values() if not info.host}
    filled = [
        _filled(command, scope)
        if (scope := scopes.get(_root_of(command.document, paths))) is not None
        else command
        for command in package.of(Command)
    ]
    package.replace(Command, filled)
    for document, info in package.documents.items():
        if "${" in info.path and (scope := scopes.get(_root_of(info.address, paths))) is not None:
            package.documents[document] = info._replace(path=_path(info.path, scope))
    _refill(package, CronJob, scopes, paths)
    _refill(package, SudoersRule, scopes, paths)
    _refill(package, UnitFile, scopes, paths)


def _refill(
    package: Package, kind: type[F], scopes: dict[str, dict[str, Node]], paths: dict[str, str]
) -> None:
    """Fill the variables into the paths at which texts of tasks land, and into units' names."""
    found = package.of(kind)
    if any("${" in fact.path for fact in found):
        package.replace(kind, [_landed(fact, scopes.get(_root_of(fact.at.path, paths), {}))
                               for fact in found])  # fmt: skip


def _landed(fact: F, scope: dict[str, Node]) -> F:
    if "${" not in fact.path or not scope:
        return fact
    if isinstance(fact, UnitFile):
        fact = fact._replace(name=_path(fact.name, scope))
    return fact._replace(path=_path(fact.path, scope))


def _path(text: str, scope: dict[str, Node]) -> str:
    return _word(Word(text, "computed"), scope).text


def _collected(stated: list[PlaybookVariables]) -> tuple[dict[str, _Role], set[str]]:
    """Return what each role sets, by its folder, and the names that inventories set."""
    roles: dict[str, _Role] = defaultdict(lambda: _Role({}, set()))
    shared: set[str] = set()
    for fact in stated:
        folder, _, file = f"/{fact.path}".rpartition("/")
        above, _, last = folder.rpartition("/")
        container = fact.at.path.removesuffix(fact.path)
        if last in ("defaults", "vars") and file in _MAIN:
            role = roles[f"{container}{above}"]
            for name, text in fact.values:
                if role.values.setdefault(name, text) != text:
                    role.others.add(name)
        elif "/group_vars/" in folder + "/" or "/host_vars/" in folder + "/":
            shared.update(name for name, _ in fact.values)
        else:
            parts = _INSIDE_ROLE.split(f"/{fact.path}", maxsplit=1)
            above = parts[0] if len(parts) > 1 else above
            roles[f"{container}{above}"].others.update(name for name, _ in fact.values)
    return roles, shared


def _scope(role: _Role, shared: set[str]) -> dict[str, Node]:
    return {
        name: Node("scalar", text, 1, 1)
        for name, text in role.values.items()
        if name not in role.others and name not in shared
    }


def _root_of(address: str, paths: dict[str, str]) -> str:
    """Return the folder of the role whose task a file at an address holds; empty for others."""
    path = paths.get(address, "")
    for folder in _FOLDERS:
        if folder in path:
            container = address.removesuffix(path[1:])
            return f"{container}{path.partition(folder)[0]}"
    return ""


def _filled(command: Command, scope: dict[str, Node]) -> Command:
    """Return a command with the words that the role's variables tell."""
    if not any("${" in word.text for word in command.argv) and not any(
        "${" in layer.target for layer in command.layers
    ):
        return command
    argv = tuple([_word(word, scope) for word in command.argv])
    layers = tuple([
        layer._replace(target=_word(Word(layer.target, "computed"), scope).text)
        if "${" in layer.target else layer
        for layer in command.layers
    ])  # fmt: skip
    first = argv[0]
    program = command.program
    if not program and first.certainty != "computed":
        program = first.text.rpartition("/")[2]
    return command._replace(
        argv=argv,
        layers=layers,
        program=program,
        certainty="resolved" if program != command.program else command.certainty,
    )


def _word(word: Word, scope: dict[str, Node]) -> Word:
    if word.certainty != "computed" or "${" not in word.text:
        return word
    open_ends = False

    def value(match: re.Match[str]) -> str:
        nonlocal open_ends
        known = value_of(match[1], scope)
        if known is None or known.certainty == "computed":
            open_ends = True
            return match[0]
        return known.text

    text = _name().sub(value, word.text)
    open_ends = open_ends or "$(" in text or "`" in text
    return Word(text, "computed" if open_ends else "resolved")
