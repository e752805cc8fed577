"""What the files beside migrations tell their runner: which run outside of a transaction, its lock.

Sources, read 2026-11-21: Flyway 11, "Script Configuration" (``executeInTransaction`` in
``V2__x.sql.conf``, also for all in ``flyway.conf`` and ``flyway.toml``) and "PostgreSQL
Transactional Lock" (default true); Diesel 2.2, ``metadata.toml`` (``run_in_transaction``); Alembic
1.13, "Tutorial" (``env.py`` makes the connection) and SQLAlchemy 2.0, "AUTOCOMMIT".
"""

from __future__ import annotations

import posixpath
import re
from typing import Final

from dten_audit.documents.document import Document
from dten_audit.links.package import Package
from dten_audit.model.facts.config import ConfigKey

_FALSE: Final = frozenset(("false", "off", "no", "0"))
_LOCK: Final = re.compile(r"(?i)(?:^|\.)(?:flyway\.)?postgresql\.?transactional[._-]?lock$")
_SCRIPT: Final = ".sql.conf"
_CONNECTS: Final = re.compile(rb"\b(?:engine_from_config|create_engine|async_engine_from_config)\b")


def speaks_to_runner(document: Document) -> bool:
    """Say whether a file may tell a migration runner something: cheap, by its name and bytes."""
    name = document.name
    return name == "metadata.toml" or name.endswith(_SCRIPT) or b"flyway" in document.data


class RunnerSettings:
    """The settings of the migration runners of a package."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._envs: dict[str, str] | None = None
        self._autocommits: dict[str, bool] = {}
        self._alone: set[str] = set()
        self._diesel: set[str] = set()
        self._none = False
        self.keeps_transaction_open = True
        """Whether Flyway holds its lock on PostgreSQL in a transaction, as it does unless told."""
        for key in package.of(ConfigKey):
            if key.value.strip().lower() in _FALSE and key.certainty != "computed":
                self._take(key)

    def _take(self, key: ConfigKey) -> None:
        name = f"{key.section}.{key.key}" if key.section else key.key
        last = name.rpartition(".")[2]
        if last == "executeInTransaction":
            if key.path.endswith(_SCRIPT):
                self._alone.add(key.path.removesuffix(".conf"))
            elif "flyway" in f"{key.path} {name}".lower():
                self._none = True
        elif last == "run_in_transaction" and posixpath.basename(key.path) == "metadata.toml":
            self._diesel.add(posixpath.dirname(key.path))
        elif _LOCK.search(name):
            self.keeps_transaction_open = False

    def is_outside(self, path: str, runner: str) -> bool:
        """Say whether a file of SQL runs outside of its runner's transaction."""
        if runner == "Flyway":
            return self._none or path in self._alone
        return runner == "Diesel" and posixpath.dirname(path) in self._diesel

    def may_autocommit(self, path: str, runner: str) -> bool:
        """Say whether a migration of Alembic may run on a connection in autocommit.

        So where ``env.py`` is not in the package, does not make the connection itself, or says so.
        """
        if runner != "Alembic":
            return False
        folder = posixpath.dirname(path)
        while folder and posixpath.join(folder, "env.py") not in self._env_files():
            folder = posixpath.dirname(folder)
        env = self._env_files().get(posixpath.join(folder, "env.py"), "")
        if env not in self._autocommits:
            text = (self._package.content(env) if env else None) or b""
            self._autocommits[env] = b"AUTOCOMMIT" in text or _CONNECTS.search(text) is None
        return self._autocommits[env]

    def _env_files(self) -> dict[str, str]:
        if self._envs is None:
            found = self._package.documents.values()
            self._envs = {i.path: i.id for i in found if posixpath.basename(i.path) == "env.py"}
        return self._envs
