"""What formats read from and what they yield: the vocabulary between formats and the opener."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from mmap import mmap
from typing import NamedTuple

from dten_audit.documents.budget import Budget

Data = bytes | mmap
"""A document's bytes: in memory, or mapped from an unlinked temporary file when they are many."""


class Member(NamedTuple):
    """A file in a container: its path there, its bytes, and its Unix mode if that is stated.

    Where ``size`` is given, ``data`` are only the first of so many bytes: the others were unpacked
    and found sound, and nobody reads them.
    """

    path: str
    data: Data
    mode: int | None = None
    size: int = -1


class Folder(NamedTuple):
    """A directory entry."""

    path: str
    mode: int | None = None


class Link(NamedTuple):
    """A symbolic or hard link, as written."""

    path: str
    target: str
    hard: bool = False


class Problem(NamedTuple):
    """An issue (``issues.py``) of a member, or of the container where ``path`` is empty."""

    issue: str
    detail: str = ""
    path: str = ""
    offset: int | None = None


class Missed(NamedTuple):
    """A member that could not be read, with the reason and its size as far as they are known.

    ``kind`` is what it is, where the format knows better than the member's name tells, and
    ``remedy`` what to do about it.
    """

    path: str
    reason: str
    size: int = 0
    kind: str = ""
    remedy: str = ""


Item = Member | Folder | Link | Problem | Missed


class Source(NamedTuple):
    """A container to be opened.

    ``name`` is its file name. ``wanted`` says which members are worth decoding: a format asks it
    once for each, in order, so that reading one member again need not decode the others.
    """

    name: str
    data: Data
    budget: Budget
    wanted: Callable[[str], bool]


def everything(_path: str) -> bool:
    """Want every member."""
    return True


def path_text(raw: bytes) -> str:
    """Return a path as text: UTF-8, or else each byte a character, so that none is lost."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


Members = Callable[[Source], Iterator[Item]]
"""A format: yields what a container holds, in its order.

It raises ``BrokenError`` or ``OverLimitError`` where it cannot go on, and nothing else.
"""
