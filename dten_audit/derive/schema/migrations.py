"""Which files change a schema in use, and whether the package holds the way back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from dten_audit.derive.schema.book import Book, SqlFile
from dten_audit.derive.schema.files import order_of, stem_of
from dten_audit.derive.schema.history import series_of
from dten_audit.derive.schema.way_back import Types, gaps
from dten_audit.model.facts.sql import Migration, SchemaChange, SqlStatement

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
        if change.role == "up" and lasting and change.table_from in ("site", "set"):
            by_script[change.script][change.at, change.action, change.column] = change
    ways_back = _ways_back(book)
    known: dict[str, Types] = defaultdict(Types)
    told: set[str] = set()
    for file in sorted(book.files.values(), key=lambda each: order_of(each.file.path)):
        own = list(by_script.get(file.file.path, {}).values())
        if file.role != "up" or not file.is_own or not (own or _adds(file)):
            continue
        if file.file.path in told:
            continue
        told.add(file.file.path)
        unit = series_of(file) or _folder(file.file.path)
        up = [statement for statement in file.statements if statement.section != "down"]
        down = _down(file, ways_back)
        open_ = gaps(up, down, known[unit])
        known[unit].learn(up)
        first = min((c.at for c in own), key=lambda at: at.line or 0, default=file.script.at)
        yield Migration(
            first,
            file.file.path,
            unit,
            file.runner.name,
            _is_reversible(file, ways_back),
            len(own),
            sum(change.action in _LOSSY for change in own),
            not_undone=open_,
            way_back=(down[0].at,) if open_ else (),
        )


def _ways_back(book: Book) -> dict[str, list[SqlFile]]:
    """Return the down files by what they have in common with the names of their up files."""
    found: dict[str, list[SqlFile]] = defaultdict(list)
    for file in book.files.values():
        if file.role == "down":
            found[stem_of(file.file.path)].append(file)
    return found


def _down(file: SqlFile, ways_back: dict[str, list[SqlFile]]) -> list[SqlStatement]:
    """Return the statements of its own down section, or of the one file that takes it back."""
    own = [statement for statement in file.statements if statement.section == "down"]
    if own or _has_way_back(file):
        return own
    paired = ways_back.get(stem_of(file.file.path), [])
    same = [each for each in paired if each.file.path == file.file.path] or paired
    of_dialect = [each for each in same if each.script.dialect == file.script.dialect] or same
    return list(of_dialect[0].statements) if len(of_dialect) == 1 else []


def _adds(file: SqlFile) -> bool:
    return any(a.verb in _CREATES for s in file.statements for a in s.actions if not a.routine)


def _is_reversible(file: SqlFile, ways_back: Collection[str]) -> bool:
    """Say whether the package knows the way back; a migration in another language says so."""
    if file.hint("way-back"):
        return file.hint("way-back") == "yes"
    return _has_way_back(file) or stem_of(file.file.path) in ways_back


def _has_way_back(file: SqlFile) -> bool:
    sections = {statement.section for statement in file.statements}
    return "down" in sections or "rollback" in file.script.marks


def _folder(path: str) -> str:
    return path.rpartition("/")[0] or "."
