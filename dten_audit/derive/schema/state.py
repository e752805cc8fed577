"""The state of a session: transaction, timeouts, locks held, what the package has created."""

from __future__ import annotations

from typing import Final, NamedTuple

from dten_audit.derive.schema.contexts import Context
from dten_audit.derive.schema.mutexes import Mutexes
from dten_audit.derive.schema.settings import TRACKED, Milliseconds, Settings, effective
from dten_audit.derive.schema.tables import Tables
from dten_audit.model.facts.sql import Action, Dialect, SqlStatement
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown

UNDOES: Final[frozenset[Dialect]] = frozenset(("postgres", "generic"))
"""Dialects where ROLLBACK takes back a SET."""
MAX_SAVEPOINTS: Final = 500
_PATH: Final = "search_path"
_TEXTS: Final = frozenset((_PATH, "timezone"))


class Held(NamedTuple):
    """A table that the transaction has locked, and the statement that did so.

    ``all_use``: readers wait too; else those who write. ``is_table``: it is not the name of an
    index whose table is not known.
    """

    table: str
    at: Location
    part: int = 0
    all_use: bool = True
    is_table: bool = True


class World:
    """What earlier sessions leave behind for later ones: tables, and defaults of roles."""

    def __init__(self) -> None:
        self.tables = Tables()
        self._defaults: list[tuple[str, str, str, Milliseconds | None]] = []

    def default(self, action: Action) -> None:
        """Take in ``ALTER ROLE r SET lock_timeout = …``: sessions that begin later have it.

        ``ALTER ROLE r RESET`` and ``SET … TO DEFAULT`` take it back.
        """
        value = effective(action.value, "postgres", action.name)
        known = action.name in TRACKED or action.name == "all"
        if known and (value is not None or action.value.lower() in ("", "default")):
            taken = None if action.value.lower() in ("", "default") else value
            self._defaults.append((action.constraint, action.table, action.name, taken))

    def initial(self, context: Context) -> dict[str, Milliseconds]:
        """Return the settings that a session begins with; a role's stand above a database's."""
        found: dict[str, Milliseconds] = {}
        ranked = sorted(self._defaults, key=lambda each: _RANKS.get(each[0], 2))
        for kind, owner, name, value in ranked:
            if kind in ("database", "system") or owner in ("all", context.user):
                if name == "all":
                    found.clear()
                elif value is None:
                    found.pop(name, None)
                else:
                    found[name] = value
            elif not context.user and value is not None:
                found[name] = Unknown("package.callers")
        return found | dict(context.settings)


_RANKS: Final = {"system": 0, "database": 1}


class _Mark(NamedTuple):
    """A savepoint, or BEGIN (no name): how much there was then."""

    name: str
    tables: int
    held: int
    locks: int


class State:
    """What a statement meets. ``explicit`` says that the script itself has opened the transaction.

    ``begun`` is the statement that did; ``lock`` names the migration lock that is held.
    ``autocommit`` is off where each statement opens a transaction that only COMMIT ends;
    ``depth`` counts the BEGIN TRAN of SQL Server, of which each needs its COMMIT. ``new_values``
    are values that the transaction has added to an enum, ``new_types`` types that it has made.
    """

    def __init__(self, context: Context, world: World, dialect: Dialect) -> None:
        self.context = context
        self.dialect = dialect
        self.world = world
        self.tables = world.tables
        self.locks = Mutexes()
        self._marks: list[_Mark] = []
        self.explicit = self.in_block = False
        self.begun: SqlStatement | None = None
        self.changes = self.depth = 0
        self.held: list[Held] = []
        self.new_values: set[str] = set()
        self.new_types: set[str] = set()
        self._start()

    def _start(self) -> None:
        self.settings = Settings(self.world.initial(self.context))
        self.in_transaction: bool | Unknown = self.context.single
        self.autocommit = True
        self.tables.forget_temporary()
        self.tables.schema = ""
        if self.context.single:
            self._open()

    @property
    def lock(self) -> str:
        """What keeps a second migrator out; empty where nothing does."""
        return self.locks.holder

    def begin(self, statement: SqlStatement | None, *, lock: str = "") -> None:
        """Open a transaction; the runner opens it where there is no statement.

        Inside one, PostgreSQL's BEGIN only warns, SQL Server counts, MySQL's commits.
        """
        if self.in_transaction and self.dialect == "tsql":
            self.depth += 1
            return
        if self.in_transaction and self.dialect != "mysql":
            self.explicit = self.explicit or statement is not None
            self.begun = self.begun or statement
            return
        if self.dialect == "mysql":
            if self.in_transaction:
                self.end(commit=True)
            self.locks.unlock_tables()
        self.in_transaction = True
        self.explicit = statement is not None
        self.begun = statement
        self.changes = 0
        self.depth = 1
        self._open()
        if lock:
            self.locks.take(lock, transaction=True)

    def reconnect(self) -> None:
        """Begin a new session with the same client: nothing of the old one remains."""
        self.explicit = self.in_block = False
        self.begun = None
        self.held = []
        self.locks.end_session()
        self._start()

    def _open(self) -> None:
        self.tables.forget()
        self.settings.save()
        self._marks = [_Mark("", self.tables.mark(), 0, self.locks.mark())]
        self.held = []
        self.new_values, self.new_types = set(), set()

    def end(self, *, commit: bool, chain: bool = False) -> None:
        """End the transaction. A rollback takes back tables and, in PostgreSQL, settings."""
        if commit and self.depth > 1:
            self.depth -= 1
            return
        if not commit:
            if self.dialect in UNDOES:
                self.settings.back_to()
            if self._marks:
                self.tables.undo(self._marks[0].tables)
        else:
            self.tables.committed()
        self.settings.end()
        self._follow_path()
        self.tables.forget()
        self._marks = []
        self.held = []
        self.new_values, self.new_types = set(), set()
        self.depth = 0
        self.in_transaction = chain
        self.explicit = chain and self.explicit
        self.locks.end_transaction()
        if chain:
            self._open()

    def savepoint(self, name: str) -> None:
        """Set a savepoint."""
        self.settings.save(name or "?")
        mark = _Mark(name or "?", self.tables.mark(), len(self.held), self.locks.mark())
        self._marks.append(mark)
        del self._marks[1:-MAX_SAVEPOINTS]

    def has_savepoint(self, name: str) -> bool:
        """Say whether the transaction has a savepoint of that name."""
        return bool(name) and any(mark.name == name for mark in self._marks)

    def back_to(self, name: str) -> None:
        """Go back to a savepoint, which stays."""
        name = name or "?"
        if self.dialect in UNDOES:
            self.settings.back_to(name)
            self._follow_path()
        for index in range(len(self._marks) - 1, 0, -1):
            mark = self._marks[index]
            if mark.name == name:
                self.tables.undo(mark.tables)
                self.locks.back_to(mark.locks)
                del self.held[mark.held :]
                del self._marks[index + 1 :]
                return

    def release(self, name: str) -> None:
        """Forget a savepoint and those after it."""
        self.settings.release(name or "?")
        for index in range(len(self._marks) - 1, 0, -1):
            if self._marks[index].name == name:
                del self._marks[index:]
                return

    def reset(self, action: Action) -> None:
        """Take in RESET, and DISCARD ALL, which also frees the session's advisory locks."""
        self.settings.reset(action.name.lower())
        self._follow_path()
        if "discard" in action.flags:
            self.locks.end_session()
            self.tables.forget_temporary()

    def set(self, action: Action) -> None:
        """Take in a setting."""
        name, local = action.name.lower(), "local" in action.flags
        if "global" in action.flags or (local and not self.in_transaction):
            return
        text = action.value.lower().strip("'\" ")
        if name in _SWITCHES:
            self.autocommit = text == _SWITCHES[name] if text in _ONOFF else self.autocommit
        if name not in TRACKED and name not in _TEXTS:
            return
        if text == "default":
            self.settings.reset(name, local=local)
        elif action.certainty == "computed":
            self.settings.put(name, Unknown("package.value"), local=local)
        elif name in _TEXTS:
            self.settings.put(name, action.value.strip("'\" "), local=local)
        else:
            value = effective(text, self.dialect, name)
            if value is not None:
                self.settings.put(name, value, local=local)
        self._follow_path()

    def client_set(self, action: Action) -> None:
        r"""Take in psql's ``\set AUTOCOMMIT off``."""
        if action.name == "AUTOCOMMIT" and action.value.lower() in _ONOFF:
            self.autocommit = action.value.lower() in ("on", "1", "true")

    def _follow_path(self) -> None:
        """Names without a schema are created in the first of the search path."""
        first = self.settings.text(_PATH).split(",")[0].strip("'\" ")
        self.tables.schema = "" if first.startswith("$") else first


_ONOFF: Final = frozenset(("on", "off", "0", "1", "true", "false"))
_SWITCHES: Final = {"implicit_transactions": "off"}
"""Settings of the session that switch autocommit, with the value that keeps it on."""
