"""Long series of migrations that nothing in the package calls: which of them still run is open.

A product that migrates its schema when it starts carries its whole past; the site has most of it
behind itself. Only the schema's version, known at run time, tells what is left.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

from dten_audit.derive.schema.book import Book, SqlFile
from dten_audit.derive.schema.files import is_program, set_of
from dten_audit.model.facts.sql import SchemaChange

LONG: Final = 8
"""So many files of one series are more than one release's changes."""
HISTORY: Final = 60
"""So many that a product's release carries are its whole past, wherever their names begin."""
_YEARS: Final = 3
"""So many years between the first and the last are a past, also in a bundle of files; a step from
one major version to the next took none of the servers looked at as long."""
_YEARS_OF_PRODUCT: Final = 1
_RELEASE: Final = re.compile(
    r"(?i:v|version[-_ ]?)?([0-9]{1,9}(?:\.[0-9]{1,9}){1,5})(?:\.[a-z]{2,6}|[-+~][^/]*)?"
)
_CHANGE: Final = re.compile(r"(?i)(?:patch|upgrade|update|migrate|migration|delta|alter)[-_.]")
_FIRST: Final = re.compile(r"(?i)[a-z_-]{0,20}0*[01](?!\.?[0-9])|\d{1,9}_(?:initial\b|squashed\.)")
_DJANGO: Final = "Django"
_NUMBERED: Final = re.compile(r"[vV]?[0-9][0-9._-]*")
_DAY: Final = re.compile(r"(?:^|/)(20\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?[0-3]\d(?![a-z])")
_EPOCH: Final = re.compile(r"(?:^|/|-)(1[0-9]{9})(?:[0-9]{3})?(?=[-_.])")
_YEAR_SECONDS: Final = 31_556_952


class Past(NamedTuple):
    """The series of a file that may have run long ago; ``whole``: with all from its beginning."""

    series: str
    whole: bool


def past(book: Book, called: Collection[str], release: str = "") -> dict[str, Past]:
    """Return what is past of uncalled files that belong to a long series, or to an older release.

    ``release`` is the version of the package: a site on a later one than a file is named for has
    run the file long ago. A series whose beginning is elsewhere is what one release adds to it.
    """
    every = _all_series(book)
    begun = _begun(every, book)
    found: dict[str, Past] = {}
    for name, files in every.items():
        paths = {file.file.path for file in files}
        for path in paths - set(called):
            older = _older(path, release)
            if older or (begun[name] is not False and len(paths) >= LONG):
                found[path] = Past(name, whole=older or begun[name] is True)
    return found


def _begun(every: Mapping[str, list[SqlFile]], book: Book) -> dict[str, bool | None]:
    """Say of each series whether it holds its first file; what it is beside does so too.

    A package with more than its migrations is a whole product, which carries all of them.
    """
    migrations = {file.file.path for files in every.values() for file in files}
    is_product = book.documents > 2 * len(migrations)
    found = {name: _begins(files, book) for name, files in every.items()}
    whole = {posixpath.dirname(name) for name, begins in found.items() if begins}
    for name, begins in found.items():
        paths = {file.file.path for file in every[name]}
        long = len(paths) >= HISTORY and (is_product or _years(paths) >= _YEARS)
        old = is_product and len(paths) >= LONG and _years(paths) >= _YEARS_OF_PRODUCT
        if begins is None and (long or old or posixpath.dirname(name) in whole - {""}):
            found[name] = True
    return found


def _years(paths: Iterable[str]) -> float:
    """Return how many years the times in the names of files are apart; 0 where there are none."""
    times = [time for path in paths if (time := _time(path)) is not None]
    return max(times) - min(times) if times else 0


def _time(path: str) -> float | None:
    """Return when a file was made, in years, by its name; None where that does not tell."""
    day = _DAY.search(path)
    if day is not None:
        return int(day[1]) + int(day[2]) / 12
    second = _EPOCH.search(posixpath.basename(path))
    return int(second[1]) / _YEAR_SECONDS if second is not None else None


def _all_series(book: Book) -> dict[str, list[SqlFile]]:
    """Return the files of each series; the apps of one Django project are one."""
    own = [
        file
        for file in book.files.values()
        if file.role == "up" and (file.is_own or is_program(file.file.kind))
    ]
    apps = {series_of(file) for file in own if file.runner.name == _DJANGO}
    above = posixpath.commonpath({posixpath.dirname(app) for app in apps}) if apps else ""
    found: dict[str, list[SqlFile]] = defaultdict(list)
    for file in own:
        name = series_of(file)
        if len(apps) > 1 and name in apps:
            name = posixpath.join(above, "*", "migrations")
        if file.hint("revision"):
            name = re.sub(r"(?<=/versions)/.*", "", name)
        if name:
            found[name].append(file)
    return found


def _begins(files: list[SqlFile], book: Book) -> bool | None:
    """Say whether a series holds its first file; None where their names do not tell."""
    if any(file.hint("revision") for file in files):
        before = {file.hint("after") for file in files}
        return "" in before or not book.absent(name for text in before for name in text.split())
    if all(file.runner.name == _DJANGO for file in files):
        apps = {series_of(file) for file in files}
        begun = {series_of(file) for file in files if _FIRST.match(_name(file))}
        return len(begun) * 2 > len(apps)
    alone = not series_of(files[0]).endswith("*")
    return True if alone and any(_FIRST.match(_name(file)) for file in files) else None


def _name(file: SqlFile) -> str:
    return posixpath.basename(file.file.path)


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
    found = past(book, called, release)
    return [
        change._replace(certainty="computed", unit=known.series, past=known.whole)
        if (known := found.get(change.script)) is not None
        else change
        for change in changes
    ]
