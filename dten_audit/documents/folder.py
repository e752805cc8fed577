"""Reads a package that is a folder: its files in order of names, no link followed."""

from __future__ import annotations

import errno
import mmap
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from dten_audit.documents.budget import Budget
from dten_audit.documents.source import (
    Data,
    Folder,
    Item,
    Link,
    Member,
    Missed,
    Problem,
    everything,
    path_text,
)

_SPECIAL = {
    stat.S_IFBLK: "block device",
    stat.S_IFCHR: "character device",
    stat.S_IFIFO: "named pipe",
    stat.S_IFSOCK: "socket",
}


def folder_members(
    root: Path, budget: Budget, wanted: Callable[[str], bool] = everything
) -> Iterator[Item]:
    """Yield what lies in a folder."""
    pending = [(root, "")]
    while pending:
        folder, prefix = pending.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            yield Problem("unreadable-file", _reason(error), prefix.rstrip("/"))
            yield Missed(prefix.rstrip("/"), "unreadable")
            continue
        below = []
        for entry in entries:
            path = prefix + _name(entry.name)
            try:
                mode = entry.stat(follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode):
                    below.append((Path(entry.path), f"{path}/"))
                    yield Folder(path, stat.S_IMODE(mode))
                elif stat.S_ISLNK(mode):
                    yield Link(path, _name(str(Path(entry.path).readlink())))
                elif not stat.S_ISREG(mode):
                    yield Problem("special-file", _SPECIAL[stat.S_IFMT(mode)], path)
                elif wanted(path):
                    yield from _file(Path(entry.path), path, mode, budget)
            except OSError as error:
                yield Problem("unreadable-file", _reason(error), path)
                yield Missed(path, "unreadable")
        pending += reversed(below)


def _file(place: Path, path: str, mode: int, budget: Budget) -> Iterator[Item]:
    size = place.stat().st_size
    if size > budget.limits.member:
        yield Problem("limit-member", f"larger than {budget.limits.member} bytes", path)
        yield Missed(path, "limit-member", size)
        return
    data = read_file(place, budget.limits.memory)
    budget.charge(len(data))
    yield Member(path, data, stat.S_IMODE(mode))


def read_file(place: Path, memory: int) -> Data:
    """Return a file's bytes; mapped where they are more than ``memory``. Raises ``OSError``.

    The file is opened without following a link put there meanwhile, and without waiting for the
    other end of a pipe. Of one that has no end (as below ``/proc``) no more is read than that.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    handle = os.open(place, flags | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as stream:
        if os.fstat(handle).st_size > memory:
            return mmap.mmap(handle, 0, access=mmap.ACCESS_READ)
        data = stream.read(memory + 1)
        if len(data) > memory:
            raise OSError(errno.EFBIG, "it grew while it was read")
        return data


def _name(name: str) -> str:
    """Return a file name as text that can be written out."""
    return path_text(os.fsencode(name))


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
