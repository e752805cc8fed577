"""The operations of Django's migrations, each as SQL statements.

Source: Django 5.1, "Migration Operations", contrib.postgres "Database migration operations"; read
2026-11-21.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from dten_audit.readers.migrations import rendering as sql
from dten_audit.readers.migrations.django_fields import FieldOf, Models, definition, field_of
from dten_audit.readers.migrations.values import is_given, pairs, truth, word, words
from dten_audit.readers.programs.values import Arguments, Called, Items, Value

Statements = Iterator[str]


class Operation:
    """A call of an operation, and how its app names tables."""

    def __init__(self, arguments: Arguments, models: Models) -> None:
        self.arguments = arguments
        self.models = models

    def get(self, number: int, *names: str) -> Value | None:
        """Return an argument."""
        return self.arguments.get(number, names)

    @property
    def model(self) -> str:
        """The model that it is about."""
        return word(self.get(0, "model_name", "name"))

    @property
    def table(self) -> str:
        """That model's table, rendered."""
        return self.models.table(self.model)

    def field(self, number: int = 2) -> FieldOf | None:
        """Return the field that it is about."""
        return field_of(word(self.get(1, "name")), self.get(number, "field"))


def _create_model(each: Operation) -> Statements:
    options = pairs(each.get(2, "options"))
    if truth(options.get("proxy")) or ("managed" in options and not truth(options["managed"])):
        return
    fields = list(_fields(each.get(1, "fields")))
    parts = [definition(field, each.models, each.model) for field in fields if field.column]
    parts += [sql.unique(group) for group in _groups(options.get("unique_together"))]
    open_list = isinstance(each.get(1, "fields"), Items)
    if not open_list:
        parts.append(f"{sql.hole('field')} {sql.hole('type')}")
    yield sql.create_table(each.table, parts)
    for field in fields:
        if field.is_many:
            yield _between(each, field)
        elif field.column and field.is_indexed:
            yield sql.create_index("", each.table, [sql.identifier(field.column)])


def _fields(value: Value | None) -> Iterator[FieldOf]:
    for item in value.items if isinstance(value, Items) else ():
        if isinstance(item, Items) and len(item.items) == 2:  # noqa: PLR2004 (name and field)
            found = field_of(word(item.items[0]), item.items[1])
            if found is not None:
                yield found


def _between(each: Operation, field: FieldOf) -> str:
    """Return the table of a many-to-many field."""
    own = word(field.option("db_table")) or f"{each.table.strip(chr(34))}_{field.name}"
    target = each.models.target(field.value.arguments.get(0, ("to",)), each.model)
    columns = [
        sql.column("id", "bigint", identity=True, more="PRIMARY KEY"),
        sql.column("from_id", "bigint", null=False, references=each.table),
        sql.column("to_id", "bigint", null=False, references=target),
    ]
    return sql.create_table(sql.identifier(own), columns)


def _groups(value: Value | None) -> list[list[str]]:
    """Return ``unique_together`` as lists of columns: one list, or a list of them."""
    if isinstance(value, Called) and value.path in ("set", "list", "frozenset", "tuple"):
        value = value.arguments.get(0)
    if not isinstance(value, Items) or not value.items:
        return []
    if all(isinstance(item, Items) for item in value.items):
        return [words(item) for item in value.items]
    return [words(value)]


def _delete_model(each: Operation) -> Statements:
    yield sql.drop_table(each.table, cascade=True)


def _rename_model(each: Operation) -> Statements:
    old = each.models.table(word(each.get(0, "old_name")))
    yield sql.rename_table(old, each.models.table(word(each.get(1, "new_name"))))


def _add_field(each: Operation) -> Statements:
    field = each.field()
    if field is None:
        name = word(each.get(1, "name"))
        yield sql.add_column(each.table, f"{sql.identifier(name)} {sql.hole('type')}")
    elif field.is_many:
        yield _between(each, field)
    elif field.column:
        yield sql.add_column(each.table, definition(field, each.models, each.model, filled=True))
        if field.is_indexed:
            yield sql.create_index("", each.table, [sql.identifier(field.column)])


def _remove_field(each: Operation) -> Statements:
    name = word(each.get(1, "name"))
    link = (each.model.lower(), name)
    if link in each.models.links:
        each.models.links.discard(link)  # another field may get the name
        yield sql.drop_table(_link_table(each, name))
    else:
        yield sql.drop_column(each.table, name)


def _alter_field(each: Operation) -> Statements:
    """A field as it shall be: what of it changes is seen beside what it was before.

    Relations change their column only with the key that they point to, which is not seen here.
    """
    field = each.field()
    if field is not None and field.column and not field.is_relation:
        yield sql.restate_type(each.table, field.column, field.type_)


def _rename_field(each: Operation) -> Statements:
    old, new = word(each.get(1, "old_name")), word(each.get(2, "new_name"))
    model = each.model.lower()
    if {(model, old), (model, new)} & each.models.links:
        yield sql.rename_table(_link_table(each, old), _link_table(each, new))
    else:
        yield sql.rename_column(each.table, old, new)


def _link_table(each: Operation, field: str) -> str:
    return sql.identifier(f"{each.table.strip(chr(34))}_{field}")


def links_of(call: Called, models: Models) -> Iterator[tuple[str, str]]:
    """Yield the many-to-many fields that an operation makes or states anew."""
    each, name = Operation(call.arguments, models), call.path.rpartition(".")[2]
    if name == "CreateModel":
        found = list(_fields(each.get(1, "fields")))
    else:
        field = each.field() if name in ("AddField", "AlterField") else None
        found = [field] if field is not None else []
    yield from ((each.model.lower(), field.name) for field in found if field.is_many)


def _index(each: Operation, *, concurrently: bool) -> Statements:
    value = each.get(1, "index")
    arguments = value.arguments if isinstance(value, Called) else Arguments()
    columns = [sql.identifier(name.lstrip("-")) for name in words(arguments.option("fields"))]
    where = f"WHERE {sql.hole('condition')}" if is_given(arguments.option("condition")) else ""
    yield sql.create_index(
        word(arguments.option("name")),
        each.table,
        columns or [sql.hole("expression")],
        concurrently=concurrently,
        more=where,
    )


def _remove_index(each: Operation, *, concurrently: bool) -> Statements:
    yield sql.drop_index(word(each.get(1, "name")), each.table, concurrently=concurrently)


def _rename_index(each: Operation) -> Statements:
    old = word(each.get(2, "old_name"))
    if old:
        new = sql.identifier(word(each.get(1, "new_name")))
        yield f"ALTER INDEX {sql.identifier(old)} RENAME TO {new}"


def _add_constraint(each: Operation, *, valid: bool) -> Statements:
    value = each.get(1, "constraint")
    arguments = value.arguments if isinstance(value, Called) else Arguments()
    short = value.path.rpartition(".")[2] if isinstance(value, Called) else ""
    name = word(arguments.option("name"))
    if short == "UniqueConstraint":
        columns = [sql.identifier(column) for column in words(arguments.option("fields"))]
        special = ("condition", "include", "opclasses")
        if columns and not any(is_given(arguments.option(key)) for key in special):
            yield sql.add_constraint(each.table, name, f"UNIQUE ({', '.join(columns)})")
            return
        where = f"WHERE {sql.hole('condition')}" if is_given(arguments.option("condition")) else ""
        columns = columns or [sql.hole("expression")]
        yield sql.create_index(name, each.table, columns, unique=True, more=where)
    elif short == "ExclusionConstraint":
        what = f"EXCLUDE USING gist ({sql.hole('expressions')} WITH =)"
        yield sql.add_constraint(each.table, name, what)
    else:
        yield sql.add_constraint(each.table, name, sql.check(""), valid=valid)


def _validate(each: Operation) -> Statements:
    yield sql.alter(each.table, f"VALIDATE CONSTRAINT {sql.identifier(word(each.get(1, 'name')))}")


def _remove_constraint(each: Operation) -> Statements:
    yield sql.drop_constraint(each.table, word(each.get(1, "name")))


def _unique_together(each: Operation) -> Statements:
    groups = _groups(each.get(1, "unique_together"))
    for group in groups:
        yield sql.add_constraint(each.table, sql.hole("unique_together"), sql.unique(group))
    if not groups:
        yield sql.drop_constraint(each.table, sql.hole("unique_together"))


def _index_together(each: Operation) -> Statements:
    groups = _groups(each.get(1, "index_together"))
    for group in groups:
        columns = [sql.identifier(column) for column in group]
        yield sql.create_index(sql.hole("index_together"), each.table, columns)
    if not groups:
        yield sql.drop_index(sql.hole("index_together"), each.table)


def _model_table(each: Operation) -> Statements:
    new = word(each.get(1, "table"))
    if new:
        yield sql.rename_table(each.table, sql.identifier(new))


def _order(each: Operation) -> Statements:
    if is_given(each.get(1, "order_with_respect_to")):
        added = sql.column("_order", "integer", null=False, default="0")
        yield sql.add_column(each.table, added)


def _nothing(_each: Operation) -> Statements:
    return iter(())


OPERATIONS: Final[dict[str, Callable[[Operation], Statements]]] = {
    "CreateModel": _create_model,
    "DeleteModel": _delete_model,
    "RenameModel": _rename_model,
    "AddField": _add_field,
    "RemoveField": _remove_field,
    "AlterField": _alter_field,
    "RenameField": _rename_field,
    "AddIndex": lambda each: _index(each, concurrently=False),
    "AddIndexConcurrently": lambda each: _index(each, concurrently=True),
    "RemoveIndex": lambda each: _remove_index(each, concurrently=False),
    "RemoveIndexConcurrently": lambda each: _remove_index(each, concurrently=True),
    "RenameIndex": _rename_index,
    "AddConstraint": lambda each: _add_constraint(each, valid=True),
    "AddConstraintNotValid": lambda each: _add_constraint(each, valid=False),
    "ValidateConstraint": _validate,
    "RemoveConstraint": _remove_constraint,
    "AlterUniqueTogether": _unique_together,
    "AlterIndexTogether": _index_together,
    "AlterModelTable": _model_table,
    "AlterOrderWithRespectTo": _order,
    "AlterModelOptions": _nothing,
    "AlterModelManagers": _nothing,
    "AlterModelTableComment": _nothing,
    "AlterConstraint": _nothing,
}
"""What each operation sends."""
