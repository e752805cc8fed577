"""Asks a running PostgreSQL which locks a statement takes, which tables it reads and copies."""

from __future__ import annotations

import re
import threading
import time
from typing import Any, Final, NamedTuple

import psycopg

from tests.oracles.lock_table import Effects, Row, Seen, stronger

_MODES: Final = {
    "RowShareLock": "ROW SHARE", "RowExclusiveLock": "ROW EXCLUSIVE", "ShareLock": "SHARE",
    "ShareUpdateExclusiveLock": "SHARE UPDATE EXCLUSIVE", "ExclusiveLock": "EXCLUSIVE",
    "ShareRowExclusiveLock": "SHARE ROW EXCLUSIVE", "AccessExclusiveLock": "ACCESS EXCLUSIVE",
}  # fmt: skip
_RELATIONS: Final = """
    SELECT c.oid, CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname,
           pg_relation_filenode(c.oid), n.nspname,
           CASE WHEN c.relkind IN ('r', 'm', 'i') THEN pg_relation_size(c.oid) END, i.indrelid
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_index i ON i.indexrelid = c.oid
    WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f', 'i', 'I') AND n.nspname NOT LIKE 'pg\\_%'
      AND n.nspname <> 'information_schema'
"""
_LOCKS: Final = "SELECT relation, mode FROM pg_locks WHERE pid = %s AND locktype = 'relation'"
_SCANS: Final = """
    SELECT relid, coalesce(seq_scan, 0) + coalesce(idx_scan, 0) FROM pg_stat_xact_all_tables
"""
_HELD: Final = ("ACCESS SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "")
"""Modes in which another session keeps all tables; none: it keeps partitions only, for reading."""
Connection = psycopg.Connection[Any]


class Relation(NamedTuple):
    """A table, view or index: ``node`` is the file that holds it, ``table`` that of an index."""

    oid: int
    name: str
    node: int
    schema: str
    size: int
    table: int


class RefusedError(Exception):
    """The server did not accept a statement."""


class Witness:
    """One server, with the tables that the statements are about."""

    def __init__(self, dsn: str, setup: str) -> None:
        self._dsn = dsn
        self._copies = 0
        self._admin = _connected(dsn)
        self._admin.execute("CREATE DATABASE base")
        with self.connect("base") as first:
            first.execute(setup)
        self.version = int(self._admin.info.server_version) // 10000
        self._admin.execute("CREATE DATABASE work TEMPLATE base")

    def connect(self, database: str) -> Connection:
        """Open a session."""
        return psycopg.connect(self._dsn.replace("dbname=postgres", f"dbname={database}"),
                               autocommit=True)  # fmt: skip

    def close(self) -> None:
        """End the session that makes copies."""
        self._admin.close()

    def tablespace(self, folder: str) -> None:
        """Make a second place for tables."""
        self._admin.execute(f"CREATE TABLESPACE elsewhere LOCATION '{folder}'")

    def copy(self) -> str:
        """Return the name of a fresh copy of the database."""
        self._copies += 1
        name = f"copy_{self._copies}"
        self._admin.execute(f"CREATE DATABASE {name} TEMPLATE base")
        return name

    def drop(self, name: str) -> None:
        """Drop a copy."""
        self._admin.execute(f"DROP DATABASE {name}")

    def see(self, row: Row) -> Effects:
        """Run a statement and return what happens to each table that was there before."""
        if row.group == "outside":
            return self._outside(row)
        if not row.before or row.before.startswith("SET "):
            return self._inside("work", row)
        name = self.copy()
        try:
            return self._inside(name, row)
        finally:
            self.drop(name)

    def _inside(self, database: str, row: Row) -> Effects:
        with self.connect(database) as session, self.connect(database) as watcher:
            (session if row.before.startswith("SET ") else watcher).execute(row.before or "SELECT")
            before = _relations(watcher)
            session.execute("BEGIN")
            try:
                session.execute(row.sql)
            except psycopg.Error as error:
                raise RefusedError(str(error)) from None
            locks = watcher.execute(_LOCKS, (session.info.backend_pid,)).fetchall()
            scanned = {oid for oid, scans in session.execute(_SCANS) if scans}
            after = _relations(session)
            families = _families(watcher)
            session.execute("ROLLBACK")
        return _effects(before, after, locks, scanned, families, row.sql)

    def committed(self, session: Connection, sql: str) -> Effects:
        """Run statements in a transaction that stays; returns what happens to tables there were."""
        with self.connect(session.info.dbname) as watcher:
            before = _relations(watcher)
            session.execute("BEGIN")
            earlier = dict(session.execute(_SCANS).fetchall())
            session.execute(sql)
            locks = watcher.execute(_LOCKS, (session.info.backend_pid,)).fetchall()
            now = session.execute(_SCANS).fetchall()
            scanned = {oid for oid, scans in now if scans > earlier.get(oid, 0)}
            after = _relations(session)
            families = _families(watcher)
            session.execute("COMMIT")
        return _effects(before, after, locks, scanned, families, sql)

    def _outside(self, row: Row) -> Effects:
        """Run what takes no transaction, once for each lock that another session holds."""
        locks: set[tuple[int, str]] = set()
        name = self.copy()
        with self.connect(name) as watcher:
            before, families = _relations(watcher), _families(watcher)
        self.drop(name)
        after, scanned = before, set[int]()
        for mode in _HELD:
            name = self.copy()
            found, after, scanned = self._blocked(name, row.sql, mode)
            locks |= found
            self.drop(name)
        return _effects(before, after, list(locks), scanned, families, row.sql)

    def _blocked(
        self, database: str, sql: str, mode: str
    ) -> tuple[set[tuple[int, str]], dict[int, Relation], set[int]]:
        """Run a statement while another session has all tables locked in a mode.

        The oids of a copy are those of the original.
        """
        with (
            self.connect(database) as session, self.connect(database) as watcher,
            self.connect(database) as blocker,
        ):  # fmt: skip
            notices: list[str] = []
            session.add_notice_handler(lambda n: notices.append(n.message_primary or ""))
            session.execute("SET client_min_messages = debug1")
            blocker.execute("BEGIN")
            families = _families(watcher)
            for oid, relation in _relations(watcher).items():
                wanted = mode or oid in families
                if not relation.table and relation.name not in ("tv", "mv") and wanted:
                    mode_of_lock = mode or "ACCESS SHARE"
                    blocker.execute(f"LOCK TABLE {relation.name} IN {mode_of_lock} MODE")
            blocker.execute("SELECT txid_current()")
            errors: list[str] = []
            thread = threading.Thread(target=_run, args=(session, sql, errors))
            thread.start()
            locks = _polled(watcher, session.info.backend_pid, thread)
            blocker.execute("COMMIT")
            locks |= _polled(watcher, session.info.backend_pid, thread, for_end=True)
            thread.join()
            if errors:
                raise RefusedError(errors[0])
            after = _relations(watcher)
        return locks, after, _read_in(notices, after)


def _connected(dsn: str) -> Connection:
    for _ in range(100):
        try:
            return psycopg.connect(dsn, autocommit=True)
        except psycopg.OperationalError:
            time.sleep(0.05)
    return psycopg.connect(dsn, autocommit=True)


def _run(session: Connection, sql: str, errors: list[str]) -> None:
    try:
        session.execute(sql)
    except psycopg.Error as error:
        errors.append(str(error))


def _polled(
    watcher: Connection, pid: int, thread: threading.Thread, *, for_end: bool = False
) -> set[tuple[int, str]]:
    """Collect the locks that a session has or waits for, until it waits or ends."""
    found: set[tuple[int, str]] = set()
    waiting = 0
    for _ in range(3000):
        found |= set(watcher.execute(_LOCKS, (pid,)).fetchall())
        if not thread.is_alive():
            break
        state = watcher.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'",
            (pid,),
        ).fetchone()
        waiting = waiting + 1 if state and state[0] else 0
        if waiting > 3 and not for_end:
            break
        time.sleep(0.001)
    return found


def _relations(session: Connection) -> dict[int, Relation]:
    return {row[0]: Relation(*row) for row in session.execute(_RELATIONS).fetchall()}


def _families(session: Connection) -> dict[int, int]:
    """Return each partition's and heir's parent."""
    return dict(session.execute("SELECT inhrelid, inhparent FROM pg_inherits").fetchall())


def _read_in(notices: list[str], relations: dict[int, Relation]) -> set[int]:
    """Return the tables that the server says it reads: building an index, rewriting, vacuuming."""
    marks = (
        'on table "{}"',
        'rewriting table "{}"',
        'verifying table "{}"',
        'vacuuming "public.{}"',
    )
    return {
        oid for oid, relation in relations.items() for notice in notices
        if not relation.table and any(mark.format(relation.name) in notice for mark in marks)
    }  # fmt: skip


def _effects(
    before: dict[int, Relation],
    after: dict[int, Relation],
    locks: list[tuple[int, str]],
    scanned: set[int],
    families: dict[int, int],
    sql: str,
) -> Effects:
    """Put together what was seen, table by table.

    An index goes with its table: who cannot lock the index cannot plan a query of the table. A
    partition goes with the parent that the statement names. What is done CONCURRENTLY locks an
    index only once all who could use it are gone. A copy is a reading, too; a table that
    has a new file with nothing in it was not copied.
    """
    words = set(re.split(r"[\s,;()]+", sql))
    effects: Effects = {}
    for oid, relation in before.items():
        mode = ""
        for locked, text in locks:
            if locked == oid:
                mode = stronger(mode, _MODES.get(text, ""))
        fresh = oid in after and after[oid].node != relation.node
        full = fresh and bool(after[oid].size)
        if relation.table and "CONCURRENTLY" in words:
            mode = ""
        if not mode and not fresh:
            continue
        copied = full and not relation.table
        emptied = _emptied(before, after, relation)
        read = not emptied and ((oid in scanned and (full or not fresh)) or full)
        shown = _shown(oid, before, families, words)
        old = effects.get(shown, Seen())
        effects[shown] = Seen(
            stronger(old.lock, mode), bool(old.scans) or read, bool(old.copies) or copied
        )
    return effects


def _emptied(before: dict[int, Relation], after: dict[int, Relation], one: Relation) -> bool:
    """Say whether a table, or the table of an index, now has a new file with nothing in it."""
    table = one.table or one.oid
    there = table in before and table in after
    return there and after[table].node != before[table].node and not after[table].size


def _shown(oid: int, before: dict[int, Relation], families: dict[int, int], words: set[str]) -> str:
    relation = before[oid]
    if relation.table:
        oid, relation = relation.table, before[relation.table]
    if relation.schema in words and relation.name not in words:
        return relation.schema
    while relation.name not in words and oid in families and families[oid] in before:
        oid = families[oid]
        relation = before[oid]
    return relation.name
