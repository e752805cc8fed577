"""Which tables, indexes and columns the package itself has created so far, and with which types."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from dten_audit.derive.schema.rewrites import Domain
from dten_audit.model.facts.sql import Action, Dialect, TableFrom
from dten_audit.readers.sql.draft import unprefixed

_DEFAULT_SCHEMAS: Final = frozenset(("public", "dbo"))
_EXACT: Final[frozenset[Dialect]] = frozenset(("postgres", "oracle", "generic"))
_QUALIFIED: Final = 2
_MOST_LINKS: Final = 50
_DOMAIN: Final = re.compile(r"(?i)^create\s+domain\s+\S+\s+(?:as\s+)?(\w+(?:\s*\([\d\s,]*\))?)")
_CHECKS: Final = re.compile(r"(?i)\bcheck\b|\bnot\s+null\b")


class Origin(NamedTuple):
    """Who created a table: the script, and whether only if it was missing."""

    script: str
    maybe: bool


class Tables:
    """What has been created in one run of scripts. A rollback takes back what it undoes."""

    def __init__(self) -> None:
        self._origins: dict[str, Origin] = {}
        self._indexes: dict[str, str] = {}
        self._types: dict[tuple[str, str], str] = {}
        self._proven: dict[tuple[str, str], bool] = {}
        self._checks: dict[tuple[str, str], str] = {}
        self._journal: list[tuple[dict, object, object]] = []  # type: ignore[type-arg]
        self._replaced: set[str] = set()
        self._temporary: dict[str, bool] = {}
        self._gone: dict[str, bool] = {}
        self._identities: dict[str, str] = {}
        self._renames = 0
        self._bounded: dict[str, bool] = {}
        self.domains: dict[str, Domain] = {}
        self._links: dict[str, tuple[tuple[str, str], ...]] = {}
        self._cleared: dict[str, bool] = {}
        self._identified: dict[str, bool] = {}
        self._emptied: dict[str, str] = {}
        self.schema = ""

    def _identity(self, key: str) -> str:
        """What is known of a table's columns stays with it when it gets another name."""
        return self._identities.get(key, key)

    def _table(self, name: str, dialect: Dialect) -> str:
        return self._identity(self.key(name, dialect))

    def key(self, name: str, dialect: Dialect) -> str:
        """Return a table's name as the dialect compares it, with its schema where one is known."""
        parts = name.split(".")[-_QUALIFIED:]
        parts[-1] = unprefixed(parts[-1])
        if len(parts) == 1 and self.schema:
            parts.insert(0, self.schema)
        if len(parts) == _QUALIFIED and parts[0].lower() in (*_DEFAULT_SCHEMAS, ""):
            parts = parts[1:]
        key = ".".join(parts)
        return key if dialect in _EXACT else key.lower()

    def created(self, action: Action, script: str, dialect: Dialect) -> None:
        """Take in a CREATE TABLE."""
        key = self.key(action.table, dialect)
        known = self._origins.get(key)
        temporary = "temporary" in action.flags or key.startswith("pg_temp.")
        maybe = "if-not-exists" in action.flags and not temporary and not self._gone.get(key)
        if known is None or temporary:
            self._put(self._origins, key, Origin(script, maybe))
        if temporary:
            self._put(self._temporary, key, "on-commit-drop" in action.flags)
        for column, kind in action.columns:
            self._put(self._types, (self._identity(key), column), kind)

    def origin(self, name: str, script: str, dialect: Dialect) -> TableFrom:
        """Return where a table comes from, seen from a statement of ``script``."""
        if name[:1] in ("#", "@"):
            return "file"
        origin = self._origins.get(self.key(name, dialect))
        if origin is None:
            return "site"
        if origin.maybe:
            return "either"
        return "file" if origin.script == script else "set"

    def dropped(self, name: str, dialect: Dialect) -> None:
        """Forget a table that was dropped; of one name, the temporary table goes first."""
        key = self.key(name, dialect)
        self._put(self._origins, key, None)
        if key in self._temporary:
            self._put(self._temporary, key, None)
        else:
            self._put(self._gone, key, value=True)

    def forget_temporary(self) -> None:
        """End the session: its temporary tables are gone."""
        for key in self._temporary:
            self._origins.pop(key, None)
        self._temporary.clear()

    def committed(self) -> None:
        """End the transaction: so are those that were made ON COMMIT DROP."""
        for key in [key for key, drops in self._temporary.items() if drops]:
            self._origins.pop(key, None)
            del self._temporary[key]

    def renamed(self, old: str, new: str, dialect: Dialect) -> None:
        """Follow a rename; the new name has the schema of the old one."""
        if "." in old and "." not in new:
            new = f"{old.rpartition('.')[0]}.{new}"
        before, after = self.key(old, dialect), self.key(new, dialect)
        self._put(self._origins, after, self._origins.get(before))
        self._put(self._origins, before, None)
        self._put(self._gone, before, value=True)
        if before in self._temporary:
            self._put(self._temporary, after, self._temporary[before])
            self._put(self._temporary, before, None)
        self._renames += 1
        self._put(self._identities, after, self._identity(before))
        self._put(self._identities, before, f"{before} {self._renames}")

    def replaced(self, copy: str, dialect: Dialect) -> None:
        """Remember that a table lives on under its old name: ``copy`` is what was renamed away."""
        self._replaced.add(self.key(copy, dialect))

    def is_replaced(self, name: str, dialect: Dialect) -> bool:
        """Say whether a table is the old copy of one that the script has built anew."""
        return self.key(name, dialect) in self._replaced

    def index_created(self, name: str, table: str, dialect: Dialect) -> None:
        """Remember which table an index is on."""
        if name:
            self._put(self._indexes, self.key(name, dialect).rpartition(".")[2], table)

    def table_of_index(self, name: str, dialect: Dialect) -> str:
        """Return the table of an index created here; empty where it was not."""
        return self._indexes.get(self.key(name, dialect).rpartition(".")[2], "")

    def index_dropped(self, name: str, dialect: Dialect) -> None:
        """Remember that an index of this name was dropped, so that none is left over."""
        self._put(self._cleared, self.key(name, dialect).rpartition(".")[2], value=True)

    def is_cleared(self, name: str, dialect: Dialect) -> bool:
        """Say whether an index of this name was dropped before."""
        return bool(name) and self.key(name, dialect).rpartition(".")[2] in self._cleared

    def emptied(self, table: str, script: str, dialect: Dialect) -> None:
        """Remember that a script takes all rows out of a table; a copy into it ends that."""
        self._put(self._emptied, self._table(table, dialect), script or None)

    def is_emptied(self, table: str, script: str, dialect: Dialect) -> bool:
        """Say whether the script itself has taken all rows out of a table before."""
        return bool(script) and self._emptied.get(self._table(table, dialect)) == script

    def identified(self, table: str, dialect: Dialect, *, known: bool) -> None:
        """Take in REPLICA IDENTITY: ``known`` unless it is the default, the primary key."""
        self._put(self._identified, self._table(table, dialect), value=known)

    def has_identity(self, table: str, dialect: Dialect) -> bool:
        """Say whether replication knows the table's rows without their primary key."""
        return bool(self._identified.get(self._table(table, dialect)))

    def typed(self, table: str, column: str, kind: str, dialect: Dialect) -> None:
        """Remember a column's type."""
        self._put(self._types, (self._table(table, dialect), column), kind)

    def type_of(self, table: str, column: str, dialect: Dialect) -> str:
        """Return a column's type, as far as the package has defined it; else empty."""
        return self._types.get((self._table(table, dialect), column), "")

    def check_added(self, action: Action, dialect: Dialect) -> None:
        """Remember ``CHECK (c IS NOT NULL)``: once validated, SET NOT NULL need not scan."""
        table = self._table(action.table, dialect)
        if action.name:
            self._put(self._checks, (table, action.name), action.column)
        if action.constraint == "check" and "not-valid" not in action.flags:
            self._put(self._bounded, table, value=True)
        if action.column and "not-valid" not in action.flags:
            self._put(self._proven, (table, action.column), value=True)

    def validated(self, action: Action, dialect: Dialect) -> None:
        """Take in VALIDATE CONSTRAINT; what an unknown constraint proves is believed."""
        table = self._table(action.table, dialect)
        self._put(self._bounded, table, value=True)
        column = self._checks.get((table, action.name), "*")
        self._put(self._proven, (table, column), value=True)

    def linked(self, action: Action, dialect: Dialect) -> None:
        """Remember the tables that a foreign key or partition ties a table to."""
        child, parents = action.table, action.references
        if action.verb == "attach_partition":
            child, parents = action.name, (action.table,)
        if parents:
            table = self._table(child, dialect)
            known = self._links.get(table, ())
            name = action.name if action.verb == "add_constraint" else ""
            self._put(self._links, table, (*known, *((name, p) for p in parents))[-_MOST_LINKS:])

    def links(self, action: Action, dialect: Dialect) -> tuple[str, ...]:
        """Return the tables that lose what ties them to the one that an action drops or frees."""
        if action.verb not in ("drop_table", "drop_constraint"):
            return ()
        known = self._links.get(self._table(action.table, dialect), ())
        whole = action.verb == "drop_table"
        return tuple(
            dict.fromkeys(parent for name, parent in known if whole or name == action.name)
        )

    def domain_created(self, name: str, text: str) -> None:
        """Take in CREATE DOMAIN: the type below, and whether it checks its values."""
        found = _DOMAIN.search(text)
        base = found[1].lower() if found else ""
        self._put(self.domains, name, Domain(base, _CHECKS.search(text) is not None))

    def domain_checked(self, name: str) -> None:
        """Take in ALTER DOMAIN … ADD CONSTRAINT, also one that is not valid yet."""
        known = self.domains.get(name, Domain("", checked=True))
        self._put(self.domains, name, known._replace(checked=True))

    def is_bounded(self, table: str, dialect: Dialect) -> bool:
        """Say whether the package gives a table a CHECK that holds for its rows."""
        return bool(self._bounded.get(self._table(table, dialect)))

    def is_proven(self, table: str, column: str, dialect: Dialect) -> bool:
        """Say whether a validated constraint shows that a column holds no NULL."""
        key = self._table(table, dialect)
        return bool(self._proven.get((key, column)) or self._proven.get((key, "*")))

    def mark(self) -> int:
        """Return a point to which ``undo`` goes back."""
        return len(self._journal)

    def undo(self, mark: int) -> None:
        """Take back everything since ``mark``."""
        while len(self._journal) > mark:
            table, key, old = self._journal.pop()
            if old is None:
                table.pop(key, None)
            else:
                table[key] = old

    def forget(self) -> None:
        """Make everything permanent: the transaction has ended."""
        self._journal.clear()

    def _put(self, table: dict, key: object, value: object) -> None:  # type: ignore[type-arg]
        self._journal.append((table, key, table.get(key)))
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value
