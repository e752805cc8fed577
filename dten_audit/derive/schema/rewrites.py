"""Whether a change copies its table: by defaults, types, versions and what is known of before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, cast

from dten_audit.model.facts.sql import Action, Dialect
from dten_audit.model.unknown import Unknown
from dten_audit.readers.knowledge import from_tables, knowledge
from dten_audit.readers.sql.locks_mysql import copies_online
from dten_audit.readers.sql.servers import Server

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
_CASTS: Final = (("cidr", "inet"), ("varchar", "text"), ("text", "varchar"), ("xml", "text"))
_FIXED: Final = frozenset(
    "bigint integer smallint uuid json jsonb date boolean bytea double precision real serial"
    " bigserial timestamptz timestamp".split()
) | {"double precision"}
_CONSTANT_DEFAULT_VERSION: Final = 11
_ZONES_LIKE_UTC: Final = frozenset(("utc", "gmt", "etc/utc", "zulu", "universal", "+0", "0"))
_ZONES_COMPARED: Final = 12
TABLE_TYPES: Final = Unknown("site.tables")


class Domain(NamedTuple):
    """A domain that the package defines: the type below it, and whether values are checked."""

    base: str
    checked: bool


class Around(NamedTuple):
    """What else decides: the server's major version (0: not known), the zone, domains made here."""

    version: int = 0
    zone: str = ""
    domains: Mapping[str, Domain] = {}


NOTHING: Final = Around()


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


def added_column(
    action: Action, dialect: Dialect, version: int, around: Around = NOTHING
) -> bool | Unknown:
    """Say whether ADD COLUMN copies the table. ``version`` is the server's, 0 where not known."""
    flags = action.flags
    if dialect == "postgres":
        domain = around.domains.get(action.value)
        return True if domain and domain.checked else _added_postgres(action, version)
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


def changed_type(
    action: Action, before: str, dialect: Dialect, around: Around = NOTHING
) -> bool | Unknown:
    """Say whether a change of type copies the table; ``before`` is the old type, if known."""
    if "using" in action.flags and dialect == "postgres":
        return _same_cast(action, before)
    domain = around.domains.get(action.value)
    if domain is not None and domain.checked:
        return True
    wanted = domain.base if domain is not None else action.value
    old, new = _shape(before) if before else ("", "", ""), _shape(wanted)
    if before and old == new:
        return False
    if dialect == "postgres":
        return _changed_postgres(old, new, around)
    if dialect == "oracle":
        return False
    if not before or (dialect == "mysql" and _needs_letters(old, new)):
        return TABLE_TYPES
    return not _grows(old, new, dialect)


def _same_cast(action: Action, before: str) -> bool | Unknown:
    """``USING c::text`` only says what ALTER TYPE would do by itself."""
    plain = re.search(r"(?i)\busing\s+\"?[\w]+\"?\s*::\s*([\w ()]+?)\s*$", action.text)
    if plain is not None and _shape(plain[1]) == _shape(action.value):
        old, new = _shape(before) if before else ("", "", ""), _shape(action.value)
        return False if before and old == new else _changed_postgres(old, new, NOTHING)
    return True


def _changed_postgres(
    old: tuple[str, str, str], new: tuple[str, str, str], around: Around
) -> bool | Unknown:
    base, size, scale = new
    if not old[0]:
        if base in ("text", "varchar") and not size:
            return False
        if base in _TIMES:
            return TABLE_TYPES
        return True if base in _FIXED else TABLE_TYPES
    if (old[0], base) in _CASTS and not size:
        return False
    if old[0] == base and base in _LOOSENED and not size:
        return False
    if old[0] == base == "numeric" and size and old[1]:
        return not (int(size) >= int(old[1]) and (scale or "0") == (old[2] or "0"))
    if {old[0], base} == _TIMES and not size and not old[1]:
        return _shifted(around)
    return not _grows(old, new, "postgres")


_TIMES: Final = {"timestamp", "timestamptz"}
_LOOSENED: Final = frozenset("numeric interval time timetz timestamp timestamptz varbit".split())
"""Without a precision they hold all that they held with one (proven by the lock oracle)."""


def _shifted(around: Around) -> bool | Unknown:
    """The same bytes mean the same time in a session whose zone is UTC (release notes of 12)."""
    if 0 < around.version < _ZONES_COMPARED:
        return True
    if not around.zone:
        return Unknown("site.databases")
    return around.zone.lower() not in _ZONES_LIKE_UTC


_SHORT_LENGTH: Final = 255
_LETTERS: Final = (3, 4)
"""Bytes of a letter: utf8mb3, the default of MySQL's old releases, and utf8mb4."""


def _grows(old: tuple[str, str, str], new: tuple[str, str, str], dialect: Dialect) -> bool:
    """``varchar(20)`` to ``varchar(40)``: the rows stay as they are."""
    if old[0] != new[0] or old[0] not in ("varchar", "nvarchar", "varbit", "varbinary"):
        return False
    if not new[1] or new[1] == "max":
        return dialect == "postgres"
    if not old[1].isdigit():
        return False
    before, after = int(old[1][:9]), int(new[1][:9])
    if dialect == "mysql" and any(_crosses(before, after, size) for size in _LETTERS):
        return False
    return after >= before


def _crosses(before: int, after: int, size: int) -> bool:
    """Say whether a text's length takes a byte more, with letters of so many bytes each."""
    return before * size <= _SHORT_LENGTH < after * size


def _needs_letters(old: tuple[str, str, str], new: tuple[str, str, str]) -> bool:
    """Say whether only the character set tells if a text that may be longer needs a copy."""
    if not (old[0] == new[0] == "varchar" and old[1].isdigit() and new[1].isdigit()):
        return False
    before, after = int(old[1][:9]), int(new[1][:9])
    crossed = {_crosses(before, after, size) for size in _LETTERS}
    return after >= before and len(crossed) > 1


class Change(NamedTuple):
    """What MODIFY and CHANGE do: whether rows are written anew, and whether others may write."""

    copies: bool | Unknown
    free: bool


_OTHER_LETTERS: Final = re.compile(r"(?i)\b(?:character\s+set|charset|collate)\b")
_LIST: Final = re.compile(r"(enum|set)\s*\((.*)\)")
_IN_A_BYTE: Final = 255
_MEMBERS: Final = 8


def redefined(action: Action, before: str, servers: Iterable[Server]) -> Change:
    """Return what a column's new definition does in MySQL; of several servers, the worst."""
    found = [_redefined(action, before, server) for server in servers]
    return max(found, key=lambda change: (change.copies is not False, not change.free))


def _redefined(action: Action, before: str, server: Server) -> Change:
    copy = Change(copies=True, free=copies_online(server))
    if not before:
        return Change(TABLE_TYPES, copies_online(server))
    if _OTHER_LETTERS.search(action.text):
        return copy
    maria = server.product == "mariadb"
    fits = _fits(before, action.value, maria=maria and not server.before(10, 4))
    if isinstance(fits, Unknown):
        return Change(fits, copies_online(server))
    if not fits:
        return copy
    required = before.lower().endswith(_NOT_NULL)
    moved = "positioned" in action.flags and not maria
    if moved or required != ("not-null" in action.flags):
        return Change(copies=True, free=True)
    return Change(copies=False, free=True)


_NOT_NULL: Final = " not null"


def _fits(before: str, after: str, *, maria: bool) -> bool | Unknown:
    """Say whether rows of the old type stay as they are with the new one."""
    old, new = _shape(before), _shape(after)
    if old == new:
        return True
    lists = [_LIST.fullmatch(t.lower().removesuffix(_NOT_NULL).strip()) for t in (before, after)]
    if lists[0] and lists[1] and lists[0][1] == lists[1][1]:
        first, second = ([part.strip() for part in found[2].split(",")] for found in lists if found)
        size = _MEMBERS if lists[0][1] == "set" else _IN_A_BYTE + 1
        same = (len(first) - 1) // size == (len(second) - 1) // size
        return same and second[: len(first)] == first
    sized = old[0] == new[0] == "varchar" and old[1].isdigit() and new[1].isdigit()
    if maria and sized:
        return int(new[1][:9]) >= int(old[1][:9])
    return TABLE_TYPES if _needs_letters(old, new) else _grows(old, new, "mysql")
