"""Lists folders and links of every container: the opener judges them, and hands on none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from unittest.mock import patch

from dten_audit.documents.frame import Frame


class Listing(NamedTuple):
    """Addresses of folders, and targets of links by their addresses, without the package's name."""

    folders: set[str]
    links: dict[str, str]


def inside(address: str) -> str:
    """Return an address without the package's name."""
    return address.partition("!/")[2]


@contextmanager
def listed() -> Iterator[Listing]:
    """Collect them while packages are opened."""
    listing = Listing(set(), {})
    judged = Frame.judge_names

    def spy(frame: Frame) -> Iterator[object]:
        prefix = inside(f"{frame.address}!/")
        listing.folders.update(prefix + path for path in frame.folders if path != ".")
        for link in frame.links:
            listing.links.setdefault(prefix + link.path, link.target)
        yield from judged(frame)

    with patch.object(Frame, "judge_names", spy):
        yield listing
