"""Tells which database a test asks for, and which a migration names at all."""

from __future__ import annotations

import re
from typing import Final

_NAMES: Final = {
    "postgresql": "postgres", "postgres": "postgres", "pgsql": "postgres", "pg": "postgres",
    "psycopg2": "postgres", "cockroachdb": "postgres", "mysql": "mysql", "mysql2": "mysql",
    "mariadb": "mysql", "trilogy": "mysql", "sqlite": "sqlite", "sqlite3": "sqlite", "mssql":
    "tsql", "sqlserver": "tsql", "sqlsrv": "tsql", "microsoft": "tsql", "oracle": "oracle",
}  # fmt: skip
_NAME: Final = re.compile(
    rf"(?i)(?<![a-z])(?:is_?|using_?|on_?)?(?P<name>{'|'.join(sorted(_NAMES, key=len)[::-1])})"
    r"(?:ql)?(?:_?dialect|_?database|platform|_?adapter)?(?![a-z_])"
)
_NOT: Final = re.compile(r"!=|<>|\bnot\b|!\s*+[\w$(]")

_SERVERS: Final = "mysql|mariadb|postgresql|mssql|oracle"
_SPOKEN: Final = re.compile(
    rf"""["'](?P<quoted>{_SERVERS})["']|\bdialects\.(?P<module>{_SERVERS})\b"""
    r"""|\bdialects\s+import\s+\(?(?P<names>[\w ,]++)"""
)


def spoken(text: str) -> str:
    """Return the databases' servers that a program's code names, as dialects parted by blanks.

    Types of one database, variants of a type and tests of the dialect all name it.
    """
    found = set()
    for match in _SPOKEN.finditer(text):
        words = (match["quoted"] or match["module"] or match["names"]).replace(",", " ").split()
        found |= {_NAMES[word] for word in words if word in _NAMES}
    return " ".join(sorted(found - {"sqlite"}))


def tested(test: str, *, negative: bool) -> str:
    """Return the dialect that a branch is for; ``-`` before one that it is not for.

    Empty where the test asks something else, or for several databases that are no one dialect.
    """
    found = {_NAMES[match["name"].lower()] for match in _NAME.finditer(test)}
    if len(found) != 1:
        return ""
    dialect = found.pop()
    denied = (_NOT.search(test) is not None) is not negative
    return inverse(dialect) if denied else dialect


def inverse(dialect: str) -> str:
    """Return what the other branch is for."""
    return dialect[1:] if dialect.startswith("-") else f"-{dialect}" if dialect else ""
