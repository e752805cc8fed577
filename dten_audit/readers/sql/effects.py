"""What an action does to its table while others use it: the words for it."""

from __future__ import annotations

from typing import Final, NamedTuple

from dten_audit.model.facts.sql import Blocked, TableLock


class Effect(NamedTuple):
    """The lock on the action's table; ``scans`` and ``rewrites`` happen while it is held.

    ``others`` are the locks that it takes on other tables that are there before.
    """

    lock: str
    blocks: tuple[Blocked, ...]
    scans: bool = False
    rewrites: bool = False
    others: tuple[TableLock, ...] = ()


EVERYTHING: Final[tuple[Blocked, ...]] = ("reads", "writes", "ddl")
CHANGES: Final[tuple[Blocked, ...]] = ("writes", "ddl")
SCHEMA: Final[tuple[Blocked, ...]] = ("ddl",)

MODES: Final[dict[str, tuple[Blocked, ...]]] = {
    "ACCESS EXCLUSIVE": EVERYTHING,
    "EXCLUSIVE": CHANGES,
    "SHARE ROW EXCLUSIVE": CHANGES,
    "SHARE": CHANGES,
    "SHARE UPDATE EXCLUSIVE": SCHEMA,
    "ROW EXCLUSIVE": (),
    "ROW SHARE": (),
    "ACCESS SHARE": (),
}
"""PostgreSQL's lock modes and what others cannot do meanwhile (table 13.2 of the manual)."""
