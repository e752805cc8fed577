"""Values of a migration's arguments, as the parts of SQL that they stand for."""

from __future__ import annotations

from typing import NamedTuple

from dten_audit.readers.migrations import rendering as sql
from dten_audit.readers.migrations.js_walk import Walk
from dten_audit.readers.programs.values import (
    Arguments,
    Called,
    Items,
    Name,
    Number,
    Pairs,
    Unknown,
    Value,
    is_true,
)
from dten_audit.readers.shell.values import Field

_NOW = frozenset(("now", "current_timestamp", "NOW", "CURRENT_TIMESTAMP"))
_NOTHING = frozenset(("null", "undefined", "None"))


class Column(NamedTuple):
    """A column of a builder: ``more`` are words behind it, ``references`` a rendered table."""

    name: str
    type: str
    null: bool = True
    default: str = ""
    identity: bool = False
    primary: bool = False
    unique: bool = False
    references: str = ""

    @property
    def definition(self) -> str:
        """The column as SQL writes it."""
        more = "PRIMARY KEY" if self.primary else "UNIQUE" if self.unique else ""
        return sql.column(
            self.name, self.type, null=self.null, default=self.default, identity=self.identity,
            references=self.references, more=more,
        )  # fmt: skip


class Members:
    """The members of an object among the arguments, none where there is no object."""

    def __init__(self, walk: Walk, value: Value | None) -> None:
        self.walk = walk
        self.known = isinstance(value, Pairs)
        self._pairs = dict(value.pairs) if isinstance(value, Pairs) else {}

    def __iter__(self):  # type: ignore[no-untyped-def]  # noqa: ANN204
        return iter(self._pairs.items())

    def value(self, *names: str) -> Value | None:
        """Return the first of these members that is there."""
        return next((self._pairs[name] for name in names if name in self._pairs), None)

    def text(self, *names: str) -> str:
        """Return a member as text; empty where it is not there."""
        return text_of(self.walk, self.value(*names))

    def is_true(self, *names: str) -> bool:
        """Say whether a member is there and true, as far as is known."""
        return is_true(self.value(*names)) is True

    def is_false(self, *names: str) -> bool:
        """Say whether a member is there and false."""
        value = self.value(*names)
        return value is not None and is_true(value) is False

    def names(self, *names: str) -> list[str]:
        """Return a member that is a name or a list of names."""
        return names_of(self.walk, self.value(*names))


def text_of(walk: Walk, value: Value | None) -> str:
    """Return a value as text; what only the run tells stands as ``${name}``."""
    if value is None or (isinstance(value, Name) and value.path in _NOTHING):
        return ""
    return walk.field(value).text


def names_of(walk: Walk, value: Value | None) -> list[str]:
    """Return a name, or a list of names (of objects: their ``name``), as texts."""
    if value is None:
        return []
    if not isinstance(value, Items):
        return [text_of(walk, value)]
    found = []
    for item in value.items:
        named = Members(walk, item)
        found.append(named.text("name", "attribute", "columnName") if named.known
                     else text_of(walk, item))  # fmt: skip
    return [*found, sql.hole("rest")] if value.open else found


def table_of(walk: Walk, value: Value | None) -> str:
    """Return a table's name as SQL writes it; ``{tableName, schema}`` and its kin included."""
    named = Members(walk, value)
    if named.known:
        return sql.identifier(named.text("schema"), named.text("tableName", "name"))
    if isinstance(value, Called) and value.arguments.positional:
        return table_of(walk, value.arguments.positional[0])
    return sql.dotted(text_of(walk, value)) or sql.hole("table")


def object_of(value: Value | None) -> Value | None:
    """Return the object that a constructor is given (``new TableColumn({…})``), or the value."""
    if isinstance(value, Called) and value.arguments.positional:
        return value.arguments.positional[0]
    return value


def default_of(walk: Walk, value: Value | None, *, expression: bool = False) -> str:
    """Return a default as an SQL expression; empty where there is none.

    ``expression``: a text is an expression itself (TypeORM), else a string.
    """
    if value is None or (isinstance(value, Name) and value.path in _NOTHING):
        return ""
    if isinstance(value, Number):
        return value.text
    if isinstance(value, Field):
        if not value.known:
            return sql.hole("value")
        return sql.expression(value.text) if expression else sql.text(value.text)
    if isinstance(value, Name) and value.path in ("true", "false"):
        return value.path
    if isinstance(value, Called):
        return _function(walk, value)
    if isinstance(value, (Items, Pairs)):
        return sql.text("{}")
    if isinstance(value, Unknown) and value.text.replace("-", "").replace(".", "").isdigit():
        return value.text
    return _named(value)


def _named(value: Value) -> str:
    last = getattr(value, "path", "").rpartition(".")[2]
    return "now()" if last in _NOW else sql.hole(last or "value")


def _function(walk: Walk, call: Called) -> str:
    """Return what ``knex.raw('…')``, ``Sequelize.literal('…')``, ``fn('now')`` stand for."""
    last = call.path.rpartition(".")[2]
    first = call.arguments.positional[0] if call.arguments.positional else None
    if last in ("raw", "literal", "func", "sql") and isinstance(first, Field) and first.known:
        return sql.expression(first.text)
    if last == "fn" and isinstance(first, Field) and first.known:
        return f"{sql.kind(first.text)}()"
    if last in _NOW:
        return "now()"
    if last == "uuid":
        return "gen_random_uuid()"
    if last == "stringify" and first is not None:
        return sql.text("{}")
    return sql.hole(last or text_of(walk, first) or "value")


def sizes_of(arguments: Arguments) -> list[str]:
    """Return the numbers among the arguments of a type."""
    return [value.text for value in arguments.positional if isinstance(value, Number)]
