"""Which database server a statement is for: its product and version, assumed where nobody tells."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from dten_audit.model.facts.sql import Dialect

_LAST: Final = 999


class Server(NamedTuple):
    """A product and its version as numbers; ``assumed`` where the site does not tell them."""

    product: str
    version: tuple[int, ...]
    assumed: bool = False

    def before(self, *version: int) -> bool:
        """Say whether it is older than a version; ``8.0`` counts as the last of its line."""
        return (*self.version, _LAST, _LAST) < version


OLDEST: Final[dict[Dialect, tuple[Server, ...]]] = {
    "postgres": (Server("postgresql", (14,), assumed=True),),
    "mysql": (
        Server("mysql", (8, 0), assumed=True),
        Server("mariadb", (10, 6), assumed=True),
    ),
    "tsql": (Server("sqlserver", (2016,), assumed=True),),
    "oracle": (Server("oracle", (19,), assumed=True),),
    "sqlite": (Server("sqlite", (3, 35), assumed=True),),
    "generic": (Server("", (0,), assumed=True),),
}
"""The oldest releases that their makers still mended in 2026: what a vendor must reckon with.

Sources: postgresql.org/support/versioning (14 until 2026-11-12), mysql.com/support (8.0 until April
2026), mariadb.org/about/#maintenance-policy (10.6 until July 2026), learn.microsoft.com/lifecycle
(SQL Server 2016 until 2026-07-14; Standard edition, which has no online index builds), Oracle's
lifetime support policy (19c until 2032); SQLite 3.35 brought DROP COLUMN. Read 2026-11-21.
"""

_PRODUCTS: Final[dict[str, tuple[Dialect, str]]] = {
    "postgresql": ("postgres", "postgresql"), "postgres": ("postgres", "postgresql"),
    "mysql": ("mysql", "mysql"), "mariadb": ("mysql", "mariadb"), "percona": ("mysql", "mysql"),
    "sqlserver": ("tsql", "sqlserver"), "mssql": ("tsql", "sqlserver"),
    "oracle": ("oracle", "oracle"), "sqlite": ("sqlite", "sqlite"),
}  # fmt: skip
_NUMBER: Final = re.compile(r"\d{1,6}")


def servers_of(dialect: Dialect, databases: Iterable[tuple[str, str]]) -> tuple[Server, ...]:
    """Return the servers that statements of a dialect may meet.

    ``databases`` are names and versions as the site tells them. Where it tells none that speaks the
    dialect, these are the oldest of each product.
    """
    told = []
    for name, version in databases:
        spoken, product = _PRODUCTS.get(name.lower(), ("", ""))
        numbers = tuple(int(n) for n in _NUMBER.findall(version)[:3])
        if spoken == dialect and numbers:
            told.append(Server(product, numbers))
    return tuple(told) or OLDEST[dialect]
