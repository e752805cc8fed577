"""Which files change a schema in use, and whether the package holds the way back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from dten_audit.derive.schema.book import Book, SqlFile
from dten_audit.derive.schema.files import stem_of
from dten_audit.derive.schema.history import series_of
from dten_audit.model.facts.sql import Migration, SchemaChange

_LOSSY: Final = frozenset(
    "drop_table drop_column drop_schema drop_database drop_view truncate delete update"
    " alter_type".split()
)
_TIDYING: Final = frozenset(
    "validate_constraint reindex cluster vacuum analyze refresh_matview optimize_table".split()
)
"""Actions that leave nothing to take back."""
_CREATES: Final = frozenset(("create_table", "create_index", "create_view", "create_function"))


def migrations(book: Book, changes: Iterable[SchemaChange]) -> Iterator[Migration]:
    """Yield one fact for each upgrade file that changes what is there, or adds to it."""
    by_script: dict[str, dict[tuple[object, ...], SchemaChange]] = defaultdict(dict)
    for change in changes:
        lasting = change.action not in _TIDYING
        if change.role == "up" and lasting and not change.table_created_here:
            by_script[change.script][change.at, change.action, change.column] = change
    ways_back = {stem_of(file.file.path) for file in book.files.values() if file.role == "down"}
    told: set[str] = set()
    for file in book.files.values():
        own = list(by_script.get(file.file.path, {}).values())
        if file.role != "up" or not file.is_own or not (own or _adds(file)):
            continue
        if file.file.path in told:
            continue
        told.add(file.file.path)
        first = min((c.at for c in own), key=lambda at: at.line or 0, default=file.script.at)
        yield Migration(
            first,
            file.file.path,
            series_of(file) or _folder(file.file.path),
            file.runner.name,
            _is_reversible(file, ways_back),
            len(own),
            sum(change.action in _LOSSY for change in own),
        )


def _adds(file: SqlFile) -> bool:
    return any(a.verb in _CREATES for s in file.statements for a in s.actions if not a.routine)


def _is_reversible(file: SqlFile, ways_back: set[str]) -> bool:
    """Say whether the package knows the way back; a migration in another language says so."""
    if file.hint("way-back"):
        return file.hint("way-back") == "yes"
    return _has_way_back(file) or stem_of(file.file.path) in ways_back


def _has_way_back(file: SqlFile) -> bool:
    sections = {statement.section for statement in file.statements}
    return "down" in sections or "rollback" in file.script.marks


def _folder(path: str) -> str:
    return path.rpartition("/")[0] or "."
