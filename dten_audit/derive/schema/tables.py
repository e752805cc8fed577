"""Which tables, indexes and columns the package itself has created so far, and with which types."""

from __future__ import annotations

from typing import Final, NamedTuple

from dten_audit.model.facts.sql import Action, Dialect, TableFrom

_DEFAULT_SCHEMAS: Final = frozenset(("public", "dbo"))
_EXACT: Final[frozenset[Dialect]] = frozenset(("postgres", "oracle", "generic"))
_QUALIFIED: Final = 2


class Origin(NamedTuple):
    """Who created a table: the script, and whether only if it was missing."""

    script: str
    maybe: bool


class Tables:
    """What has been created in one run of scripts. A rollback takes back what it undoes."""

    def __init__(self) -> None:
        self._origins: dict[str, Origin | None] = {}
        self._indexes: dict[str, str] = {}
        self._types: dict[tuple[str, str], str] = {}
        self._proven: dict[tuple[str, str], bool] = {}
        self._checks: dict[tuple[str, str], str] = {}
        self._journal: list[tuple[dict, object, object]] = []  # type: ignore[type-arg]
        self._replaced: set[str] = set()
        self.schema = ""

    def key(self, name: str, dialect: Dialect) -> str:
        """Return a table's name as the dialect compares it, with its schema where one is known."""
        parts = name.split(".")[-_QUALIFIED:]
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
        maybe = "if-not-exists" in action.flags and "temporary" not in action.flags
        if known is None:
            self._put(self._origins, key, Origin(script, maybe))
        for column, kind in action.columns:
            self._put(self._types, (key, column), kind)

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
        """Forget a table that was dropped."""
        self._put(self._origins, self.key(name, dialect), None)

    def renamed(self, old: str, new: str, dialect: Dialect) -> None:
        """Follow a rename; the new name has the schema of the old one."""
        if "." in old and "." not in new:
            new = f"{old.rpartition('.')[0]}.{new}"
        before, after = self.key(old, dialect), self.key(new, dialect)
        self._put(self._origins, after, self._origins.get(before))
        self._put(self._origins, before, None)

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

    def typed(self, table: str, column: str, kind: str, dialect: Dialect) -> None:
        """Remember a column's type."""
        self._put(self._types, (self.key(table, dialect), column), kind)

    def type_of(self, table: str, column: str, dialect: Dialect) -> str:
        """Return a column's type, as far as the package has defined it; else empty."""
        return self._types.get((self.key(table, dialect), column), "")

    def check_added(self, action: Action, dialect: Dialect) -> None:
        """Remember ``CHECK (c IS NOT NULL)``: once validated, SET NOT NULL need not scan."""
        table = self.key(action.table, dialect)
        if action.name:
            self._put(self._checks, (table, action.name), action.column)
        if action.column and "not-valid" not in action.flags:
            self._put(self._proven, (table, action.column), value=True)

    def validated(self, action: Action, dialect: Dialect) -> None:
        """Take in VALIDATE CONSTRAINT; what an unknown constraint proves is believed."""
        table = self.key(action.table, dialect)
        column = self._checks.get((table, action.name), "*")
        self._put(self._proven, (table, column), value=True)

    def is_proven(self, table: str, column: str, dialect: Dialect) -> bool:
        """Say whether a validated constraint shows that a column holds no NULL."""
        key = self.key(table, dialect)
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
        table[key] = value
