"""Lines of a table's block in Laravel's schema builder as SQL text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from dten_audit.readers.migrations import rendering as sql
from dten_audit.readers.migrations.rails_columns import plural
from dten_audit.readers.migrations.values import is_nothing, literal, truth, word, words
from dten_audit.readers.programs.values import Arguments, Called, Items, Number, Value
from dten_audit.readers.shell.values import Field

Links = list[tuple[str, Arguments]]
Told = Iterator[tuple[str, bool]]

_TYPES: Final = {
    "bigInteger": "bigint", "binary": "blob", "boolean": "boolean", "char": "char",
    "date": "date", "dateTime": "datetime", "dateTimeTz": "timestamp with time zone",
    "decimal": "decimal", "double": "double precision", "float": "float", "foreignId": "bigint",
    "foreignUlid": "char(26)", "foreignUuid": "uuid", "integer": "integer", "ipAddress": "varchar",
    "json": "json", "jsonb": "jsonb", "longText": "longtext", "macAddress": "varchar",
    "mediumInteger": "mediumint", "mediumText": "mediumtext", "smallInteger": "smallint",
    "string": "varchar", "text": "text", "time": "time", "timeTz": "time with time zone",
    "timestamp": "timestamp", "timestampTz": "timestamp with time zone", "tinyInteger": "tinyint",
    "tinyText": "tinytext", "ulid": "char(26)", "unsignedBigInteger": "bigint",
    "unsignedDecimal": "decimal", "unsignedInteger": "integer", "unsignedMediumInteger":
    "mediumint", "unsignedSmallInteger": "smallint", "unsignedTinyInteger": "tinyint",
    "uuid": "uuid", "year": "year", "softDeletes": "timestamp", "rememberToken": "varchar(100)",
    "softDeletesTz": "timestamp with time zone", "geometry": "geometry", "point": "point",
    "addColumn": "", "enum": "", "set": "", "computed": "",
}  # fmt: skip
_KEYS: Final = {
    "id": "bigint", "increments": "integer", "bigIncrements": "bigint",
    "smallIncrements": "smallint", "mediumIncrements": "mediumint", "tinyIncrements": "tinyint",
}  # fmt: skip
_NAMED: Final = {"id": "id", "softDeletes": "deleted_at", "softDeletesTz": "deleted_at",
                 "rememberToken": "remember_token", "uuid": "uuid", "ulid": "ulid"}  # fmt: skip
_SIZED: Final = frozenset(("varchar", "char", "decimal"))
_DROPS: Final = frozenset(("dropIndex", "dropFullText", "dropSpatialIndex"))
_CONSTRAINTS: Final = frozenset(("dropForeign", "dropUnique", "dropPrimary"))


def in_table(table: str, links: Links, *, new: bool) -> Told:
    """Yield what a line does: columns (True), statements of their own (False).

    ``links`` are its calls; ``table`` is rendered; ``new``: the block makes the table.
    """
    kind, arguments = links[0]
    modifiers = dict(links[1:])
    if kind in _KEYS:
        name = word(arguments.get(0)) or _NAMED.get(kind, "id")
        yield sql.column(name, _KEYS[kind], identity=True, more="PRIMARY KEY"), True
    elif kind in ("timestamps", "timestampsTz", "nullableTimestamps", "datetimes"):
        for name in ("created_at", "updated_at"):
            yield sql.column(name, "timestamp"), True
    elif kind.lower().endswith("morphs"):
        null = kind.startswith("nullable")
        name = word(arguments.get(0))
        yield sql.column(f"{name}_type", "varchar(255)", null=null), True
        yield sql.column(f"{name}_id", "bigint", null=null), True
        columns = [f"{name}_type", f"{name}_id"]
        yield sql.create_index("", table, columns), False
    elif kind in _TYPES:
        yield from _column(table, kind, arguments, modifiers)
    else:
        yield from _other(table, kind, arguments, modifiers, new=new)


def _column(table: str, kind: str, arguments: Arguments, modifiers: dict[str, Arguments]) -> Told:
    number = 1 if kind == "addColumn" else 0
    name = word(arguments.get(number, ("column",))) or _NAMED.get(kind, "column")
    type_ = _type(kind, arguments)
    if "change" in modifiers:
        not_null = "" if _null(kind, modifiers) else " NOT NULL"
        yield sql.restate_type(table, name, type_ + not_null), False
        return
    references = ""
    if "constrained" in modifiers:
        given = modifiers["constrained"].get(0, ("table",))
        references = sql.identifier(word(given) or plural(name.removesuffix("_id")))
    more = "UNIQUE" if "unique" in modifiers else ""
    more += _generated(modifiers)
    yield (
        sql.column(
            name,
            type_,
            null=_null(kind, modifiers),
            default=_default(modifiers),
            identity="autoIncrement" in modifiers,
            references=references,
            more=more,
        ),
        True,
    )
    if "index" in modifiers:
        yield sql.create_index("", table, [sql.identifier(name)]), False


def _null(kind: str, modifiers: dict[str, Arguments]) -> bool:
    if kind.startswith("softDeletes") or kind == "rememberToken":
        return True
    if "nullable" not in modifiers:
        return False
    return truth(modifiers["nullable"].get(0), default=True) or not modifiers["nullable"].positional


def _default(modifiers: dict[str, Arguments]) -> str:
    if "useCurrent" in modifiers:
        return "CURRENT_TIMESTAMP"
    value = modifiers["default"].get(0) if "default" in modifiers else None
    if value is None or is_nothing(value):
        return ""
    if isinstance(value, Called) and value.path.rpartition("::")[2] == "raw":
        return sql.expression(word(value.arguments.get(0)))
    return literal(value)


def _generated(modifiers: dict[str, Arguments]) -> str:
    for name, how in (("storedAs", "STORED"), ("virtualAs", "VIRTUAL")):
        if name in modifiers:
            return f" GENERATED ALWAYS AS ({sql.expression(word(modifiers[name].get(0)))}) {how}"
    return ""


def _type(kind: str, arguments: Arguments) -> str:
    known = _TYPES[kind]
    if kind in ("enum", "set", "computed"):
        return sql.hole(kind)
    if kind == "addColumn":
        written = word(arguments.get(0))
        return _TYPES.get(written) or sql.hole(written)
    if known not in _SIZED:
        return known
    sizes = [value.text for value in arguments.positional[1:3] if isinstance(value, Number)]
    sizes += [value.text for key, value in arguments.keywords
              if key in ("length", "total", "places") and isinstance(value, Number)]  # fmt: skip
    return sql.kind(known, *sizes) if sizes else "varchar(255)" if kind == "string" else known


def _names(value: Value | None) -> list[str]:
    return [sql.identifier(each) for each in words(value)]


def _other(
    table: str, kind: str, arguments: Arguments, modifiers: dict[str, Arguments], *, new: bool
) -> Told:
    """Yield what an index, a constraint or a removal does."""
    first, second = arguments.get(0), arguments.get(1, ("name", "indexName"))
    if kind in ("index", "fullText", "spatialIndex", "rawIndex"):
        yield (
            sql.create_index(word(second) or _named(table, first, "index"), table, _names(first)),
            False,
        )
    elif kind in ("unique", "primary"):
        what = f"{'UNIQUE' if kind == 'unique' else 'PRIMARY KEY'} ({', '.join(_names(first))})"
        if new:
            yield what, True
        else:
            name = word(second) or _named(table, first, kind)
            yield sql.add_constraint(table, name, what), False
    elif kind == "foreign":
        on = modifiers.get("on", modifiers.get("constrained", Arguments())).get(0)
        to = words(modifiers["references"].get(0)) if "references" in modifiers else []
        what = sql.foreign_key(words(first), sql.dotted(word(on) or sql.hole("table")), to)
        name = word(second) or _named(table, first, "foreign")
        yield (what, True) if new else (sql.add_constraint(table, name, what), False)
    elif kind in ("dropColumn", "dropSoftDeletes", "dropTimestamps", "dropRememberToken",
                  "removeColumn", "dropConstrainedForeignId", "dropMorphs"):  # fmt: skip
        for name in _dropped(kind, arguments):
            yield sql.drop_column(table, name), False
    elif kind == "renameColumn":
        yield sql.rename_column(table, word(first), word(second)), False
    elif kind == "rename":
        yield sql.rename_table(table, sql.dotted(word(first))), False
    elif kind in _DROPS:
        yield sql.drop_index(_made(table, first, "index"), table), False
    elif kind in _CONSTRAINTS:
        ending = {"dropForeign": "foreign", "dropUnique": "unique"}.get(kind, "primary")
        yield sql.drop_constraint(table, _made(table, first, ending)), False
    elif kind == "drop":
        yield sql.drop_table(table), False


def _dropped(kind: str, arguments: Arguments) -> list[str]:
    if kind == "dropSoftDeletes":
        return ["deleted_at"]
    if kind == "dropTimestamps":
        return ["created_at", "updated_at"]
    if kind == "dropRememberToken":
        return ["remember_token"]
    found = [name for value in arguments.positional for name in words(value)]
    if kind == "dropMorphs":
        return [f"{name}_{ending}" for name in found[:1] for ending in ("type", "id")]
    return found


def _named(table: str, value: Value | None, ending: str) -> str:
    """Return the name that Laravel makes for an index or a key; empty where it is not told."""
    columns = words(value)
    made = _made(table, Items(tuple(Field(each) for each in columns)), ending)
    return made if columns and "$" not in made else ""


def _made(table: str, value: Value | None, ending: str) -> str:
    """Return an index's name; one that is told by its columns has a name of Laravel's making."""
    if isinstance(value, Items):
        parts = [table.replace('"', "").replace(".", "_"), *words(value), ending]
        return "_".join(parts).lower() if "$" not in "".join(parts) else sql.hole(ending)
    return word(value) or sql.hole(ending)
