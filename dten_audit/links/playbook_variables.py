"""Fills variables of roles into the commands of their tasks, where only one value is possible.

What a role's defaults say may be set anew by whoever runs the playbook, so that a word with one of
them is resolved, never exact.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from typing import Final, TypeVar

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
_ALL: Final = re.compile(r"/group_vars/all(?:\.ya?ml$|/)")
_MAIN: Final = ("main.yml", "main.yaml")


class _Role:
    """What the files of one role set: defaults, variables, and names that it sets elsewhere too."""

    __slots__ = ("defaults", "elsewhere", "variables")

    def __init__(self) -> None:
        self.defaults: dict[str, str] = {}
        self.variables: dict[str, str] = {}
        self.elsewhere: set[str] = set()


class _Scopes:
    """Which variables have one possible value, by the files whose tasks use them.

    As Ansible ranks them: a role's defaults, then inventories, then the role's own variables; what
    tasks set comes last and is never known.
    """

    def __init__(self, package: Package, stated: list[PlaybookVariables]) -> None:
        self._paths = {
            info.id: f"/{info.path}"
            for info in package.documents.values()
            if not info.host and info.kind == "yaml"
        }
        self._roles: dict[str, _Role] = defaultdict(_Role)
        self._inventory: dict[str, set[str]] = defaultdict(set)
        self._everybody: set[str] = set()
        self._made: dict[str, dict[str, Node]] = {}
        for fact in stated:
            self._add(fact)

    def of(self, address: str) -> dict[str, Node]:
        """Return the variables that the tasks of a file see; none for what holds no tasks."""
        path = self._paths.get(address)
        if path is None:
            return {}
        root = ""
        for folder in _FOLDERS:
            if folder in path:
                root = f"{address.removesuffix(path[1:])}{path.partition(folder)[0]}"
        if root not in self._made:
            self._made[root] = self._scope(self._roles.get(root) or _Role())
        return self._made[root]

    def _add(self, fact: PlaybookVariables) -> None:
        folder, _, file = f"/{fact.path}".rpartition("/")
        above, _, last = folder.rpartition("/")
        container = fact.at.path.removesuffix(fact.path)
        if "/group_vars/" in f"{folder}/" or "/host_vars/" in f"{folder}/":
            for name, text in fact.values:
                self._inventory[name].add(text)
            if _ALL.search(f"/{fact.path}"):
                self._everybody.update(name for name, _ in fact.values)
            return
        main = last in ("defaults", "vars") and file in _MAIN
        parts = _INSIDE_ROLE.split(f"/{fact.path}", maxsplit=1)
        role = self._roles[f"{container}{parts[0] if len(parts) > 1 else above}"]
        given = role.defaults if fact.defaults else role.variables
        for name, text in fact.values:
            if not main or given.setdefault(name, text) != text:
                role.elsewhere.add(name)

    def _scope(self, role: _Role) -> dict[str, Node]:
        found = {n: text for n, text in role.defaults.items() if n not in self._inventory}
        for name in self._everybody:
            if len(self._inventory[name]) == 1:
                found[name] = next(iter(self._inventory[name]))
        found |= role.variables
        return {
            name: Node("scalar", text, 1, 1)
            for name, text in found.items()
            if name not in role.elsewhere
        }


@cache
def _name() -> re.Pattern[str]:
    return re.compile(r"\$\{([A-Za-z_]\w*)\}", re.ASCII)


def fill_variables(package: Package) -> None:
    """Replace ``${name}`` in the words of tasks by what roles and inventories set them to."""
    scopes = _Scopes(package, package.of(PlaybookVariables))
    package.replace(
        Command, [_filled(command, scopes.of(command.document)) for command in package.of(Command)]
    )
    for document, info in package.documents.items():
        if "${" in info.path and info.host:
            scope = scopes.of(info.address)
            package.documents[document] = info._replace(path=_path(info.path, scope))
    _refill(package, CronJob, scopes)
    _refill(package, SudoersRule, scopes)
    _refill(package, UnitFile, scopes)


def _refill(package: Package, kind: type[F], scopes: _Scopes) -> None:
    """Fill the variables into the paths at which texts of tasks land, and into units' names."""
    found = package.of(kind)
    if any("${" in fact.path for fact in found):
        package.replace(kind, [_landed(fact, scopes.of(fact.at.path)) for fact in found])


def _landed(fact: F, scope: dict[str, Node]) -> F:
    if "${" not in fact.path or not scope:
        return fact
    if isinstance(fact, UnitFile):
        fact = fact._replace(name=_path(fact.name, scope))
    return fact._replace(path=_path(fact.path, scope))


def _path(text: str, scope: dict[str, Node]) -> str:
    return _word(Word(text, "computed"), scope).text


def _filled(command: Command, scope: dict[str, Node]) -> Command:
    """Return a command with the words that the role's variables tell."""
    if not scope:
        return command
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
