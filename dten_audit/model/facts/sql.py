"""Facts about SQL: what statements do, and what that means for tables that are in use."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from dten_audit.model.facts.base import Certainty
from dten_audit.model.location import Location
from dten_audit.model.unknown import Unknown

Dialect = Literal["postgres", "mysql", "sqlite", "tsql", "oracle", "generic"]
Blocked = Literal["reads", "writes", "ddl"]
TableFrom = Literal["site", "file", "either", "set"]
TimeoutState = Literal["set", "unset", "too-long"]
Role = Literal["up", "down", "install", "seed", "test", "sample", "application"]


class Action(NamedTuple):
    """One thing that a statement does.

    ``verb`` names it (``add_column``, ``create_index``, ``set``, ``begin``, ``include``, …);
    ``unclassified`` is a DDL verb that the grammar here does not know, ``dynamic`` is SQL that only
    exists at run time. Names are as written, lower-cased where not quoted. ``name`` is the index,
    constraint, setting, routine or file that the action is about; ``value`` the new name, the type
    or the setting's value. ``references`` are other tables that it locks or reads. ``flags`` say
    how (``concurrently``, ``not-valid``, ``where``, …). ``columns`` are names and types where a
    table is created. ``functions`` are those that a default calls. ``routine`` is the routine in
    whose body it stands: it then happens only when that is called. ``part`` is the rank of its own
    statement inside a block or batch. ``text`` is its source, on one line and bounded.
    """

    verb: str
    at: Location
    table: str = ""
    column: str = ""
    name: str = ""
    value: str = ""
    constraint: str = ""
    references: tuple[str, ...] = ()
    flags: frozenset[str] = frozenset()
    columns: tuple[tuple[str, str], ...] = ()
    functions: tuple[str, ...] = ()
    routine: str = ""
    part: int = 0
    text: str = ""
    certainty: Certainty = "exact"


class SqlScript(NamedTuple):
    """A document of SQL. ``marks`` are what its comments tell a migration runner.

    A mark is a word, with a value after ``=`` where it has one: ``goose``, ``dbmate``,
    ``liquibase``, ``no-transaction``, ``dialect=postgres``. ``statements`` counts all statements,
    also those that are of no interest here.
    """

    at: Location
    document: str
    dialect: Dialect
    marks: tuple[str, ...] = ()
    statements: int = 0
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} sql"


class SqlStatement(NamedTuple):
    """A statement that changes a schema, a session, a transaction, a lock, or whole tables.

    ``order`` is its rank in the document. ``section`` is ``up``, ``down`` or empty where the file
    has no sections. ``transaction`` is False where a comment takes it out of the runner's
    transaction. ``text`` is its source, bounded. ``changeset`` is the rank of the changeset that it
    stands in, from 1, where the runner commits after each; 0 where there are none.
    """

    at: Location
    document: str
    order: int
    dialect: Dialect
    actions: tuple[Action, ...]
    text: str
    section: str = ""
    transaction: bool = True
    certainty: Certainty = "exact"
    changeset: int = 0

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.text[:80]}"


class TableSize(NamedTuple):
    """What the site says of a table: 0 where it gives no figure.

    ``present`` is False where the site's complete list lacks it.
    """

    rows: int = 0
    bytes: int = 0
    present: bool = True


class TableLock(NamedTuple):
    """A lock on a table beside the one that a statement is about."""

    table: str
    lock: str


_SHOWN: Final = 3
"""So many of a loop's tables are named in a sentence."""


class SchemaChange(NamedTuple):
    """A change of a table, an index or all rows of a table, in the session that it runs in.

    What: ``action`` is the verb of the statement's part (``add_column``, ``create_index``,
    ``update``, …), ``what`` names it in SQL words, ``statement`` is its source on one line.
    ``flags`` and ``constraint`` are those of the action. ``unbounded``: it touches every row.
    ``recreated``: the same file creates the object again; ``rebuilt``: by a copy that gets its
    name, so that no row is lost; ``rekeyed``: the file gives the table that
    loses its primary key one again. ``cleared``: an earlier statement drops what it creates.
    ``restored``: the same file switches on again what it switches off; ``checked_later``: the same
    file checks the constraint that it adds unchecked. ``replica_identity``: the package tells
    replication how to know the table's rows without their primary key. ``emptied``: the same file
    has taken all rows out of the table before. ``online``: the statement
    asserts that others can work (``asserted``), could do so (``unasserted``), or has no such form
    (empty). ``fails`` is the error that it ends in, always. ``safe_form`` is the SQL to use
    instead. ``confidence`` is medium where the dialect is not known.

    Lock: ``lock`` is the lock that it takes on ``table``, ``blocks`` what others then cannot do.
    ``scans``: it holds that lock while it reads the whole table; ``rewrites``: while it copies it.
    ``validates``: it fails or waits on rows that are already there. ``alters``: it changes the
    table's definition, its indexes or its rows in bulk: a second migrator beside it does harm.
    ``other_locks`` are the locks that it takes on other tables that stand there before: the one
    that a foreign key refers to, a partition that is attached (``scans`` then is about that one).
    ``holding`` is a table that an earlier statement of the transaction has locked against all use,
    ``holding_since`` that statement; ``holding_writes`` is one that it keeps from being written
    only, ``also_locks`` one that is not the statement's own table, where it locks that too.

    Table: ``together`` names it and others where a loop sends the statement for each of them.
    ``table_from`` says whether it stands at the site before (``site``), or comes from an
    earlier statement of the same file (``file``; ``either`` behind IF NOT EXISTS) or of the same
    ordered set of migrations (``set``); ``table_created_here`` is False for ``site`` only.
    ``table_size`` is what the site says of it.

    Session: ``lock_timeout`` is the state in effect, ``lock_timeout_ms`` its value in milliseconds
    (0: waits for ever). ``migration_lock`` says whether something keeps a second migrator out,
    ``lock_holder`` what. ``in_transaction`` is true also where the runner or client opens one.

    File: ``past``: it belongs to a series that is there from its beginning, of which a site has run
    what its release brought. ``role`` is what it is for, ``script`` its path, ``unit`` the path or
    the set of migrations of the ``runner`` that owns it. ``runner_waits``: it waits for the end of
    a transaction in which that runner holds its own lock. ``called``: something in the package runs
    it; ``callers`` do so with this outcome, ``safe_callers`` with a better one; ``via`` are the
    includes on the way.
    """

    at: Location
    dialect: Dialect
    action: str
    table: str
    what: str
    statement: str
    column: str = ""
    name: str = ""
    constraint: str = ""
    flags: tuple[str, ...] = ()
    unbounded: bool = False
    recreated: bool = False
    rebuilt: bool = False
    rekeyed: bool = False
    cleared: bool = False
    restored: bool = False
    checked_later: bool = False
    replica_identity: bool = False
    emptied: bool = False
    online: Literal["", "asserted", "unasserted"] = ""
    fails: str = ""
    safe_form: str = ""
    lock: str = ""
    blocks: tuple[Blocked, ...] = ()
    scans: bool | Unknown = False
    rewrites: bool | Unknown = False
    validates: bool | Unknown = False
    concurrently: bool = False
    alters: bool = True
    other_locks: tuple[TableLock, ...] = ()
    holding: str = ""
    holding_writes: str = ""
    also_locks: str = ""
    holding_since: tuple[Location, ...] = ()
    together: tuple[str, ...] = ()
    table_from: TableFrom = "site"
    table_created_here: bool = False
    table_size: TableSize | Unknown = TableSize()
    in_transaction: bool | Unknown = False
    lock_timeout: TimeoutState | Unknown = "unset"
    lock_timeout_ms: int | Unknown = 0
    statement_timeout: TimeoutState | Unknown = "unset"
    migration_lock: bool | Unknown = False
    lock_holder: str = ""
    past: bool = False
    role: Role = "up"
    runner: str = ""
    runner_waits: bool = False
    script: str = ""
    unit: str = ""
    called: bool = False
    callers: tuple[Location, ...] = ()
    safe_callers: tuple[Location, ...] = ()
    via: tuple[Location, ...] = ()
    confidence: Literal["high", "medium"] = "high"
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        place = f"{self.at.member} {self.action} {self.table}"
        return " ".join(filter(None, (place, self.column, self.name)))

    @property
    def copying(self) -> str:
        """Whether all rows are written anew, as a verb; what only the site knows is left open."""
        return "writes" if self.rewrites is True else "may write"

    @property
    def target(self) -> str:
        """The table, or the first of those that a loop changes and how many they are."""
        return f"{self.together[0]} of {len(self.together)}" if self.together else self.table

    @property
    def likewise(self) -> str:
        """The other tables of a loop, to be said after what is said of this one; else nothing."""
        others = [name for name in self.together if name != self.table]
        if not others:
            return ""
        tables = "table" if len(others) == 1 else "tables"
        more = ", …" if len(others) > _SHOWN else ""
        return f"; so for {len(others)} more {tables}: {', '.join(others[:_SHOWN])}{more}"

    @property
    def safe_steps(self) -> str:
        """The SQL to use instead or, where none is known for the case, whom to ask for it."""
        return self.safe_form or "ask the vendor for steps that run beside the service"


class Migration(NamedTuple):
    """A file that changes a schema in use, and whether the package knows the way back.

    ``reversible``: a down file or section belongs to it. ``changes`` counts its changes of tables
    that are in use, ``lossy`` those that a down file cannot give back (dropped or rewritten data).
    ``not_undone`` says what the down part leaves as the up part has made it; ``way_back`` is where
    that down part stands. ``past``: it is of a series that is there from its beginning.
    """

    at: Location
    script: str
    unit: str
    runner: str
    reversible: bool
    changes: int
    lossy: int = 0
    role: Role = "up"
    not_undone: tuple[str, ...] = ()
    way_back: tuple[Location, ...] = ()
    past: bool = False
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.script} migration"


class ClientRun(NamedTuple):
    """A script starts a database client that reads statements which change a schema in use.

    ``goes_on``: where a statement fails, the client runs the next one; ``silent``: and its exit
    status is 0 all the same. ``single``: all is one transaction, so that a failure takes all back.
    ``statements`` counts what it reads, ``changes`` those that change tables in use. ``script`` is
    the path of what starts it, ``inputs`` are the texts that it reads.
    """

    at: Location
    client: str
    dialect: Dialect
    goes_on: bool
    silent: bool = False
    single: bool = False
    statements: int = 0
    changes: int = 0
    role: Role = "up"
    script: str = ""
    inputs: tuple[Location, ...] = ()
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.client} on error"


class TransactionIssue(NamedTuple):
    """A transaction that does not end where its author thinks.

    ``issue``: ``left-open`` (the session ends inside it: all its work is lost), ``nested`` (a BEGIN
    inside it: the first COMMIT ends both), ``implicit-commit`` (a DDL statement ends it).
    """

    at: Location
    dialect: Dialect
    issue: Literal["left-open", "nested", "implicit-commit"]
    statement: str
    role: Role = "up"
    script: str = ""
    changes: int = 0
    callers: tuple[Location, ...] = ()
    via: tuple[Location, ...] = ()
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} transaction {self.issue}"


class UncheckedSql(NamedTuple):
    """SQL whose effect was not settled. ``reason``: ``dynamic``, ``unclassified``, ``truncated``.

    ``statement`` is its source, on one line and bounded.
    """

    at: Location
    dialect: Dialect
    reason: Literal["dynamic", "unclassified", "truncated"]
    statement: str
    role: Role = "up"
    script: str = ""
    certainty: Certainty = "exact"

    @property
    def subject(self) -> str:
        return f"{self.at.member} {self.reason} {self.statement[:60]}"
