"""Whether a change copies its table: by defaults, types, versions and what is known of before."""

from __future__ import annotations

import re
from typing import Final, cast

from dten_audit.model.facts.sql import Action, Dialect
from dten_audit.model.unknown import Unknown
from dten_audit.readers.knowledge import from_tables, knowledge

_SHAPE: Final = re.compile(
    r"([a-z_][a-z0-9_ ]*?)\s*(?:\((\d+|max)(?:\s*,\s*(\d+))?\))?\s*(unsigned)?"
)
_TEXTS: Final = frozenset(("varchar", "character varying", "text", "bpchar", "citext"))
_SAME: Final = {
    "character varying": "varchar", "int": "integer", "int4": "integer", "int8": "bigint",
    "int2": "smallint", "decimal": "numeric", "dec": "numeric", "bool": "boolean",
    "timestamp with time zone": "timestamptz", "timestamp without time zone": "timestamp",
    "varchar2": "varchar", "nvarchar2": "nvarchar", "character": "char",
    "float8": "double precision",
}  # fmt: skip
_CASTS: Final = (("cidr", "inet"), ("varchar", "text"), ("char", "text"), ("text", "varchar"))
_FIXED: Final = frozenset(
    "bigint integer smallint uuid json jsonb date boolean bytea double precision real serial"
    " bigserial timestamptz timestamp interval".split()
) | {"double precision"}
_CONSTANT_DEFAULT_VERSION: Final = 11
TABLE_TYPES: Final = Unknown("site.tables")


@from_tables
def _volatility() -> dict[str, str]:
    table = cast("dict[str, list[str]]", knowledge("pg_functions"))
    return {name: kind for kind in ("immutable", "stable", "volatile") for name in table[kind]}


def has_volatile(functions: tuple[str, ...]) -> bool | Unknown:
    """Say whether a function gives each row a value of its own; Unknown for the vendor's."""
    kinds = [_volatility().get(name.lower(), "") for name in functions]
    if "volatile" in kinds:
        return True
    return AT_VENDOR if "" in kinds else False


AT_VENDOR: Final = Unknown("package.functions")


def added_column(action: Action, dialect: Dialect, version: int) -> bool | Unknown:
    """Say whether ADD COLUMN copies the table. ``version`` is the server's, 0 where not known."""
    flags = action.flags
    if dialect == "postgres":
        return _added_postgres(action, version)
    if dialect == "mysql":
        return bool(flags & {"identity", "stored", "algorithm-copy"})
    if dialect == "tsql":
        if "default" not in flags:
            return bool(flags & {"identity", "stored"})
        filled = "not-null" in flags or "with-values" in flags
        return has_volatile(action.functions) if filled else False
    if dialect == "oracle":
        return "identity" in flags
    return False


def _added_postgres(action: Action, version: int) -> bool | Unknown:
    flags = action.flags
    if flags & {"serial", "identity", "stored"}:
        return True
    if "default" not in flags:
        return False
    if version and version < _CONSTANT_DEFAULT_VERSION:
        return True
    return has_volatile(action.functions)


def _shape(kind: str) -> tuple[str, str, str]:
    """Return a type's base name in one spelling, its size, and its scale."""
    plain = kind.lower().removesuffix(" not null").strip()
    found = _SHAPE.fullmatch(plain)
    if found is None:
        return plain, "", ""
    base = " ".join(found[1].split())
    return _SAME.get(base, base) + (" unsigned" if found[4] else ""), found[2] or "", found[3] or ""


def changed_type(action: Action, before: str, dialect: Dialect) -> bool | Unknown:
    """Say whether a change of type copies the table; ``before`` is the old type, if known."""
    if "using" in action.flags and dialect == "postgres":
        return _same_cast(action, before)
    old, new = _shape(before) if before else ("", "", ""), _shape(action.value)
    if before and old == new:
        return False
    if dialect == "postgres":
        return _changed_postgres(old, new)
    if dialect == "oracle":
        return False
    if not before:
        return TABLE_TYPES
    return not _grows(old, new, dialect)


def _same_cast(action: Action, before: str) -> bool | Unknown:
    """``USING c::text`` only says what ALTER TYPE would do by itself."""
    plain = re.search(r"(?i)\busing\s+\"?[\w]+\"?\s*::\s*([\w ()]+?)\s*$", action.text)
    if plain is not None and _shape(plain[1]) == _shape(action.value):
        old, new = _shape(before) if before else ("", "", ""), _shape(action.value)
        return False if before and old == new else _changed_postgres(old, new)
    return True


def _changed_postgres(old: tuple[str, str, str], new: tuple[str, str, str]) -> bool | Unknown:
    base, size, scale = new
    if not old[0]:
        if base in ("text", "varchar") and not size:
            return False
        return True if base in _FIXED else TABLE_TYPES
    if (old[0], base) in _CASTS and not size:
        return False
    if old[0] == base == "numeric" and size and old[1]:
        return not (int(size) >= int(old[1]) and (scale or "0") == (old[2] or "0"))
    if {old[0], base} == {"timestamp", "timestamptz"}:
        return Unknown("site.databases")
    return not _grows(old, new, "postgres")


_SHORT_LENGTH: Final = 255


def _grows(old: tuple[str, str, str], new: tuple[str, str, str], dialect: Dialect) -> bool:
    """``varchar(20)`` to ``varchar(40)``: the rows stay as they are."""
    if old[0] != new[0] or old[0] not in ("varchar", "nvarchar", "varbit", "varbinary"):
        return False
    if not new[1] or new[1] == "max":
        return dialect == "postgres"
    if not old[1].isdigit():
        return False
    before, after = int(old[1][:9]), int(new[1][:9])
    if dialect == "mysql" and before * 4 <= _SHORT_LENGTH < after * 4:
        return False
    return after >= before
