"""Long series of migrations that nothing in the package calls: which of them still run is open.

A product that migrates its schema when it starts carries its whole past; the site has most of it
behind itself. Only the schema's version, known at run time, tells what is left.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final

from dten_audit.derive.schema.book import Book, SqlFile
from dten_audit.derive.schema.files import is_program, set_of
from dten_audit.model.facts.sql import SchemaChange

LONG: Final = 8
"""So many files of one series are more than one release's changes."""
_RELEASE: Final = re.compile(
    r"(?i:v|version[-_ ]?)?([0-9]{1,9}(?:\.[0-9]{1,9}){1,5})(?:\.[a-z]{2,6}|[-+~][^/]*)?"
)
_CHANGE: Final = re.compile(r"(?i)(?:patch|upgrade|update|migrate|migration|delta|alter)[-_.]")
_NUMBERED: Final = re.compile(r"[vV]?[0-9][0-9._-]*")


def past(book: Book, called: Collection[str], release: str = "") -> set[str]:
    """Return the paths of uncalled files that belong to a long series, or to an older release.

    ``release`` is the version of the package: a site on a later one than a file is named for has
    run the file long ago.
    """
    series: dict[str, set[str]] = defaultdict(set)
    for file in book.files.values():
        if file.role == "up" and (file.is_own or is_program(file.file.kind)):
            series[series_of(file)].add(file.file.path)
    return {
        path
        for name, paths in series.items()
        if name
        for path in paths
        if path not in called and (len(paths) >= LONG or _older(path, release))
    }


def _older(path: str, release: str) -> bool:
    """Tell whether a file is named for a version before that of the package."""
    named = _RELEASE.fullmatch(posixpath.basename(path))
    own = _RELEASE.match(release.rpartition(":")[2])
    if named is None or own is None:
        return False
    return _parts(named[1]) < _parts(own[1])


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def series_of(file: SqlFile) -> str:
    """Return the series of a file: the folder above its numbered folders, else its ordered set.

    Changes without an order (``patch-user-email.sql``) are a series by their folder.
    """
    parts = posixpath.dirname(file.file.path).split("/")
    for number, part in enumerate(parts):
        if _NUMBERED.fullmatch(part):
            return "/".join((*parts[:number], "*"))
    return set_of(file.file.path, file.runner) or _patches(file)


def _patches(file: SqlFile) -> str:
    """Return the folder of a file that is named as one of many changes, without an order."""
    named = _CHANGE.match(posixpath.basename(file.file.path)) is not None
    return posixpath.dirname(file.file.path) if named and file.is_own else ""


def with_open_past(book: Book, changes: Iterable[SchemaChange], release: str) -> list[SchemaChange]:
    """Return the changes; those of a series' uncalled files hold only if the file still runs."""
    changes = list(changes)
    called = {change.script for change in changes if change.called}
    open_files = past(book, called, release)
    series = {file.file.path: series_of(file) for file in book.files.values()}
    return [
        change._replace(certainty="computed", unit=series[change.script])
        if change.script in open_files
        else change
        for change in changes
    ]
