"""The operations of Alembic, each as SQL statements.

With ``batch``, the table of ``batch_alter_table``, an operation does not name its table itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from dten_audit.readers.migrations import rendering as sql
from dten_audit.readers.migrations.alembic_types import (
    column_of,
    default_of,
    index_parts,
    part_of,
    type_of,
)
from dten_audit.readers.migrations.values import is_given, is_nothing, truth, word, words
from dten_audit.readers.programs.values import Arguments, Name, Value


class Operation(NamedTuple):
    """A call: its arguments, the table of the batch it stands in, whether under a test."""

    arguments: Arguments
    batch: str
    guarded: bool = False

    def get(self, number: int, *names: str) -> Value | None:
        """Return an argument by its place among those of the operation outside of a batch."""
        return self.arguments.get(number - bool(self.batch), names)

    def option(self, *names: str) -> Value | None:
        """Return a keyword argument."""
        return next((value for key, value in self.arguments.keywords if key in names), None)

    def table(self, number: int, *names: str) -> str:
        """Return the table, rendered."""
        if self.batch:
            return self.batch
        name = word(self.arguments.get(number, names or ("table_name",)))
        return sql.identifier(word(self.option("schema", "source_schema")), name)

    def behind_name(self, number: int, *names: str) -> Value | None:
        """Return an argument that stands behind the object's name and the table."""
        return self.arguments.get(number - bool(self.batch), names)


Statements = Iterator[str]


def _add_column(each: Operation) -> Statements:
    definition = column_of(each.get(1, "column")) or sql.hole("column") + " " + sql.hole("type")
    missing = truth(each.option("if_not_exists"))
    yield sql.add_column(each.table(0), definition, if_missing=missing)


def _drop_column(each: Operation) -> Statements:
    name = word(each.get(1, "column_name"))
    yield sql.drop_column(each.table(0), name, if_exists=truth(each.option("if_exists")))


def _alter_column(each: Operation) -> Statements:
    table, name = each.table(0), word(each.get(1, "column_name"))
    new_type = each.option("type_")
    if is_given(new_type):
        yield sql.change_type(table, name, type_of(new_type))
    null = each.option("nullable")
    if isinstance(null, Name) and null.path in ("True", "False"):
        before = each.option("existing_nullable")
        if not (isinstance(before, Name) and before.path == null.path):
            yield sql.change_null(table, name, null=truth(null))
    default = each.option("server_default")
    if default is not None and not (isinstance(default, Name) and default.path == "False"):
        yield sql.change_default(table, name, "" if is_nothing(default) else default_of(default))
    new_name = each.option("new_column_name", "name")
    if is_given(new_name):
        yield sql.rename_column(table, name, word(new_name))


def is_open(each: Operation) -> bool:
    """Say whether only the run tells if others may work meanwhile: the author has thought of it."""
    value = each.option("postgresql_concurrently")
    return is_given(value) and not (isinstance(value, Name) and value.path in ("True", "False"))


def column_before(each: Operation) -> tuple[str, str, str]:
    """Return the table and the column that are altered, and the type it is said to have."""
    return each.table(0), word(each.get(1, "column_name")), type_of(each.option("existing_type"))


def _create_index(each: Operation) -> Statements:
    name = word(each.arguments.get(0, ("index_name",)))
    where = each.option("postgresql_where", "sqlite_where", "mssql_where")
    yield sql.create_index(
        name,
        each.table(1),
        index_parts(each.behind_name(2, "columns")),
        unique=truth(each.option("unique")),
        concurrently=truth(each.option("postgresql_concurrently")),
        if_missing=truth(each.option("if_not_exists")),
        more=f"WHERE {sql.hole('condition')}" if is_given(where) else "",
    )


def _drop_index(each: Operation) -> Statements:
    yield sql.drop_index(
        word(each.arguments.get(0, ("index_name",))),
        each.batch or (each.table(1) if is_given(each.get(1, "table_name")) else ""),
        concurrently=truth(each.option("postgresql_concurrently")),
        if_exists=truth(each.option("if_exists")),
    )


def _create_table(each: Operation) -> Statements:
    parts = [part_of(value) for value in each.arguments.positional[1:]]
    table = each.table(0, "name", "table_name")
    missing = truth(each.option("if_not_exists")) or each.guarded
    yield sql.create_table(table, [part for part in parts if part], if_missing=missing)
    for value in each.arguments.positional[1:]:
        arguments = getattr(value, "arguments", None)
        if isinstance(arguments, Arguments) and truth(arguments.option("index")):
            column = word(arguments.get(0, ("name",)))
            yield sql.create_index("", table, [sql.identifier(column)])


def _drop_table(each: Operation) -> Statements:
    exists = truth(each.option("if_exists"))
    yield sql.drop_table(each.table(0, "table_name", "name"), if_exists=exists)


def _rename_table(each: Operation) -> Statements:
    new = word(each.arguments.get(1, ("new_table_name",)))
    yield sql.rename_table(each.table(0, "old_table_name"), sql.identifier(new))


def _create_foreign_key(each: Operation) -> Statements:
    schema = word(each.option("referent_schema"))
    target = sql.identifier(schema, word(each.behind_name(2, "referent_table", "referent")))
    what = sql.foreign_key(
        words(each.behind_name(3, "local_cols")), target, words(each.behind_name(4, "remote_cols"))
    )
    valid = not truth(each.option("postgresql_not_valid"))
    yield sql.add_constraint(
        each.table(1, "source_table", "source"), _name(each), what, valid=valid
    )


def _create_unique(each: Operation) -> Statements:
    what = sql.unique(words(each.behind_name(2, "columns")))
    yield sql.add_constraint(each.table(1), _name(each), what)


def _create_primary_key(each: Operation) -> Statements:
    what = sql.primary_key(words(each.behind_name(2, "columns", "cols")))
    yield sql.add_constraint(each.table(1), _name(each), what)


def _create_check(each: Operation) -> Statements:
    value = each.behind_name(2, "condition")
    inner = getattr(value, "arguments", None)
    if isinstance(inner, Arguments) and inner.positional:
        value = inner.positional[0]
    valid = not truth(each.option("postgresql_not_valid"))
    yield sql.add_constraint(each.table(1), _name(each), sql.check(word(value)), valid=valid)


def _create_exclude(each: Operation) -> Statements:
    using = word(each.option("using")) or "gist"
    what = f"EXCLUDE USING {sql.identifier(using)} ({sql.hole('element')} WITH =)"
    yield sql.add_constraint(each.table(1), _name(each), what)


def _drop_constraint(each: Operation) -> Statements:
    yield sql.drop_constraint(each.table(1), _name(each))


def _name(each: Operation) -> str:
    return word(each.arguments.get(0, ("constraint_name", "name")))


def _bulk_insert(each: Operation) -> Statements:
    value = each.arguments.get(0, ("table",))
    inner = getattr(value, "arguments", None)
    name = word(inner.get(0)) if isinstance(inner, Arguments) else word(value)
    yield " ".join(("INSERT INTO", sql.identifier(name), "VALUES", f"({sql.hole('rows')})"))


def _comment(each: Operation) -> Statements:
    yield f"COMMENT ON TABLE {each.table(0)} IS {sql.text('')}"


OPERATIONS: Final[dict[str, Callable[[Operation], Statements]]] = {
    "add_column": _add_column,
    "drop_column": _drop_column,
    "alter_column": _alter_column,
    "create_index": _create_index,
    "drop_index": _drop_index,
    "create_table": _create_table,
    "drop_table": _drop_table,
    "rename_table": _rename_table,
    "create_foreign_key": _create_foreign_key,
    "create_unique_constraint": _create_unique,
    "create_primary_key": _create_primary_key,
    "create_check_constraint": _create_check,
    "create_exclude_constraint": _create_exclude,
    "drop_constraint": _drop_constraint,
    "bulk_insert": _bulk_insert,
    "create_table_comment": _comment,
    "drop_table_comment": _comment,
}
"""What each operation sends."""
