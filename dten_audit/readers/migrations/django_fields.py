"""Fields and tables of Django's models as SQL text.

Source: Django 5.1, "Model field reference", "Databases", db/backends/postgresql/base.py
(``data_types``); read 2026-11-21.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from dten_audit.readers.migrations import rendering as sql
from dten_audit.readers.migrations.values import is_given, literal, truth, word
from dten_audit.readers.programs.values import Called, Name, Number, Value
from dten_audit.readers.shell.values import Field as Text

_TYPES: Final = {
    "AutoField": "integer", "BigAutoField": "bigint", "SmallAutoField": "smallint",
    "CharField": "varchar", "SlugField": "varchar(50)", "EmailField": "varchar(254)",
    "URLField": "varchar(200)", "FileField": "varchar(100)", "ImageField": "varchar(100)",
    "FilePathField": "varchar(100)", "CommaSeparatedIntegerField": "varchar",
    "TextField": "text", "IntegerField": "integer", "BigIntegerField": "bigint",
    "SmallIntegerField": "smallint", "PositiveIntegerField": "integer",
    "PositiveBigIntegerField": "bigint", "PositiveSmallIntegerField": "smallint",
    "BooleanField": "boolean", "NullBooleanField": "boolean", "DateField": "date",
    "DateTimeField": "timestamp with time zone", "TimeField": "time", "DecimalField": "numeric",
    "FloatField": "double precision", "UUIDField": "uuid", "JSONField": "json",
    "GenericIPAddressField": "inet", "IPAddressField": "inet", "DurationField": "interval",
    "BinaryField": "blob", "SearchVectorField": "tsvector", "HStoreField": "hstore",
}  # fmt: skip
_KEYS: Final = frozenset(("AutoField", "BigAutoField", "SmallAutoField"))
_RELATIONS: Final = frozenset(
    "ForeignKey OneToOneField ParentalKey TreeForeignKey FilerFileField FilerImageField"
    " AuthUserForeignKey CurrentUserField".split()
)
_MANY: Final = frozenset(
    "ManyToManyField ParentalManyToManyField SortedManyToManyField TaggableManager"
    " ClusterTaggableManager".split()
)
_LIKE_MANY: Final = ("ManyToManyField", "M2MField")
_LIKE_RELATION: Final = ("ForeignKey", "ForeignKeyField", "OneToOneField")
"""How an application's own fields are called that are derived from those of Django."""
_VIRTUAL: Final = frozenset(
    "GenericForeignKey GenericRelation CompositePrimaryKey ForeignObject".split()
)
_EMPTY_ALLOWED: Final = frozenset(
    "CharField SlugField EmailField URLField FileField ImageField FilePathField TextField"
    " CommaSeparatedIntegerField".split()
)
_POSITIVE: Final = "Positive"


class Models(NamedTuple):
    """How models are named: the label of the app, and tables that a model names itself.

    ``links`` are the many-to-many fields that the file tells of, as (model, field): tables, each.
    """

    app: str
    tables: dict[str, str]
    links: set[tuple[str, str]]

    def table(self, model: str) -> str:
        """Return a model's table, rendered."""
        if "${" in model:
            return sql.identifier(sql.hole(model.strip("${}")))
        own = self.tables.get(model.lower())
        return sql.identifier(own) if own else sql.identifier(f"{self.app}_{model.lower()}")

    def target(self, value: Value | None, own: str) -> str:
        """Return the table that a relation points to: ``app.Model``, ``Model``, ``self``."""
        written = word(value)
        if written.lower() == "self":
            return self.table(own)
        app, _, model = written.rpartition(".")
        if "${" in written or not model:
            return sql.hole(written.strip("${}") or "table")
        if not app or app == self.app:
            return self.table(model)
        return sql.identifier(f"{app}_{model}".lower())


class FieldOf(NamedTuple):
    """A field of a model: its column, and what the database gets beside it.

    ``kind`` is its class; ``column`` is empty where it has none (many-to-many, generic keys).
    """

    kind: str
    name: str
    column: str
    type_: str
    value: Called

    def option(self, name: str) -> Value | None:
        """Return one of its options."""
        return self.value.arguments.option(name)

    @property
    def is_relation(self) -> bool:
        """Whether it is a foreign key."""
        return _relates(self.kind)

    @property
    def is_many(self) -> bool:
        """Whether it is a table between two models."""
        return _is_many(self.kind) and not is_given(self.option("through"))

    @property
    def is_indexed(self) -> bool:
        """Whether Django builds an index beside those of its constraints."""
        if self.is_unique or truth(self.option("primary_key")):
            return False
        given = self.option("db_index")
        return truth(given) if given is not None else self.is_relation or self.kind == "SlugField"

    @property
    def is_unique(self) -> bool:
        """Whether its values are unique."""
        return truth(self.option("unique")) or self.kind.endswith("OneToOneField")


def _is_many(kind: str) -> bool:
    return kind in _MANY or kind.endswith(_LIKE_MANY)


def _relates(kind: str) -> bool:
    return kind in _RELATIONS or (
        kind.endswith(_LIKE_RELATION) and not kind.startswith("Generic") and kind not in _TYPES
    )


def field_of(name: str, value: Value | None) -> FieldOf | None:
    """Return a field; None where the value is none."""
    if not isinstance(value, Called):
        return None
    kind = value.path.rpartition(".")[2]
    arguments = value.arguments
    column = word(arguments.option("db_column")) or name
    if kind in _VIRTUAL or _is_many(kind):
        return FieldOf(kind, name, "", "", value)
    if _relates(kind):
        written = arguments.option("db_column")
        return FieldOf(kind, name, column if is_given(written) else f"{name}_id", "", value)
    return FieldOf(kind, name, column, type_of(value), value)


def type_of(value: Called) -> str:
    """Return a field's type; a placeholder for a field of the application's own."""
    kind = value.path.rpartition(".")[2]
    arguments = value.arguments
    if kind == "ArrayField":
        inner = arguments.get(0, ("base_field",))
        found = type_of(inner) if isinstance(inner, Called) else sql.hole("type")
        return found if found.startswith("$") else f"{found}[]"
    known = _TYPES.get(kind)
    if known is None:
        return sql.hole(kind)
    if known == "numeric":
        sizes = (arguments.option("max_digits"), arguments.option("decimal_places"))
        return sql.kind(known, *(each.text for each in sizes if isinstance(each, Number)))
    size = arguments.option("max_length")
    if known.startswith("varchar") and isinstance(size, Number):
        return sql.kind("varchar", size.text)
    if known == "varchar" and is_given(size):
        return sql.hole(kind)
    return known


def definition(field: FieldOf, models: Models, model: str, *, filled: bool = False) -> str:
    """Return a column's definition; ``filled``: there are rows, which get the field's default."""
    null = truth(field.option("null")) or field.kind == "NullBooleanField"
    key = field.kind in _KEYS
    primary = key or truth(field.option("primary_key"))
    more = ["PRIMARY KEY"] * primary + ["UNIQUE"] * (field.is_unique and not primary)
    if field.kind.startswith(_POSITIVE):
        more.append(sql.check(f"{sql.identifier(field.column)} >= 0"))
    references = ""
    if field.is_relation and truth(field.option("db_constraint"), default=True):
        to = field.value.arguments.get(0, ("to",))
        references = models.target(to, model)
    if field.kind == "GeneratedField":
        return _generated(field)
    return sql.column(
        field.column,
        field.type_ or "bigint",
        null=null and not primary,
        default=_default(field, filled=filled, null=null),
        identity=key,
        references=references,
        more=" ".join(more),
    )


def _generated(field: FieldOf) -> str:
    inner = field.option("output_field")
    kind = type_of(inner) if isinstance(inner, Called) else sql.hole("type")
    stored = "STORED" if truth(field.option("db_persist")) else "VIRTUAL"
    what = f"GENERATED ALWAYS AS ({sql.hole('expression')}) {stored}"
    return sql.column(field.column, kind, more=what)


def _default(field: FieldOf, *, filled: bool, null: bool) -> str:
    """Return the default with which the column is made.

    ``default`` is Django's own: rows that are there get it, once, as a constant.
    """
    at_database = field.option("db_default")
    if is_given(at_database):
        return _expression(at_database)
    if not filled:
        return ""
    given = field.option("default")
    if is_given(given):
        plain = isinstance(given, (Text, Number)) or (
            isinstance(given, Name) and given.path in ("True", "False")
        )
        return literal(given) if plain else sql.hole("default")
    if truth(field.option("auto_now")) or truth(field.option("auto_now_add")):
        return sql.hole("now")
    if null or not truth(field.option("blank")):
        return ""
    if field.kind in _EMPTY_ALLOWED:
        return "''"
    own = field.kind not in _TYPES and not field.is_relation
    return sql.hole("default") if own else ""


def _expression(value: Value | None) -> str:
    """Return a default of the database: a literal, or a function (``Now()``, ``RandomUUID()``)."""
    if not isinstance(value, Called):
        return literal(value)
    short = value.path.rpartition(".")[2]
    if short == "Value":
        return literal(value.arguments.get(0))
    known = {"Now": "now()", "RandomUUID": "gen_random_uuid()", "TransactionNow": "now()"}
    return known.get(short, sql.hole(short))
