"""Reads Django's migrations: the list of operations as the SQL that they send.

Django makes the way back itself, of all but ``RunSQL`` and ``RunPython``: only what these say of
it is stated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.migrations import rendering as sql
from dten_audit.readers.migrations.direction import Section
from dten_audit.readers.migrations.django_fields import Models
from dten_audit.readers.migrations.django_operations import OPERATIONS, Operation, links_of
from dten_audit.readers.migrations.migration import Migration
from dten_audit.readers.migrations.values import field, is_given, pairs, word
from dten_audit.readers.migrations.walking import Step, Walk
from dten_audit.readers.programs.names import statement_end
from dten_audit.readers.programs.program import Program
from dten_audit.readers.programs.values import Called, Items, Name, Value

_OPERATIONS: Final = re.compile(
    r"(?m)^[ \t]*+operations[ \t]*+(?::[^=\n]*+)?(?:\+?=|\.(?:append|extend)\()[ \t]*+"
)
_DEPENDENCIES: Final = re.compile(r"(?m)^[ \t]*+dependencies[ \t]*+(?::[^=\n]*+)?=[ \t]*+")
_REPLACES: Final = re.compile(r"(?m)^[ \t]*+replaces[ \t]*+(?::[^=\n]*+)?=[ \t]*+(?=[\[(])")
_NOT_ATOMIC: Final = re.compile(r"(?m)^[ \t]*+atomic[ \t]*+=[ \t]*+False\b")
_NUMBER: Final = re.compile(r"(\d{4})_")
_CLASS: Final = re.compile(r"(?m)^class (\w{1,80})\((?:[\w.]{1,80}\.)?([A-Z]\w{1,80})\)")
_EXTENSIONS: Final = {
    "CreateExtension": "", "TrigramExtension": "pg_trgm", "HStoreExtension": "hstore",
    "CITextExtension": "citext", "UnaccentExtension": "unaccent", "CryptoExtension": "pgcrypto",
    "BtreeGinExtension": "btree_gin", "BtreeGistExtension": "btree_gist",
    "BloomExtension": "bloom", "VectorExtension": "vector",
}  # fmt: skip
_MAX_DEPTH: Final = 4
_MAX_LISTS: Final = 40
_SENDS: Final = frozenset(("execute", "executescript"))


def fits(document: Document) -> bool:
    """Say whether a Python file is a migration of Django."""
    text = document.text
    return "operations" in text and "Migration(" in text and "django.db" in text


def read(document: Document) -> Iterator[Embedded | Unreadable]:
    """Yield the SQL that the operations send, and that of their way back."""
    program = Program(document)
    squashes = _REPLACES.search(program.code) is not None
    hints = (("restates", "yes"), ("reverses", "yes"), ("squashes", "yes" if squashes else "no"))
    migration = Migration(document, "Django", hints)
    migration.transaction = _NOT_ATOMIC.search(program.code) is None
    migration.way_back = True
    reading = _Reading(program, migration)
    for number, match in enumerate(_OPERATIONS.finditer(program.code)):
        if number >= _MAX_LISTS:
            yield Unreadable(document.location_at(match.start()), "Django", "more lists than read")
            break
        value = _value(program, match.end(), added=match.group().rstrip().endswith("("))
        reading.operations(value, match.start())
    yield from migration.documents()


class _Reading:
    def __init__(self, program: Program, migration: Migration) -> None:
        self.program = program
        self.walk = Walk(program)
        self._migration = migration
        self._models = Models(_app_of(program), {}, set())
        self._depth = 0
        self._bases = dict(_CLASS.findall(program.code))

    def operations(self, value: Value, at: int) -> None:
        """Take in a list of operations; what only the run tells is said."""
        items = value.items if isinstance(value, Items) else (value,)
        for item in items:
            if isinstance(item, Called):
                self._models.links.update(links_of(item, self._models))
                self._models.links.update(self._links_used(item))
        for item in items:
            if isinstance(item, Called):
                self._operation(item)
            else:
                self._migration.at("up").unknown(self._line(at), "operations")
        if isinstance(value, Items) and value.open:
            self._migration.at("up").unknown(self._line(at), "operations")

    def _links_used(self, call: Called) -> Iterator[tuple[str, str]]:
        """Yield a field that goes, where the migration's code goes through rows linked by it."""
        name = word(call.arguments.get(1, ("name",)))
        if call.path.endswith("RemoveField") and name.isidentifier():
            many = r"\.(?:through|(?:all|add|set|filter|values|values_list|iterator|clear)\()"
            if re.search(rf"\.{name}{many}", self.program.code):
                yield word(call.arguments.get(0, ("model_name",))).lower(), name

    def _line(self, at: int) -> int:
        return self.walk.line(at)

    def _operation(self, call: Called) -> None:
        name, line = call.path.rpartition(".")[2], self._line(call.offset)
        name = self._bases.get(name, name) if name not in OPERATIONS else name
        up = self._migration.at("up")
        operation = Operation(call.arguments, self._models)
        if name == "SeparateDatabaseAndState":
            self._note_state(call.arguments.get(1, ("state_operations",)))
            inner = call.arguments.get(0, ("database_operations",))
            if is_given(inner) and inner is not None and self._depth < _MAX_DEPTH:
                self._depth += 1
                self.operations(inner, call.offset)
                self._depth -= 1
        elif name == "RunSQL":
            self._run_sql(call, line)
        elif name == "RunPython":
            self._run_python(call, line)
        elif name in _EXTENSIONS:
            extension = _EXTENSIONS[name] or word(operation.get(0, "name"))
            up.add(line, f"CREATE EXTENSION IF NOT EXISTS {sql.identifier(extension)}")
        elif name in OPERATIONS:
            self._note_table(name, operation)
            for statement in OPERATIONS[name](operation):
                up.add(line, statement)
            self._note_renamed(name, operation)
        else:
            up.unknown(line, name)

    def _note_state(self, value: Value | None) -> None:
        """Note the tables of models that the database has already."""
        for item in value.items if isinstance(value, Items) else ():
            if isinstance(item, Called):
                name = item.path.rpartition(".")[2]
                self._note_table(name, Operation(item.arguments, self._models))
                self._note_renamed(name, Operation(item.arguments, self._models))

    def _note_table(self, name: str, operation: Operation) -> None:
        if name == "CreateModel":
            written = word(pairs(operation.get(2, "options")).get("db_table")).strip('"')
            if written:
                self._models.tables[operation.model.lower()] = written

    def _note_renamed(self, name: str, operation: Operation) -> None:
        if name == "AlterModelTable" and (new := word(operation.get(1, "table"))):
            self._models.tables[operation.model.lower()] = new

    def _run_sql(self, call: Called, line: int) -> None:
        given = call.arguments.get(0, ("sql",))
        back = call.arguments.get(1, ("reverse_sql",))
        self._texts("up", given, line)
        if is_given(back):
            self._texts("down", back, line)
        elif not _is_noop(given):
            self._migration.way_back = False

    def _texts(self, section: Section, value: Value | None, line: int) -> None:
        """Take in SQL: a text, a list of them, each alone or with its parameters."""
        if value is None or _is_noop(value):
            return
        direction = self._migration.at(section)
        if not isinstance(value, Items):
            direction.raw(field(self.program, value), line)
            return
        for item in value.items:
            inner = item.items[0] if isinstance(item, Items) and item.items else item
            direction.raw(field(self.program, inner), line)
        if value.open:
            direction.unknown(line, "sql")

    def _run_python(self, call: Called, line: int) -> None:
        """Take in the SQL that a function of this file sends."""
        back = call.arguments.get(1, ("reverse_code",))
        self._function("up", call.arguments.get(0, ("code",)), line)
        if is_given(back):
            self._function("down", back, line)
        else:
            self._migration.way_back = False

    def _function(self, section: Section, value: Value | None, line: int) -> None:
        name = value.path if isinstance(value, Name) else ""
        for function in self.walk.functions(name)[:1]:
            for step in self.walk.function(function):
                self._sent(section, step, line)

    def _sent(self, section: Section, step: Step, line: int) -> None:
        """Take in a call of a function, and those of the suite that it opens."""
        last = step.last
        given = last.arguments.get(0, ("sql",))
        if step.block is not None:
            for each in self.walk.inner(step):
                self._sent(section, each, line)
        elif last.name.rpartition(".")[2] in _SENDS and given is not None:
            direction = self._migration.at(section, step.dialect)
            direction.raw(field(self.program, given), self._line(step.at) or line)


def _value(program: Program, at: int, *, added: bool = False) -> Value:
    """Return the value that a name is set to at an offset, however long it is.

    ``added``: the value is the argument of a call.
    """
    code = program.code
    if added:
        bracket = code.rfind("(", 0, at)
        return program.expressions.expression(at, program.closing(bracket, len(code)))[0]
    if code[at : at + 1] in ("[", "("):
        limit = min(program.closing(at, len(code)) + 1, len(code))
        if not code[limit : limit + 200].lstrip(" \t").startswith(("+", "if", "*", ".")):
            return program.expressions.expression(at, limit)[0]
    return program.expressions.expression(at, statement_end(code, at))[0]


def _is_noop(value: Value | None) -> bool:
    return isinstance(value, Name) and value.path.endswith("noop")


def _app_of(program: Program) -> str:
    """Return the label of the app.

    It is the name of its folder, unless its migrations name another one: as the app of those that
    this one replaces or comes after, or as that of a model that this one makes.
    """
    *folders, name = program.document.path.split("/")
    folder = next((each for each in reversed(folders) if each != "migrations"), "app")
    replaced = [label for label, _ in _named(program, _REPLACES)]
    if replaced:
        return replaced[0]
    own = _NUMBER.match(name)
    earlier: dict[str, int] = {}
    for label, migration in _named(program, _DEPENDENCIES):
        before = _NUMBER.match(migration)
        if own and before and int(before[1]) < int(own[1]):
            earlier[label] = max(int(before[1]), earlier.get(label, 0))
    if not own or not earlier or folder in earlier:
        return folder if earlier else _label_of_models(program, folder)
    near = [label for label in earlier if folder in label]
    next_to = [label for label, number in earlier.items() if number == int(own[1]) - 1]
    for found in (near[:1], list(earlier), next_to):
        if len(found) == 1:
            return found[0]
    return _label_of_models(program, folder)


def _named(program: Program, heading: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Yield the migrations that a list names, as app and name."""
    match = heading.search(program.code)
    value = _value(program, match.end()) if match else None
    for item in value.items if isinstance(value, Items) else ():
        if isinstance(item, Items) and len(item.items) == 2:  # noqa: PLR2004 (app and migration)
            yield word(item.items[0]), word(item.items[1])


def _label_of_models(program: Program, folder: str) -> str:
    """Return the app that names of models of this very file tell; else the folder."""
    text = program.document.text
    made = set(re.findall(r"CreateModel\(\s*name=[\"'](\w{1,80})[\"']", text))
    for label, model in re.findall(r"[\"'](\w{1,80})\.(\w{1,80})[\"']", text):
        if any(model.lower() == each.lower() for each in made) and folder in label:
            return str(label)
    return folder
