"""The record of a container that was opened."""

from __future__ import annotations

from typing import NamedTuple


class Container(NamedTuple):
    """A container whose members follow: its address, kind, and size in bytes as it lies there.

    ``sha256`` is the digest of its own bytes; empty for the package itself, whose digest the report
    states.
    """

    address: str
    kind: str
    size: int
    sha256: str = ""
