"""A hostile archive: how it is built, what is wrong with it, and what must be said of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

CANARY: Final = b"CREATE TABLE canary (id int);\n"
"""What lies in a hostile archive for readers to find."""


class HostileCase(NamedTuple):
    """One archive.

    ``group`` is a heading of the table. ``kind`` is the format (``zip``, ``tar``, ``gzip``, …): it
    tells who reads it. ``what`` says in a sentence what is wrong. ``says``: issues and gap reasons
    (words), all of which must be told. ``found``: the canary must be in a document. ``near``: a
    program that unpacks only the archive itself meets the canary. ``slow``: it takes seconds.
    """

    name: str
    group: str
    kind: str
    what: str
    data: Callable[[], bytes]
    says: str
    found: bool = True
    near: bool = True
    slow: bool = False


GROUPS: Final = (
    "ZIP: two readings",
    "ZIP: hidden bytes",
    "ZIP: what cannot be read",
    "Paths",
    "Links",
    "Modes and special files",
    "Tar",
    "Compressed streams",
    "ar",
    "cpio",
    "RPM",
    "Self-extracting",
    "Nested formats",
    "Disguises",
    "Bombs",
)
"""The headings, in their order."""
