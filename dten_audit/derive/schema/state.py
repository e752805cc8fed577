"""The state of a session: transaction, timeouts, locks held, what the package has created."""

from __future__ import annotations

from typing import NamedTuple

from dten_audit.derive.schema.contexts import Context
from dten_audit.derive.schema.settings import TRACKED, Milliseconds, Settings, milliseconds
from dten_audit.derive.schema.tables import Tables
from dten_audit.model.facts.sql import Action, Dialect, SqlStatement
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown

_SECONDS = frozenset(("lock_wait_timeout", "ddl_lock_timeout"))
_WORDS = {"off": 0, "on": 1, "origin": 0, "replica": 1, "local": 0, "false": 0, "true": 1}


class Held(NamedTuple):
    """A table that the transaction has locked against all use, and the statement that did so."""

    table: str
    at: Location
    part: int = 0


class World:
    """What earlier sessions leave behind for later ones: tables, and defaults of roles."""

    def __init__(self) -> None:
        self.tables = Tables()
        self._defaults: list[tuple[str, str, str, Milliseconds]] = []

    def default(self, action: Action) -> None:
        """Take in ``ALTER ROLE r SET lock_timeout = …``: sessions that begin later have it."""
        value = milliseconds(action.value)
        if action.name in TRACKED and value is not None:
            self._defaults.append((action.constraint, action.table, action.name, value))

    def initial(self, context: Context) -> dict[str, Milliseconds]:
        """Return the settings that a session begins with."""
        found: dict[str, Milliseconds] = {}
        for kind, owner, name, value in self._defaults:
            if kind in ("database", "system") or owner in ("all", context.user):
                found[name] = value
            elif not context.user:
                found[name] = Unknown("package.callers")
        return found | dict(context.settings)


class State:
    """What a statement meets. ``explicit`` says that the script itself has opened the transaction.

    ``begun`` is the statement that did; ``lock`` names the migration lock that is held.
    """

    def __init__(self, context: Context, world: World, dialect: Dialect) -> None:
        self.context = context
        self.dialect = dialect
        self.world = world
        self.tables = world.tables
        self.settings = Settings(world.initial(context))
        self.in_transaction: bool | Unknown = context.single
        self.explicit = False
        self.begun: SqlStatement | None = None
        self.changes = 0
        self.held: list[Held] = []
        self.lock = ""
        self.in_block = False
        self._lock_ends_with_transaction = False
        self._marks: list[tuple[str, int, int]] = []
        if context.single:
            self._open()

    def begin(self, statement: SqlStatement | None, *, lock: str = "") -> None:
        """Open a transaction; the runner opens it where there is no statement."""
        self.in_transaction = True
        self.explicit = statement is not None
        self.begun = statement
        self.changes = 0
        self._open()
        if lock:
            self.take_lock(lock, transaction=True)

    def reconnect(self) -> None:
        """Begin a new session with the same client: nothing of the old one remains."""
        self.settings = Settings(self.world.initial(self.context))
        self.in_transaction = self.context.single
        self.explicit = self.in_block = False
        self.begun = None
        self.held = []
        self.release_lock()

    def _open(self) -> None:
        self.tables.forget()
        self.settings.save()
        self._marks = [("", self.tables.mark(), 0)]
        self.held = []

    def end(self, *, commit: bool, chain: bool = False) -> None:
        """End the transaction. A rollback takes back tables and settings."""
        if not commit:
            self.settings.back_to()
            if self._marks:
                self.tables.undo(self._marks[0][1])
        self.settings.end()
        self.tables.forget()
        self._marks = []
        self.held = []
        self.in_transaction = chain
        self.explicit = chain and self.explicit
        if self._lock_ends_with_transaction:
            self.lock = ""
            self._lock_ends_with_transaction = False
        if chain:
            self._open()

    def savepoint(self, name: str) -> None:
        """Set a savepoint."""
        self.settings.save(name or "?")
        self._marks.append((name, self.tables.mark(), len(self.held)))
        del self._marks[1:-500]

    def back_to(self, name: str) -> None:
        """Go back to a savepoint."""
        self.settings.back_to(name or "?")
        for index in range(len(self._marks) - 1, -1, -1):
            if self._marks[index][0] == name:
                self.tables.undo(self._marks[index][1])
                del self.held[self._marks[index][2] :]
                del self._marks[index + 1 :]
                return

    def take_lock(self, name: str, *, transaction: bool) -> None:
        """Take a lock that keeps other migrators out; a session's lock outlives the transaction."""
        if self.lock and not self._lock_ends_with_transaction:
            return
        self.lock = name
        self._lock_ends_with_transaction = transaction

    def release_lock(self) -> None:
        """Give the migration lock back."""
        self.lock = ""
        self._lock_ends_with_transaction = False

    def set(self, action: Action) -> None:
        """Take in a setting."""
        name = action.name.lower()
        if name == "search_path":
            first = action.value.split(",")[0].strip("'\" ")
            self.tables.schema = "" if first.startswith("$") else first
        if name not in TRACKED or "global" in action.flags:
            return
        local = "local" in action.flags
        if local and not self.in_transaction:
            return
        if action.certainty == "computed":
            self.settings.put(name, Unknown("package.value"), local=local)
            return
        text = action.value.lower()
        if text == "default":
            self.settings.reset(name)
            return
        value = _WORDS.get(text)
        if value is None:
            value = milliseconds(text, 1000 if name in _SECONDS else 1)
        if value is not None:
            self.settings.put(name, value, local=local)
