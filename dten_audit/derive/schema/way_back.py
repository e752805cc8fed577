"""What a down file or section does not take back of what its up file has done.

Only what the structure shows: objects that stay, objects that do not come back, types that are not
the old ones. Where the down part runs something that cannot be read, nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from dten_audit.derive.schema.book import KEY_NAME, bare
from dten_audit.model.facts.sql import Action, SqlStatement
from dten_audit.readers.sql.draft import is_computed

Key = tuple[str, ...]
MAX_GAPS: Final = 20
_OPEN: Final = frozenset(
    "dynamic unclassified truncated include call drop_schema drop_database rename_schema".split()
)
_MADE: Final = {
    "create_table": "table", "add_column": "column", "create_index": "index",
    "add_index": "index", "add_constraint": "constraint",
}  # fmt: skip
_CONVENTIONS: Final = frozenset(("ck", "uq", "fk", "ix", "pk"))
_GONE: Final = {
    "drop_table": "table", "drop_column": "column", "drop_index": "index",
    "drop_constraint": "constraint",
}  # fmt: skip
_SAME: Final = {
    "int": "integer", "int4": "integer", "int8": "bigint", "int2": "smallint", "bool": "boolean",
    "decimal": "numeric", "dec": "numeric", "character": "char", "varchar2": "varchar",
    "serial": "integer", "bigserial": "bigint", "float8": "double", "float": "double",
    "timestamptz": "timestamp", "nvarchar2": "nvarchar",
}  # fmt: skip


class Types:
    """The types of columns, as far as the earlier files of a set tell them."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}

    def of(self, table: str, column: str) -> str:
        """Return a column's type; empty where it is not known."""
        return self._known.get((bare(table), column.lower()), "")

    def learn(self, statements: Iterable[SqlStatement]) -> None:
        """Take in what a file does to columns."""
        for action in _actions(statements):
            if action.verb in ("add_column", "alter_type"):
                self._known[bare(action.table), action.column.lower()] = action.value
            for column, kind in action.columns:
                self._known[bare(action.table), column.lower()] = kind


def gaps(up: list[SqlStatement], down: list[SqlStatement], before: Types) -> tuple[str, ...]:
    """Return what ``down`` leaves undone of ``up``, in words; empty where it undoes all."""
    back = list(_actions(down))
    if not back or any(a.verb in _OPEN or is_computed(a.table, a.name, a.column) for a in back):
        return ()
    names: dict[str, str] = {}
    made, gone, changed = _net(_actions(up), names)
    undo = _Undo(back, names)
    found = [_words(key, "stays") for key in made if not undo.removes(key)]
    own = {key[1] for key in made if key[0] == "table"}
    left = (key for key in gone if key[0] == "table" or key[1] not in own)
    found += [_words(key, "does not come back") for key in left if not undo.makes(key)]
    later = {(table, old): new for kind, table, new, old in (k for k in made if k[0] == "name")}
    for key, kind in changed.items():
        new = later.get((key[1], key[2]), key[2])
        undone = undo.changes(key) or undo.changes(("column", key[1], new))
        if not undone and _disturbs(before.of(key[1], key[2]), kind):
            found.append(_words(key, "keeps its new type"))
    found += undo.other_types((*changed, *gone), before)
    return tuple(dict.fromkeys(found))[:MAX_GAPS]


def _actions(statements: Iterable[SqlStatement]) -> Iterable[Action]:
    """Yield what lasts: what happens to temporary tables does not."""
    passing: set[str] = set()
    for action in (action for statement in statements for action in statement.actions):
        if action.verb == "create_table" and "temporary" in action.flags:
            passing.add(bare(action.table))
        elif not (action.routine or action.table[:1] == "#" or bare(action.table) in passing):
            yield action


def _net(
    actions: Iterable[Action], names: dict[str, str]
) -> tuple[dict[Key, None], dict[Key, None], dict[Key, str]]:
    """Return what is new, what is gone, and what has which other type after some actions.

    ``names`` receives the old name of each renamed table.
    """
    made: dict[Key, None] = {}
    gone: dict[Key, None] = {}
    changed: dict[Key, str] = {}
    again: set[Key] = set()
    for action in actions:
        if is_computed(action.table, action.name, action.column):
            continue
        table = _table(action, names)
        if action.verb == "rename_table" and ("table", bare(action.value)) in gone:
            _put_in_place(bare(action.value), table, made, gone)
        elif action.verb == "rename_table":
            names[bare(action.value)] = table
        elif action.verb == "rename_column":
            _rename_column(action, table, made, gone)
        elif action.verb == "alter_type" and ("table", table) not in made:
            changed["column", table, action.column.lower()] = action.value
        elif action.verb in _MADE:
            key = _key(_MADE[action.verb], action, table)
            if _comes_back(key, gone):
                again.add(key)
            elif key[-1] and (key[0] == "table" or ("table", table) not in made):
                made[key] = None
        elif action.verb in _GONE:
            key = _key(_GONE[action.verb], action, table)
            known = key in made or ("table", table) in made or key in again
            if key[-1] and not known:
                gone[key] = None
            for inner in [each for each in made if each == key or _is_inside(each, key)]:
                del made[inner]
    for key in [key for key in changed if key in made or key in gone]:
        del changed[key]
    return made, gone, changed


def _comes_back(key: Key, gone: dict[Key, None]) -> bool:
    """Say whether something that is made was gone before, which it then is no more."""
    back = [each for each in gone if each == key or _is_same(each, key)]
    for each in back:
        del gone[each]
    return bool(back)


def _rename_column(
    action: Action, table: str, made: dict[Key, None], gone: dict[Key, None]
) -> None:
    """A new column that gets another name is new under that, or takes an old one's place."""
    old, new = (("column", table, name.lower()) for name in (action.column, action.value))
    if old not in made:
        made["name", table, action.value.lower(), action.column.lower()] = None
        return
    del made[old]
    if new in gone:
        del gone[new]
    else:
        made[new] = None


def _put_in_place(name: str, other: str, made: dict[Key, None], gone: dict[Key, None]) -> None:
    """A new table takes the place of one that was dropped: SQLite's way to change a table."""
    del gone["table", name]
    for key in [key for key in made if key == ("table", other) or key[1] == other]:
        del made[key]


def _table(action: Action, names: dict[str, str]) -> str:
    table = bare(action.table)
    return names.get(table, table)


def _key(kind: str, action: Action, table: str) -> Key:
    if kind == "table":
        return ("table", table)
    if kind == "column":
        return ("column", table, action.column.lower())
    return (kind, table, _plain(bare(action.name), table))


def _plain(name: str, table: str) -> str:
    """Return a name without what SQLAlchemy's usual naming conventions put before it.

    Alembic puts it before the name that ``create_check_constraint`` is given, and nothing before
    the name that ``drop_constraint`` is given (Alembic 1.13, "Naming Constraints").
    """
    kind, _, rest = name.partition("_")
    said = rest.removeprefix(f"{table}_") if kind in _CONVENTIONS else rest
    return said if said != rest else name


def _is_same(one: Key, other: Key) -> bool:
    """Say whether two keys are of one index: DROP INDEX does not always name the table."""
    return one[0] == other[0] == "index" and one[-1] == other[-1] and "" in (one[1], other[1])


def _is_inside(key: Key, table: Key) -> bool:
    return table[0] == "table" and key[1] == table[1]


class _Undo:
    """What the down part does."""

    def __init__(self, actions: list[Action], names: dict[str, str]) -> None:
        self._actions = [(action, _table(action, names)) for action in actions]
        self._gone = {
            _key(_GONE[a.verb], a, table) for a, table in self._actions if a.verb in _GONE
        }
        self._made = {
            _key(_MADE[a.verb], a, table) for a, table in self._actions if a.verb in _MADE
        }
        for a, table in self._actions:
            if a.verb == "drop_materialized_view":
                self._gone.add(("table", bare(a.name)))
            if a.verb == "rename_column":
                self._gone.add(("column", table, a.column.lower()))
                self._made.add(("column", table, a.value.lower()))
        self._keyed = {
            table for a, table in self._actions
            if a.verb in _MADE and (a.constraint == "primary-key" or "primary-key" in a.flags)
        }  # fmt: skip
        self._narrowed = {table for a, table in self._actions if a.verb == "drop_column"}
        self._names = {name for kind, *_, name in self._gone if kind in ("index", "constraint")}

    def removes(self, key: Key) -> bool:
        """Say whether something new is gone again; an index goes with its column or table."""
        kind, table, *rest = key
        if key in self._gone or ("table", table) in self._gone:
            return True
        if kind == "name":
            return any(
                (a.verb == "rename_column" and t == table
                and (a.column.lower(), a.value.lower()) == (rest[0], rest[1]))
                or (a.verb == "drop_column" and t == table and a.column.lower() == rest[0])
                for a, t in self._actions
            )  # fmt: skip
        return kind in ("index", "constraint") and (
            rest[0] in self._names or table in self._narrowed
        )

    def makes(self, key: Key) -> bool:
        """Say whether something that is gone is there again."""
        kind, table, *rest = key
        if key in self._made or (kind != "table" and ("table", table) in self._made):
            return True
        if kind == "constraint" and table in self._keyed and KEY_NAME.search(rest[0]):
            return True
        again = {name for made, *_, name in self._made if made in ("index", "constraint")}
        return kind in ("index", "constraint") and (rest[0] in again or not rest[0])

    def changes(self, key: Key) -> bool:
        """Say whether a column's type is changed again, or the column is made anew."""
        retyped = {("column", t, a.column.lower()) for a, t in self._actions
                   if a.verb == "alter_type"}  # fmt: skip
        return key in retyped or key in self._made or key in self._gone or (
            ("table", key[1]) in self._gone
        )  # fmt: skip

    def other_types(self, keys: Iterable[Key], before: Types) -> list[str]:
        """Return the columns that come back with another type than they had."""
        wanted = set(keys)
        found = []
        for action, table in self._actions:
            key = ("column", table, action.column.lower())
            if action.verb not in ("add_column", "alter_type") or key not in wanted:
                continue
            old, new = before.of(table, action.column), action.value
            if old and "${" not in old + new and _base(old) != _base(new):
                found.append(f"{table}.{action.column} comes back as {new}, it was {old}")
        return found


def _base(kind: str) -> str:
    """Return a type's name without its size; a UUID is a char where a database has no other."""
    plain = kind.lower().replace("character varying", "varchar")
    if plain.replace(" ", "") in ("char(32)", "char(36)"):
        return "uuid"
    word = plain.split("(")[0].split()[0:1]
    return _SAME.get(word[0], word[0]) if word else ""


_WIDER: Final = frozenset(
    (("smallint", "integer"), ("smallint", "bigint"), ("integer", "bigint"), ("varchar", "text"),
     ("char", "varchar"), ("char", "text"), ("real", "double"), ("integer", "numeric"))
)  # fmt: skip


def _disturbs(old: str, new: str) -> bool:
    """Say whether the old version may stumble over a new type: not where that only holds more."""
    pair = _base(old), _base(new)
    return bool(old) and pair[0] != pair[1] and pair not in _WIDER


def _words(key: Key, what: str) -> str:
    kind, table, *rest = key
    if kind == "name":
        return f"column {table}.{rest[0]} keeps its new name"
    name = {"table": table, "column": ".".join((table, *rest))}.get(kind, "".join(rest[:1]))
    return f"{kind} {name} {what}"
