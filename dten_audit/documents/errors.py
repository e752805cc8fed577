"""The errors of the open stage."""

from __future__ import annotations


class PackageError(Exception):
    """A package, or an address in it, that cannot be opened at all. The text is one plain line."""
