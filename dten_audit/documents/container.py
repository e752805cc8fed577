"""The record of a container that was opened."""

from __future__ import annotations

from typing import NamedTuple


class Container(NamedTuple):
    """A container whose members follow: its address, kind, and size in bytes as it lies there.

    ``sha256`` is the digest of its own bytes; empty for the package itself, whose digest the report
    states. ``same_as`` is the address of an identical one that was read before: this one is not
    opened again, and what is said of the other holds here too.
    """

    address: str
    kind: str
    size: int
    sha256: str = ""
    same_as: str = ""
