"""Where something stands: the address of a file and the place inside it."""

from __future__ import annotations

from typing import NamedTuple

MEMBER = "!/"


class Location(NamedTuple):
    """A place in the package or beside it.

    ``path`` is an address (``package!/member!/inner/member``). ``line``, ``column``, ``end_line``
    are 1-based and refer to the text file at that address, also for documents embedded in it; they
    are ``None`` where there are no lines. ``byte_offset`` is used where there are none.
    ``snippet`` is the line's text as found: hostile until a sink has made it safe.
    """

    path: str
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    byte_offset: int | None = None
    snippet: str = ""

    @property
    def member(self) -> str:
        """The address without the package's own name: a new build may rename its file."""
        return self.path.partition(MEMBER)[2]


def inner(address: str, member: str) -> str:
    """Return the address of a member inside the container at ``address``."""
    return f"{address}{MEMBER}{member}"
