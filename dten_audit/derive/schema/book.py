"""The SQL of a package by document: statements, roles, runners, and what each file creates."""

from __future__ import annotations

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple, cast

from dten_audit.derive.roles import Roles
from dten_audit.derive.schema.checks import restored_in
from dten_audit.derive.schema.files import NOBODY, Runner, is_program, role_of, runner_of, set_of
from dten_audit.derive.schema.runner_settings import RunnerSettings
from dten_audit.links.package import DocumentInfo, Package
from dten_audit.model.facts.sql import Action, Dialect, Role, SqlScript, SqlStatement
from dten_audit.readers.sql.draft import unprefixed

_CREATES = frozenset(
    "create_table rename_table create_index create_view create_materialized_view create_trigger"
    " create_function create_procedure create_policy create_rule create_object rename_view"
    " add_constraint create_event create_package".split()
)
_REMOVAL: Final = re.compile(
    r"\$\{?1\}?[\"']?(?:[ \t]*+=?=|[ \t]++in)[ \t]*+[\"']?"
    r"(?:(?:remove|purge)\b|0[\"']?(?:[ \t]|\Z))"
    r"|\$\{?1\}?[\"']?[ \t]++-eq[ \t]++[\"']?0\b"
)
"""Tests of what dpkg (Policy 6.5) and rpm (the number of packages that stay) tell a script."""
_HOLE: Final = re.compile(r"[\"`]?\$\{\w+\}[\"`]?")
KEY_NAME: Final = re.compile(r"_pkey$|_pk$|^pk_|^primary$")
"""What a primary key is called that was given no name, or a usual one."""
_COMPUTED: Final = frozenset(("stored", "virtual", "generated"))
_SPOKEN = frozenset(("documentation", "example"))
_PREVAILS: Final = 4
"""So many texts of one dialect to one of another are taken for all of the one."""


Rank = tuple[int, int]
"""Where an action stands in its file: the rank of its statement, and its part of a batch."""


class SqlFile(NamedTuple):
    """A document of SQL with all that its statements need to know of it.

    ``file`` is the document's own or its host's; ``created`` gives the rank of the last statement
    that creates an object of that name, ``renamed_to`` that gives a table or column this name,
    ``checked`` that checks a constraint, ``restored`` that switches a check on again; ``busy``
    counts the statements that do something.
    """

    info: DocumentInfo
    file: DocumentInfo
    script: SqlScript
    statements: tuple[SqlStatement, ...]
    role: Role
    runner: Runner
    unit: str
    created: dict[str, Rank]
    renamed_to: dict[str, Rank]
    checked: dict[str, Rank]
    restored: dict[str, Rank]
    busy: int

    def hint(self, name: str) -> str:
        """Return what the document that it stands in says of it; empty where it says nothing."""
        return dict(self.info.hints).get(name, "")

    @property
    def is_own(self) -> bool:
        """Whether it is a file, or a direction of a migration that is written as a program."""
        return not self.info.host or bool(self.hint("runner"))


class Book:
    """All SQL of a package."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self.index = package.index
        self._purposes = Roles(package)
        self._settings = RunnerSettings(package)
        self._paths = frozenset(document.path for document in package.documents.values())
        statements: dict[str, list[SqlStatement]] = defaultdict(list)
        for statement in package.of(SqlStatement):
            statements[statement.document].append(statement)
        self.files: dict[str, SqlFile] = {}
        self._known: Counter[Dialect] = Counter()
        self._targets: dict[tuple[str, str], str] = {}
        self._in_folder: dict[str, Counter[Dialect]] = defaultdict(Counter)
        self._spoken: dict[str, Counter[Dialect]] = defaultdict(Counter)
        for script in package.of(SqlScript):
            info = package.documents.get(script.document)
            if info is not None and script.document in statements:
                file = self.files[info.id] = self._file(info, script, statements[info.id])
                folder = posixpath.dirname(file.file.path)
                if script.dialect != "generic" and not file.hint("branch"):
                    self._known[script.dialect] += 1
                    self._in_folder[folder][script.dialect] += 1
                for name in file.hint("speaks of").split():
                    self._spoken[folder][cast("Dialect", name)] += 1

    @property
    def documents(self) -> int:
        """How many files the package has."""
        return len(self._paths)

    def absent(self, revisions: Iterable[str]) -> set[str]:
        """Return those revisions of Alembic that no migration has, nor any file is named for.

        A file that changes no schema states no SQL; by its name it is there all the same.
        """
        wanted = set(revisions) - {file.hint("revision") for file in self.files.values()}
        if not wanted:
            return wanted
        stems = {posixpath.splitext(posixpath.basename(path))[0] for path in self._paths}
        return wanted - stems - {part for stem in stems for part in re.split("[_-]", stem)}

    def _file(
        self, info: DocumentInfo, script: SqlScript, statements: list[SqlStatement]
    ) -> SqlFile:
        host = self._package.documents.get(info.host) if info.host else None
        file = host or info
        runner = runner_of(file.path, script.marks, self._paths)
        if self._settings.is_outside(file.path, runner.name):
            statements = [statement._replace(transaction=False) for statement in statements]
        if runner.holds_open and not self._settings.keeps_transaction_open:
            runner = runner._replace(holds_open=False)
        if self._settings.may_autocommit(file.path, runner.name):
            runner = runner._replace(autocommits=True)
        role = role_of(info, host)
        purpose = self._purposes.of(info.id)
        if purpose in _SPOKEN:
            role = "sample"
        elif purpose == "test":
            role = "test"
        if info.path != file.path and role == "application":
            role = role_of(info, None)
        if role == "application" and self._is_upgraded_by(file.id):
            role = "up"
        elif role == "up" and self._is_for_removal(info.id):
            role = "down"
        role = _by_section(role, dict(info.hints))
        if role == "up" and host is not None and is_program(host.kind) and _is_helper(statements):
            role = role if dict(info.hints).get("runner") else "application"
        unit = set_of(file.path, runner) if runner is not NOBODY else ""
        created, renamed, checked = _named(statements)
        busy = sum(1 for s in statements if any(a.verb not in _IDLE for a in s.actions))
        return SqlFile(info, file, script, tuple(statements), role, runner,
                       unit or file.path, created, renamed, checked,
                       restored_in(statements), busy)  # fmt: skip

    def _is_upgraded_by(self, program: str) -> bool:
        """Say whether a script that installs or upgrades the package starts a program."""
        users = {call.command.document for call in self._package.callers(program)}
        return any(self._purposes.of(user) == "maintainer" for user in users)

    def _is_for_removal(self, document: str) -> bool:
        """Say whether SQL only runs where dpkg or rpm removes the package: no upgrade does."""
        calls = self._package.callers(document)
        return bool(calls) and all(
            any(guard.holds and _REMOVAL.search(guard.subject) for guard in call.command.guards)
            for call in calls
        )

    def include(self, text: str, near: DocumentInfo) -> str:
        """Return the id of the document that an include names; empty where it is not shipped."""
        key = (text, near.id)
        if key not in self._targets:
            found = self.index.find(text, near) or self.index.find(text + ".sql", near)
            known = found and found[0].id in self.files
            self._targets[key] = found[0].id if known else ""
        return self._targets[key]

    def includes(self, file: SqlFile) -> set[str]:
        """Return the ids of the documents that a file includes."""
        names = {a.name for s in file.statements for a in s.actions if a.verb == "include"}
        return {target for name in names if (target := self.include(name, file.info))}

    def dialect(self, file: SqlFile, client: Dialect | None) -> Dialect:
        """Return the dialect to judge by.

        Where the text leaves it open, the client decides, then the files in the same folder, then
        the databases that migrations there speak of, then all SQL of the package, as far as these
        are of one dialect.
        """
        written = file.script.dialect
        if written != "generic":
            return written
        folder = posixpath.dirname(file.file.path)
        for told in (self._in_folder[folder], self._spoken[folder], self._known):
            if client is None:
                client = self._only(told)
        return client or "generic"

    @staticmethod
    def _only(dialects: Counter[Dialect]) -> Dialect | None:
        """Return the one dialect; a few texts may be taken for another than they are in."""
        for best, most in dialects.most_common(1):
            return best if most >= _PREVAILS * (dialects.total() - most) else None
        return None


def _named(
    statements: list[SqlStatement],
) -> tuple[dict[str, Rank], dict[str, Rank], dict[str, Rank]]:
    """Return the ranks of the last statements that create, rename to, and check each name."""
    created: dict[str, Rank] = {}
    renamed: dict[str, Rank] = {}
    checked: dict[str, Rank] = {}
    for statement in statements:
        for action in statement.actions:
            if action.verb == "validate_constraint":
                every = action.name.lower() == "all"
                name = f"{bare(action.table)} all" if every else bare(action.name)
                checked[name] = (statement.order, action.part)
            if action.verb == "rename_table":
                renamed[bare(action.value)] = (statement.order, action.part)
            if action.verb == "rename_column":
                renamed[column_key(action.table, action.value)] = (statement.order, action.part)
            if action.verb in _CREATES:
                created[_created(action)] = (statement.order, action.part)
            if action.verb == "add_column":
                key = column_key(action.table, action.column)
                created[key] = (statement.order, action.part)
                if action.flags & _COMPUTED:
                    created[f"{key} computed"] = (statement.order, action.part)
            if action.verb in ("add_constraint", "add_column") and is_primary(action):
                created[f"{bare(action.table)} primary-key"] = (statement.order, action.part)
    return created, renamed, checked


def _created(action: Action) -> str:
    if action.verb == "create_table":
        return bare(action.table)
    if action.verb == "add_constraint" and not action.name:
        return f"{bare(action.table)} {action.constraint}"
    return bare(action.value if action.verb.startswith("rename") else action.name)


_IDLE = frozenset(("set", "reset", "begin", "commit", "client_set", "connect"))


def _by_section(role: Role, hints: dict[str, str]) -> Role:
    """Return the role of a direction of a migration, which knows it better than its path does.

    One that replaces others is for new sites only: elsewhere they have run.
    """
    if "runner" not in hints or role not in ("up", "install", "application"):
        return role
    if hints.get("section") == "down":
        return "down"
    return "install" if hints.get("squashes") == "yes" else "up"


def _is_helper(statements: list[SqlStatement]) -> bool:
    """Say whether only a caller knows which tables are meant, all of them."""
    tables = {a.table for statement in statements for a in statement.actions if a.table}
    return bool(tables) and all(_HOLE.fullmatch(table) for table in tables)


def is_primary(action: Action) -> bool:
    """Say whether a constraint is a primary key, or one that is dropped is called like one."""
    if action.constraint == "primary-key" or "primary-key" in action.flags:
        return True
    return action.verb == "drop_constraint" and KEY_NAME.search(action.name.lower()) is not None


def column_key(table: str, column: str) -> str:
    """Return the name of a column among those of tables."""
    return f"{bare(table)}.{column.lower()}"


def bare(name: str) -> str:
    """Return a name without its schema, as names are compared within one file."""
    return unprefixed(name.rpartition(".")[2]).lower()
