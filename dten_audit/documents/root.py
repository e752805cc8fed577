"""Opens the package itself: a file, a folder, or standard input."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

from dten_audit.documents.budget import Budget
from dten_audit.documents.errors import OverLimitError, PackageError
from dten_audit.documents.folder import folder_members, read_file
from dten_audit.documents.frame import Frame
from dten_audit.documents.nesting import nested_kind
from dten_audit.documents.remedies import remedy
from dten_audit.documents.sink import Sink
from dten_audit.documents.source import Data, Item, Member

F = TypeVar("F", bound=Frame)

STDIN: Final = "-"
_CHUNK: Final = 1 << 20
_ALONE: Final = frozenset({"pe", "elf", "macho", "cab", "msi"})
"""Programs and installers, of which there is something to say even where nothing opens them."""
_SPOOLED: Final[WeakKeyDictionary[object, Data]] = WeakKeyDictionary()
"""What came from standard input: a package is opened again for what is read twice."""


def base_name(path: str | Path, name: str | None = None) -> str:
    """Return what the addresses of a package start with."""
    if name:
        return name
    return "stdin" if str(path) == STDIN else Path(path).resolve().name or "package"


def open_root(
    path: str | Path,
    budget: Budget,
    frame: type[F],
    name: str | None = None,
    mapped: Data | None = None,
) -> F:
    """Return the outermost container. Raises ``PackageError`` where there is none.

    ``mapped`` are the bytes of a package file where they are at hand (``map_package``).
    """
    base = base_name(path, name)
    place = Path(path)
    try:
        if str(path) == STDIN:
            return _archive(base, read_stdin(budget), frame, budget)
        if mapped is not None:
            return _archive(base, mapped, frame, budget)
        mode = place.stat().st_mode
        if stat.S_ISDIR(mode):
            next(place.iterdir(), None)
            root = frame(base, "folder", b"", budget)
            root.items = folder_members(place, budget, root.claim)
            return root
        if not stat.S_ISREG(mode):
            raise PackageError("neither a file nor a folder")
        return _archive(base, read_package(place), frame, budget)
    except OSError as error:
        raise PackageError((error.strerror or str(error)).lower()) from error
    except OverLimitError as error:
        raise PackageError(error.detail) from error


def read_package(place: Path) -> Data:
    """Map a package file. Raises ``OSError``, and ``PackageError`` where it is empty."""
    if place.stat().st_size == 0:
        raise PackageError("the file is empty")
    return read_file(place.resolve(), 0)


def map_package(path: str | Path) -> Data | None:
    """Return the bytes of a package that is opened several times; None where it is no file."""
    if str(path) == STDIN or not Path(path).is_file():
        return None
    try:
        return read_package(Path(path))
    except (OSError, PackageError):
        return None


def read_stdin(budget: Budget) -> Data:
    """Spool standard input, once a process. Raises ``PackageError`` where nothing comes."""
    known = _SPOOLED.get(sys.stdin)
    if known is not None:
        return known
    with Sink(budget) as sink:
        while chunk := sys.stdin.buffer.read(_CHUNK):
            sink.write(chunk)
        if not sink.size:
            raise PackageError("standard input is empty")
        data = _SPOOLED[sys.stdin] = sink.data()
        return data


def _archive(base: str, data: Data, frame: type[F], budget: Budget) -> F:
    kind, container = nested_kind(base, data, None, budget.plugins)
    outside = frame(base, "", b"", budget, -1)
    root = outside.inside(base, base, container, data) if container else None
    if root is None and kind in _ALONE:
        root = frame(base, "file", b"", budget)
        own = "stdin" if base == STDIN else Path(base).name
        root.items = _only(own, data, root.claim)
    if root is None and not container:
        raise PackageError(f"no archive: it looks like {kind}")
    if root is None:
        advice = remedy("unsupported-format", container)
        raise PackageError(f"a {container} archive, for which there is no reader. {advice}")
    return root


def _only(name: str, data: Data, claim: Callable[[str], bool]) -> Iterator[Item]:
    """Yield a file that is a package of its own as its only member."""
    if claim(name):
        yield Member(name, data)
