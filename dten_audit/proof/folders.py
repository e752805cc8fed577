"""Writes the folders of examples: files, links, pipes, and paths too long for the system."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dten_audit.examples.archives import DEEP, LINK, PIPE

__all__ = ["DEEP", "deep_folder", "write_member"]

_COMPONENT: Final = 100


def write_member(root: Path, path: str, data: bytes) -> Path:
    """Write a file, or what the start of its path says; return its place.

    ``@link/…`` is a symbolic link, its content the target; ``@pipe/…`` a named pipe.
    """
    target = root / path.removeprefix(LINK).removeprefix(PIPE)
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.startswith(LINK):
        target.symlink_to(data.decode())
    elif path.startswith(PIPE):
        os.mkfifo(target)
    else:
        target.write_bytes(data)
    return target


def deep_folder(base: Path, members: Mapping[str, bytes]) -> Path:
    """Write a folder in which only few characters are left for paths, and return it.

    The member ``@deep`` says how many. Longer ones are there, but no program can name them: whoever
    the user is, opening them fails.
    """
    longest = os.pathconf("/", "PC_PATH_MAX") - 1
    wanted = longest - len(os.fsencode(base)) - int(members[DEEP]) - 1
    root = base
    while wanted > 0:
        step = min(_COMPONENT, wanted - 1)
        root /= "d" * max(step, 1)
        wanted -= step + 1
    root.mkdir(parents=True)
    handle = os.open(root, os.O_RDONLY)
    try:
        for path, data in members.items():
            if path != DEEP:
                _write_below(handle, path, data)
    finally:
        os.close(handle)
    return root


def _write_below(folder: int, path: str, data: bytes) -> None:
    """Write a file below an open folder, whatever the length of its full path."""
    above = os.path.dirname(path)  # noqa: PTH120 - relative to an open folder
    for number in range(1, above.count("/") + 2 if above else 1):
        part = "/".join(above.split("/")[:number])
        try:
            os.mkdir(part, dir_fd=folder)
        except FileExistsError:
            continue
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=folder)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
