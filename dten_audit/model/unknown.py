"""The third truth value: what neither the package nor the site tells."""

from __future__ import annotations

from typing import NamedTuple


class Unknown(NamedTuple):
    """A value that nobody stated.

    ``needs`` names what would settle it, as a dotted path: ``site.units``, ``site.packages``,
    ``option.window``, or ``package.value`` for what the package only computes at run time.
    A condition on an unknown value is neither true nor false (Kleene's strong logic).
    """

    needs: str

    def __str__(self) -> str:
        return "unknown"
