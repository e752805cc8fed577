"""Which files change a schema in use, and whether the package holds the way back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from dten_audit.derive.schema.book import Book, SqlFile
from dten_audit.derive.schema.files import order_of
from dten_audit.derive.schema.history import series_of
from dten_audit.derive.schema.pairs import Pairs
from dten_audit.derive.schema.way_back import Types, gaps
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


def migrations(book: Book, changes: Iterable[SchemaChange], pairs: Pairs) -> Iterator[Migration]:
    """Yield one fact for each upgrade file that changes what is there, or adds to it."""
    by_script: dict[str, dict[tuple[object, ...], SchemaChange]] = defaultdict(dict)
    for change in changes:
        lasting = change.action not in _TIDYING
        if change.role == "up" and lasting and change.table_from in ("site", "set"):
            by_script[change.script][change.at, change.action, change.column] = change
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
        down = pairs.down_of(file)
        open_ = () if file.hint("reverses") == "yes" else gaps(up, down, known[unit])
        known[unit].learn(up)
        first = min((c.at for c in own), key=lambda at: at.line or 0, default=file.script.at)
        yield Migration(
            first,
            file.file.path,
            unit,
            file.runner.name,
            _is_reversible(file, pairs),
            len(own),
            sum(change.action in _LOSSY for change in own),
            not_undone=open_,
            way_back=(down[0].at,) if open_ else (),
            past=any(change.past for change in own),
        )


def _adds(file: SqlFile) -> bool:
    return any(a.verb in _CREATES for s in file.statements for a in s.actions if not a.routine)


def _is_reversible(file: SqlFile, pairs: Pairs) -> bool:
    """Say whether the package knows the way back; a migration in another language says so."""
    if file.hint("way-back"):
        return file.hint("way-back") == "yes"
    return pairs.has_down(file)


def _folder(path: str) -> str:
    return path.rpartition("/")[0] or "."
