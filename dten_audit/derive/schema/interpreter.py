"""Walks through the statements of a session in their order and says what each changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Final, Literal

from dten_audit.derive.schema.book import Book, SqlFile
from dten_audit.derive.schema.changes import Judge, parents
from dten_audit.derive.schema.checks import switched_off
from dten_audit.derive.schema.pairs import Pairs
from dten_audit.derive.schema.restated import restated
from dten_audit.derive.schema.state import Held, State
from dten_audit.model.facts.sql import (
    Action,
    SchemaChange,
    SqlStatement,
    TransactionIssue,
    UncheckedSql,
)
from dten_audit.model.location import Location
from dten_audit.readers.sql.locks import is_unbounded

MAX_STEPS: Final = 300_000
INCLUDE_STEPS: Final = 20
MAX_NESTING: Final = 8
_UNCHECKED: Final[dict[str, Literal["dynamic", "unclassified", "truncated"]]] = {
    "dynamic": "dynamic",
    "unclassified": "unclassified",
    "truncated": "truncated",
}
_IMPLICIT_COMMIT: Final = frozenset(("mysql", "oracle"))
_WARNS: Final = frozenset(("postgres", "tsql"))
"""Dialects whose scripts put BEGIN into a transaction and think that it begins one."""
_DDL: Final = ("create_", "alter_", "drop_", "rename_", "add_", "truncate")

Stated = SchemaChange | TransactionIssue | UncheckedSql


class Budget:
    """What all sessions of an audit may do together: a bound for includes that multiply."""

    def __init__(self) -> None:
        self.left = MAX_STEPS
        self.told = False

    def take(self, steps: int) -> bool:
        """Take some steps; False where none are left."""
        self.left -= steps
        return self.left >= 0


class Interpreter:
    """One session."""

    def __init__(
        self, book: Book, judge: Judge, state: State, budget: Budget, pairs: Pairs
    ) -> None:
        self.state = state
        self.included: set[str] = set()
        self._pairs = pairs
        self._book = book
        self._judge = judge
        self._budget = budget
        self._routines: dict[str, list[tuple[SqlStatement, Action]]] = defaultdict(list)
        self._stack: list[str] = []
        self._via: tuple[Location, ...] = ()
        self._calling = 0
        self._section = ""

    def run(self, file: SqlFile, *, together: bool = False) -> Iterator[Stated]:
        """Yield what the statements of a file do; ``together``: the client sends them as one."""
        self._stack.append(file.info.id)
        state = self.state
        if together and file.script.statements > 1 and not state.in_transaction:
            state.begin(None)
            yield from self._statements(file)
            if state.in_transaction and not state.explicit:
                state.end(commit=True)
        elif file.runner.transaction != "none" and not state.in_transaction and self._is_owned():
            yield from self._in_runner(file)
        else:
            yield from self._statements(file)
        self._stack.pop()

    def _is_owned(self) -> bool:
        return not self.state.context.dialect and len(self._stack) == 1

    def _in_runner(self, file: SqlFile) -> Iterator[Stated]:
        """A runner opens a transaction around the file, unless a mark says otherwise."""
        state, way = self.state, file.runner.transaction
        wraps = way in ("file", "changeset") or (way == "several" and file.busy > 1)
        part: tuple[object, ...] = ()
        for statement in file.statements:
            self._enter(statement)
            own = (statement.section, statement.changeset, statement.transaction)
            if own != part:
                part = own
                if state.in_transaction and not state.explicit:
                    state.end(commit=True)
                if wraps and statement.transaction and not state.in_transaction:
                    state.begin(None)
            yield from self._statement(statement, file)
        if state.in_transaction and (not state.explicit or file.hint("runner")):
            state.end(commit=True)

    def _statements(self, file: SqlFile) -> Iterator[Stated]:
        for statement in file.statements:
            yield from self._statement(statement, file)

    def finish(self, file: SqlFile) -> Iterator[Stated]:
        """End the session: work in a transaction of the script's own that is still open is lost."""
        state = self.state
        begun = state.begun
        keeps = state.dialect == "oracle"
        if keeps:
            return
        if state.in_transaction and state.explicit and begun is not None and not self._via:
            issue = self._issue("left-open", begun, file)
            yield issue._replace(changes=state.changes)

    def _enter(self, statement: SqlStatement) -> None:
        """Each section of a file is a run of its own."""
        if statement.section != self._section:
            self._section = statement.section
            self.state.reconnect()

    def _statement(self, statement: SqlStatement, file: SqlFile) -> Iterator[Stated]:
        self._enter(statement)
        if statement.section == "down":
            file = file._replace(role="down")
        defined: set[str] = set()
        for action in statement.actions:
            if not self._budget.take(1):
                yield from self._spent(action, file)
                return
            if action.routine:
                if action.routine not in defined:
                    defined.add(action.routine)
                    self._routines[action.routine] = []
                self._routines[action.routine].append((statement, action))
                continue
            yield from self._action(action, statement, file)

    def _action(self, action: Action, statement: SqlStatement, file: SqlFile) -> Iterator[Stated]:
        handler = _HANDLERS.get(action.verb)
        if _opens_transaction(action, self.state):
            self.state.begin(statement)
        if handler is not None:
            handler(self.state, action, statement)
        if action.verb in ("begin", "commit", "rollback"):
            yield from self._transaction(action, statement, file)
        elif action.verb == "include":
            yield from self._include(action, file)
        elif action.verb == "call":
            yield from self._call(action, file)
        elif action.verb in _UNCHECKED:
            reason = _UNCHECKED[action.verb]
            yield UncheckedSql(
                action.at, self.state.dialect, reason, action.text, file.role, file.file.path
            )
        elif handler is None or (action.verb == "set" and switched_off(action, self.state.dialect)):
            yield from self._change(action, statement, file)

    def _spent(self, action: Action, file: SqlFile) -> Iterator[Stated]:
        """Say once that not everything could be followed."""
        if not self._budget.told:
            self._budget.told = True
            yield UncheckedSql(
                action.at, self.state.dialect, "truncated", action.text, file.role, file.file.path
            )

    def _transaction(
        self, action: Action, statement: SqlStatement, file: SqlFile
    ) -> Iterator[Stated]:
        state = self.state
        statement = statement._replace(at=action.at, text=action.text)
        if action.verb == "begin":
            if state.in_transaction and state.explicit and state.dialect in _WARNS:
                yield self._issue("nested", statement, file)
            exclusive = state.dialect == "sqlite" and action.value in ("immediate", "exclusive")
            state.begin(statement, lock=f"BEGIN {action.value.upper()}" if exclusive else "")
        elif action.verb == "rollback" and state.has_savepoint(action.name):
            state.back_to(action.name)
        elif state.in_transaction:
            state.end(commit=action.verb == "commit", chain="chain" in action.flags)
        else:
            state.locks.end_transaction()

    def _issue(self, issue: str, statement: SqlStatement, file: SqlFile) -> TransactionIssue:
        text = " ".join(statement.text.split())[:200]
        return TransactionIssue(
            statement.at, self.state.dialect, issue, text, file.role, file.file.path,  # type: ignore[arg-type]
            via=self._via,
        )  # fmt: skip

    def _include(self, action: Action, file: SqlFile) -> Iterator[Stated]:
        target = self._book.include(action.name, file.info)
        if not target or target in self._stack or len(self._stack) > MAX_NESTING:
            return
        if not self._budget.take(INCLUDE_STEPS):
            yield from self._spent(action, file)
            return
        self.included.add(target)
        before = self._via
        self._via = (*before, action.at)
        yield from self.run(self._book.files[target])
        self._via = before

    def _call(self, action: Action, file: SqlFile) -> Iterator[Stated]:
        """Run the body of a routine that the session has defined."""
        body = self._routines.get(action.name) or self._routines.get(
            action.name.rpartition(".")[2], []
        )
        if self._calling >= MAX_NESTING:
            return
        self._calling += 1
        for statement, inner in list(body):
            if not self._budget.take(1):
                break
            yield from self._action(inner, statement, file)
        self._calling -= 1

    def _change(self, given: Action, statement: SqlStatement, file: SqlFile) -> Iterator[Stated]:
        state = self.state
        if given.verb == "alter_type":
            self._recall(given, file)
        action = restated(given, state, file, self._pairs)
        if action is None:
            return
        if _commits(action, state):
            if state.explicit and state.in_transaction:
                own = statement._replace(at=action.at, text=action.text)
                yield self._issue("implicit-commit", own, file)
            state.end(commit=True)
        for parent in parents(action, state, file):
            change = self._judge.change(parent, statement, state, file)
            if change is not None and change.table_from == "site":
                yield change._replace(
                    action="reference_table", what=f"a reference to {parent.table}", alters=False,
                    statement=action.text, via=self._via,
                )  # fmt: skip
        change = self._judge.change(action, statement, state, file)
        if change is not None:
            state.changes += not change.table_created_here
            yield change._replace(via=self._via) if self._via else change
            if _is_kept(change, state):
                state.held.append(
                    Held(
                        change.table or change.name, statement.at, action.part,
                        all_use="reads" in change.blocks, is_table=bool(change.table),
                    )
                )  # fmt: skip
            if change.action == "lock_table":
                kept = bool(state.in_transaction)
                state.locks.lock_tables(action, change.what, state.dialect, open_=kept)
        if action.verb == "rename_table" and change is not None and change.recreated:
            state.tables.replaced(action.value, state.dialect)
        learn(state, action, file)

    def _recall(self, action: Action, file: SqlFile) -> None:
        """Take a column's type from the file's other way, where no earlier file tells it."""
        tables, dialect = self.state.tables, self.state.dialect
        if not tables.type_of(action.table, action.column, dialect):
            kind = self._pairs.type_before(file, action)
            if kind:
                tables.typed(action.table, action.column, kind, dialect)


_NO_TRANSACTION: Final = frozenset(
    "begin commit rollback client_set connect include vacuum vacuum_full".split()
)


def _opens_transaction(action: Action, state: State) -> bool:
    """Say whether autocommit is off, and the statement thereby begins a transaction."""
    if state.autocommit or state.in_transaction or action.verb in _NO_TRANSACTION:
        return False
    settings = action.verb in ("set", "reset") and state.dialect == "tsql"
    return not settings and "concurrently" not in action.flags


def _commits(action: Action, state: State) -> bool:
    """Say whether the server commits before the statement by itself."""
    if state.dialect not in _IMPLICIT_COMMIT or not action.verb.startswith(_DDL):
        return False
    return state.dialect == "oracle" or "temporary" not in action.flags


def _is_kept(change: SchemaChange, state: State) -> bool:
    """Say whether the transaction keeps a lock that stops those who use the table."""
    stops = "writes" in change.blocks and change.action not in ("update", "delete")
    return bool(stops and change.table_from == "site" and state.in_transaction)


_TYING: Final = frozenset(("create_table", "add_constraint", "add_column", "attach_partition"))


def learn(state: State, action: Action, file: SqlFile) -> None:
    """Take in what an action means for the tables that the package knows."""
    tables, dialect = state.tables, state.dialect
    if action.verb in _TYING and action.references:
        tables.linked(action, dialect)
    if action.verb == "create_table":
        tables.created(action, file.file.path, dialect)
        if not state.in_transaction:
            tables.committed()
    elif action.verb == "drop_table":
        tables.dropped(action.table, dialect)
    elif action.verb == "rename_table":
        tables.renamed(action.table, action.value, dialect)
    elif action.verb == "create_index":
        tables.index_created(action.name, action.table, dialect)
    elif action.verb in ("create_materialized_view", "create_view"):
        tables.created(action._replace(table=action.name), file.file.path, dialect)
    elif action.verb in ("add_column", "alter_type"):
        null = " not null" if "not-null" in action.flags else ""
        tables.typed(action.table, action.column, action.value + null, dialect)
    elif action.verb == "add_constraint":
        tables.check_added(action, dialect)
    elif action.verb == "validate_constraint":
        tables.validated(action, dialect)
    elif action.verb == "rename_column":
        kind = tables.type_of(action.table, action.column, dialect)
        tables.typed(action.table, action.value, kind, dialect)
    elif action.verb == "truncate" or (action.verb == "delete" and is_unbounded(action)):
        tables.emptied(action.table, file.file.path, dialect)
    elif action.verb == "insert_select":
        tables.emptied(action.table, "", dialect)
    elif action.verb == "drop_index":
        tables.index_dropped(action.name, dialect)
    elif action.verb == "alter_options" and action.name == "replica":
        default = action.text.lower().endswith(("default", "nothing"))
        tables.identified(action.table, dialect, known=not default)
    else:
        _learn_type(state, action)


def _learn_type(state: State, action: Action) -> None:
    """Take in what an action means for domains and types."""
    if action.verb == "create_object" and action.value == "domain":
        state.tables.domain_created(action.name, action.text)
    elif action.verb == "add_domain_constraint":
        state.tables.domain_checked(action.name)
    elif action.verb == "add_enum_value" and action.name not in state.new_types:
        state.new_values.add(action.value)
    elif action.verb == "create_object" and action.value == "type":
        state.new_types.add(action.name)


_Handler = Callable[[State, Action, SqlStatement], None]


def _block_begins(state: State, _action: Action, _statement: SqlStatement) -> None:
    if not state.in_transaction:
        state.begin(None)
        state.in_block = True


def _block_ends(state: State, _action: Action, _statement: SqlStatement) -> None:
    if state.in_block:
        state.in_block = False
        state.end(commit=True)


def _savepoint(state: State, action: Action, statement: SqlStatement) -> None:
    """Set a savepoint; in Oracle, where each session is in a transaction, it shows the intent."""
    if state.dialect == "oracle" and not state.in_transaction:
        state.begin(statement)
    state.savepoint(action.name)


def _lock(state: State, action: Action, _statement: SqlStatement) -> None:
    state.locks.asked(action, state.dialect, in_transaction=bool(state.in_transaction))


_HANDLERS: Final[dict[str, _Handler]] = {
    "set": lambda state, action, _: state.set(action),
    "reset": lambda state, action, _: state.reset(action),
    "begin": lambda _state, _action, _: None,
    "commit": lambda _state, _action, _: None,
    "rollback": lambda _state, _action, _: None,
    "savepoint": _savepoint,
    "rollback_to": lambda state, action, _: state.back_to(action.name),
    "release": lambda state, action, _: state.release(action.name),
    "advisory_lock": _lock,
    "advisory_unlock": lambda state, action, _: state.locks.release(action),
    "unlock_tables": lambda state, _action, _: state.locks.unlock_tables(),
    "block_begins": _block_begins,
    "block_ends": _block_ends,
    "connect": lambda state, _action, _: state.reconnect(),
    "client_set": lambda state, action, _: state.client_set(action),
    "set_default_for": lambda state, action, _: state.world.default(action),
    "include": lambda _state, _action, _: None,
    "call": lambda _state, _action, _: None,
    **dict.fromkeys(_UNCHECKED, lambda _state, _action, _: None),
}
