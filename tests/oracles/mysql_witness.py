"""Asks a running MariaDB or MySQL how online a statement is: its own evidence, not its manual."""

from __future__ import annotations

import re
import time
from typing import Any, Final, NamedTuple

import pymysql

_SUPPORTED: Final = ("INSTANT", "NOCOPY", "INPLACE", "COPY")
_LOCKS: Final = ("NONE", "SHARED", "EXCLUSIVE")
_CLAUSES: Final = ("ALTER TABLE", "CREATE INDEX", "CREATE UNIQUE", "CREATE FULLTEXT",
                   "CREATE SPATIAL", "DROP INDEX")  # fmt: skip
_WAIT_ENDED: Final = (1205, 1150)
Session = Any


class Online(NamedTuple):
    """How a statement treats its table.

    ``algorithm`` is the cheapest that the server takes, ``lock`` the weakest, both empty where the
    statement takes no such clause. ``waits``: it waits for an open transaction that has read the
    table. ``copies``: InnoDB has a new table under the name afterwards.
    """

    algorithm: str
    lock: str
    waits: bool
    copies: bool


class MysqlWitness:
    """One server; the tables are made anew for each trial."""

    def __init__(self, socket: str, setup: str) -> None:
        self._socket = socket
        self._setup = [part.strip() for part in setup.split(";\n") if part.strip()]
        self._admin = self.connect()
        (text,) = self._ask("SELECT VERSION()")[0]
        self.product = "mariadb" if "maria" in text.lower() else "mysql"
        major, minor, *_ = text.split(".")
        self.version = (int(major), int(minor))
        view = "INNODB_SYS_TABLES" if self.product == "mariadb" else "INNODB_TABLES"
        self._identity = (
            f"SELECT NAME, TABLE_ID FROM information_schema.{view} WHERE NAME LIKE 'work/%'"
        )

    def connect(self) -> Session:
        """Open a session."""
        for _ in range(200):
            try:
                return pymysql.connect(unix_socket=self._socket, user="root", autocommit=True)
            except pymysql.OperationalError:
                time.sleep(0.05)
        return pymysql.connect(unix_socket=self._socket, user="root", autocommit=True)

    def close(self) -> None:
        """End the session that makes the tables."""
        self._admin.close()

    def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        with self._admin.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def _renew(self, sql: str) -> None:
        """Make the tables anew that a statement is about, and the one that foreign keys name."""
        words = {"p", "t", *re.split(r"[\s,;()]+", sql)}
        self._ask("SET foreign_key_checks = 0")
        self._ask("DROP DATABASE IF EXISTS work")
        self._ask("CREATE DATABASE work")
        self._ask("USE work")
        self._ask("SET foreign_key_checks = 1")
        for statement in self._setup:
            if statement.split()[2] in words:
                self._ask(statement)

    def see(self, sql: str, table: str, before: str = "") -> Online:
        """Return how online a statement is."""
        algorithm = lock = ""
        if sql.startswith(_CLAUSES) and "PARTITION" not in sql:
            algorithm = self._first(sql, before, "ALGORITHM", _SUPPORTED)
            lock = self._first(sql, before, "LOCK", _LOCKS)
        self._renew(sql)
        if before:
            self._ask(before)
        old = self._identities(table)
        self._ask(sql)
        self._ask("UNLOCK TABLES")
        new = self._identities(table)
        if before:
            self._ask("SET foreign_key_checks = 1")
        copies = bool(old) and bool(new) and not set(old) & set(new) and not sql.startswith("TRUNC")
        return Online(algorithm, lock, self._waits(sql, table, before), copies)

    def _first(self, sql: str, before: str, clause: str, values: tuple[str, ...]) -> str:
        for value in values:
            if value == "NOCOPY" and self.product == "mysql":
                continue
            self._renew(sql)
            comma = "," if sql.startswith("ALTER") else ""
            try:
                if before:
                    self._ask(before)
                self._ask(f"{sql}{comma} {clause}={value}")
            except pymysql.Error:
                continue
            finally:
                if before:
                    self._ask("SET foreign_key_checks = 1")
            return value
        return "refused"

    def _identities(self, table: str) -> list[int]:
        names = (f"work/{table}".lower(), f"work/{table}#".lower())
        return [
            i
            for name, i in self._ask(self._identity)
            if name.lower() == names[0] or name.lower().startswith(names[1])
        ]

    def _waits(self, sql: str, table: str, before: str) -> bool:
        """Say whether a statement waits for a reader's open transaction."""
        self._renew(sql)
        reader, session = self.connect(), self.connect()
        try:
            with reader.cursor() as reading, session.cursor() as working:
                reading.execute("USE work")
                reading.execute("BEGIN")
                reading.execute(f"SELECT * FROM {table}")
                working.execute("USE work")
                working.execute("SET lock_wait_timeout = 1")
                if before:
                    working.execute(before)
                try:
                    working.execute(sql)
                    answer = str(working.fetchall())
                except pymysql.Error as error:
                    if error.args[0] in _WAIT_ENDED:
                        return True
                    raise
                return "timeout exceeded" in answer
        finally:
            reader.close()
            session.close()
