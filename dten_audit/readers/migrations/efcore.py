"""Reads migrations of Entity Framework Core: ``Up`` and ``Down`` as the SQL that they send.

Source: EF Core 8 documentation, "Managing Migrations", "Custom Migrations Operations" and the
reference of MigrationBuilder (``suppressTransaction``), read 2026-11-21.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from dten_audit.documents.document import Document, Embedded
from dten_audit.model.facts.general import Unreadable
from dten_audit.readers.migrations import rendering as sql
from dten_audit.readers.migrations.direction import Direction, Section
from dten_audit.readers.programs.functions import Function
from dten_audit.readers.programs.program import Program
from dten_audit.readers.programs.values import Arguments, Items, Name, Number, Value, is_true
from dten_audit.readers.shell.values import Field

RUNNER: Final = "EF Core"
MAX_CALLS: Final = 5_000
_CALL: Final = re.compile(r"\b\w*[bB]uilder\s*+\.\s*+(?P<name>\w++)\s*+(?:<[^<>()]*+>\s*+)?\(")
_COLUMN: Final = re.compile(r"\b(?P<name>\w++)\s*+=\s*+\w++\.Column\s*+(?:<[^<>()]*+>\s*+)?\(")
_KEY: Final = re.compile(r"\.ForeignKey\s*+\(")
_PROVIDERS: Final = (
    ("Npgsql", "postgres"), ("SqlServer:", "tsql"), ("MySql:", "mysql"), ("MySQL:", "mysql"),
    ("Sqlite:", "sqlite"), ("nvarchar", "tsql"), ("datetime2", "tsql"),
    ("timestamp with time zone", "postgres"), ("longtext", "mysql"),
)  # fmt: skip
_COUNTING: Final = ("ValueGenerationStrategy", "Autoincrement", "Identity")
_SECTIONS: Final[tuple[tuple[Section, str], ...]] = (("up", "Up"), ("down", "Down"))


def fits(document: Document) -> bool:
    """Say whether a C# file is a migration."""
    return b"MigrationBuilder" in document.data and b" Up(" in document.data


def read(document: Document) -> Iterator[Embedded | Unreadable]:
    """Yield the SQL of both directions."""
    program = Program(document)
    functions = {function.name: function for function in program.functions.all}
    text = document.text
    dialect = next((name for sign, name in _PROVIDERS if sign in text), "")
    found = {}
    for section, name in _SECTIONS:
        direction = Direction(document, RUNNER, section, dialect=dialect)
        if name in functions:
            _Reading(program, direction).run(functions[name])
        found[section] = direction
    yield from found["up"].documents(way_back=bool(found["down"]))
    yield from found["down"].documents()


class _Operation(NamedTuple):
    """A call of the builder."""

    program: Program
    direction: Direction
    line: int
    name: str
    given: Arguments
    start: int

    def value(self, *names: str) -> Value | None:
        """Return an argument by its name."""
        return self.given.get(-1, names)

    def text(self, *names: str, at: int = -1) -> str:
        """Return an argument as text; ``at`` is its place, where it stands without its name."""
        return _text(self.program, self.value(*names) or self.given.get(at))

    def names(self, *names: str, at: int = -1) -> list[str]:
        """Return a name or a list of names."""
        value = self.value(*names) or self.given.get(at)
        if isinstance(value, Items):
            return [_text(self.program, item) for item in value.items]
        return [_text(self.program, value)] if value is not None else [sql.hole("column")]

    def table(self, *names: str, at: int = 1) -> str:
        """Return the table."""
        name = self.text(*(names or ("table",)), at=at) or sql.hole("table")
        return sql.identifier(self.text("schema"), name)

    @property
    def tsql(self) -> bool:
        """Whether it is sent to SQL Server, whose words differ."""
        return self.direction.dialect == "tsql"

    def add(self, statement: str) -> None:
        """Add a statement."""
        self.direction.add(self.line, statement)


def _text(program: Program, value: Value | None) -> str:
    if value is None or (isinstance(value, Name) and value.path == "null"):
        return ""
    return program.field(value).text


class _Reading:
    """One direction."""

    def __init__(self, program: Program, direction: Direction) -> None:
        self.program = program
        self.direction = direction

    def run(self, function: Function) -> None:
        """Take in the calls of a function in their order."""
        code, position = self.program.code, function.body
        for _ in range(MAX_CALLS):
            match = _CALL.search(code, position, function.end)
            if match is None:
                return
            given = self.program.expressions.arguments(match.end())
            position = max(match.end(), given.end)
            line = self.program.document.index.position(match.start("name"))[0]
            one = _Operation(
                self.program, self.direction, line, match["name"], given, match.end()
            )  # fmt: skip
            does = _OPERATIONS.get(match["name"])
            if does is not None:
                does(one)
            elif not match["name"].startswith(("Annotation", "ActiveProvider", "Is")):
                self.direction.unknown(line, match["name"])


def _type(one: _Operation) -> str:
    written = one.text("type")
    return sql.kind(written) if written else sql.hole("type")


def _default(program: Program, given: Arguments) -> str:
    written = given.get(-1, ("defaultValueSql", "computedColumnSql"))
    if isinstance(written, Field):
        return sql.expression(written.text)
    value = given.get(-1, ("defaultValue",))
    if value is None or (isinstance(value, Name) and value.path == "null"):
        return ""
    if isinstance(value, Number):
        return value.text
    if isinstance(value, Name) and value.path in ("true", "false"):
        return "1" if value.path == "true" else "0"
    return sql.text(_text(program, value)) if isinstance(value, Field) else sql.text("value")


def _add_column(one: _Operation) -> None:
    null = is_true(one.value("nullable")) is True
    column = sql.column(one.text("name", at=0), _type(one), null=null,
                        default=_default(one.program, one.given))  # fmt: skip
    if one.tsql:
        one.add(sql.alter(one.table(), f"ADD {column}"))
    else:
        one.add(sql.add_column(one.table(), column))


def _alter_column(one: _Operation) -> None:
    """A column is written with what it was: what stays so is not sent."""
    name, kind = one.text("name", at=0), _type(one)
    null, was = is_true(one.value("nullable")) is True, is_true(one.value("oldNullable")) is True
    sizes = [one.text(key) for key in ("maxLength", "precision", "scale")]
    before = [one.text(key) for key in ("oldMaxLength", "oldPrecision", "oldScale")]
    old = one.text("oldType")
    retyped = (old or kind) != kind or sizes != before
    if one.tsql:
        if retyped or null != was:
            words = f"ALTER COLUMN {sql.identifier(name)} {kind}{'' if null else ' NOT NULL'}"
            one.add(sql.alter(one.table(), words))
        return
    if retyped:
        one.add(sql.change_type(one.table(), name, kind))
    if null != was:
        one.add(sql.change_null(one.table(), name, null=null))
    if default := _default(one.program, one.given):
        one.add(sql.change_default(one.table(), name, default))


def _create_table(one: _Operation) -> None:
    code, program, parts = one.program.code, one.program, []
    for match in _COLUMN.finditer(code, one.start, one.given.end):
        given = program.expressions.arguments(match.end())
        kind = _text(program, given.get(-1, ("type",)))
        source = code[given.end : code.find(",\n", given.end) if "\n" in code else given.end]
        parts.append(sql.column(
            _text(program, given.get(-1, ("name",))) or match["name"],
            sql.kind(kind) if kind else sql.hole("type"),
            null=is_true(given.get(-1, ("nullable",))) is True,
            default=_default(program, given), identity=any(w in source for w in _COUNTING),
        ))  # fmt: skip
    for match in _KEY.finditer(code, one.start, one.given.end):
        given = program.expressions.arguments(match.end())
        target = sql.identifier(
            _text(program, given.get(-1, ("principalSchema",))),
            _text(program, given.get(-1, ("principalTable",))) or sql.hole("table"),
        )
        parts.append(sql.foreign_key([sql.hole("column")], target))
    parts = parts or [sql.column(sql.hole("column"), sql.hole("type"))]
    one.add(sql.create_table(one.table("name", at=0), parts))


def _create_index(one: _Operation) -> None:
    columns = [sql.identifier(name) for name in one.names("columns", "column", at=2)]
    unique = is_true(one.value("unique")) is True
    more = f"WHERE {sql.hole('condition')}" if one.text("filter") else ""
    source = one.program.document.text[one.given.end : one.given.end + _BEHIND]
    source = source.partition(";")[0]
    concurrently = "CreatedConcurrently" in source or "IsCreatedConcurrently" in source
    online = " WITH (ONLINE = ON)" if "CreatedOnline" in source and one.tsql else ""
    one.add(sql.create_index(one.text("name", at=0), one.table(), columns, unique=unique,
                             concurrently=concurrently, more=more) + online)  # fmt: skip


_BEHIND: Final = 300


def _drop_index(one: _Operation) -> None:
    name = one.text("name", at=0)
    table = one.table() if one.text("table", at=1) and one.direction.dialect != "postgres" else ""
    one.add(sql.drop_index(name, table))


def _rename(one: _Operation) -> None:
    new = one.text("newName", at=2 if one.name != "RenameTable" else 1)
    if one.tsql:
        parts = [one.text("schema"), one.text("table", at=1) if one.name != "RenameTable" else ""]
        whole = ".".join(part for part in (*parts, one.text("name", at=0)) if part)
        kind = {"RenameColumn": ", 'COLUMN'", "RenameIndex": ", 'INDEX'"}.get(one.name, "")
        one.add(f"EXEC sp_rename {sql.text(whole)}, {sql.text(new)}{kind}")
    elif one.name == "RenameColumn":
        one.add(sql.rename_column(one.table(), one.text("name", at=0), new))
    elif one.name == "RenameTable":
        one.add(sql.rename_table(one.table("name", at=0), sql.identifier(new)))
    else:
        index = sql.identifier(one.text("name", at=0))
        one.add(f"ALTER INDEX {index} RENAME TO {sql.identifier(new)}")


def _foreign_key(one: _Operation) -> None:
    target = sql.identifier(one.text("principalSchema"), one.text("principalTable"))
    to = one.names("principalColumns", "principalColumn")
    key = sql.foreign_key(one.names("columns", "column", at=2), target, to)
    one.add(sql.add_constraint(one.table(), one.text("name", at=0), key))


def _keyed(render: Callable[[list[str]], str]) -> Callable[[_Operation], None]:
    def does(one: _Operation) -> None:
        what = render(one.names("columns", "column", at=2))
        one.add(sql.add_constraint(one.table(), one.text("name", at=0), what))

    return does


def _drop_constraint(one: _Operation) -> None:
    one.add(sql.drop_constraint(one.table(), one.text("name", at=0)))


def _sql(one: _Operation) -> None:
    value = one.given.get(0, ("sql",))
    outside = is_true(one.given.get(1, ("suppressTransaction",))) is True
    if outside:
        one.direction.leave(one.line)
    if value is not None:
        one.direction.raw(one.program.field(value), one.line)
    if outside:
        one.direction.enter(one.line)


def _rows(one: _Operation) -> None:
    verb = "delete" if one.name == "DeleteData" else "update"
    one.add(sql.touches_rows(one.table("table", at=0), verb, where=True))


def _nothing(_one: _Operation) -> None:
    """Change no table in use."""


_OPERATIONS: Final[dict[str, Callable[[_Operation], None]]] = {
    "Sql": _sql,
    "AddColumn": _add_column,
    "AlterColumn": _alter_column,
    "DropColumn": lambda one: one.add(sql.drop_column(one.table(), one.text("name", at=0))),
    "CreateTable": _create_table,
    "DropTable": lambda one: one.add(sql.drop_table(one.table("name", at=0))),
    "RenameTable": _rename,
    "RenameColumn": _rename,
    "RenameIndex": _rename,
    "CreateIndex": _create_index,
    "DropIndex": _drop_index,
    "AddForeignKey": _foreign_key,
    "AddPrimaryKey": _keyed(sql.primary_key),
    "AddUniqueConstraint": _keyed(sql.unique),
    "AddCheckConstraint": lambda one: one.add(sql.add_constraint(
        one.table(), one.text("name", at=0), sql.check(one.text("sql", at=2)))),
    **dict.fromkeys(
        ("DropForeignKey", "DropPrimaryKey", "DropUniqueConstraint", "DropCheckConstraint"),
        _drop_constraint),
    "UpdateData": _rows,
    "DeleteData": _rows,
    "DropSchema": lambda one: one.add(f"DROP SCHEMA {one.table('name', at=0)}"),
    **dict.fromkeys(
        ("InsertData", "EnsureSchema", "CreateSequence", "AlterSequence", "DropSequence",
         "RenameSequence", "RestartSequence", "AlterDatabase", "AlterTable"), _nothing),
}  # fmt: skip
