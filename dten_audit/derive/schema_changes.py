"""Derives what the SQL of a package does to tables in use, in every session that runs it."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator

from dten_audit.derive.schema.book import Book, SqlFile
from dten_audit.derive.schema.changes import Judge
from dten_audit.derive.schema.connections import with_program_timeouts
from dten_audit.derive.schema.contexts import Context, Run, Session, sessions
from dten_audit.derive.schema.files import set_of
from dten_audit.derive.schema.history import with_open_past
from dten_audit.derive.schema.interpreter import Budget, Interpreter, Stated
from dten_audit.derive.schema.merging import merged, single, with_loops
from dten_audit.derive.schema.migrations import migrations
from dten_audit.derive.schema.ordering import in_order
from dten_audit.derive.schema.pairs import Pairs
from dten_audit.derive.schema.state import State, World
from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.sql import SchemaChange, TransactionIssue, UncheckedSql
from dten_audit.model.unknown import Unknown
from dten_audit.site.estate import Estate


def derive(package: Package, estate: Estate) -> Iterable[Fact]:
    """Yield schema changes, transactions that end wrong, SQL that was not settled, migrations."""
    book = Book(package)
    if not book.files:
        return
    pairs = Pairs(book)
    stated = list(_All(package, estate, book, pairs).stated())
    every = with_loops(merged(fact for fact in stated if isinstance(fact, SchemaChange)))
    limited = with_program_timeouts(book, every)
    changes = with_open_past(book, limited, package.identity.get("version", ""))
    yield from changes
    yield from single(fact for fact in stated if isinstance(fact, (TransactionIssue, UncheckedSql)))
    yield from migrations(book, changes, pairs)


class _All:
    """All sessions of a package, in groups that run one after the other on one database."""

    def __init__(self, package: Package, estate: Estate, book: Book, pairs: Pairs) -> None:
        self._book = book
        self._pairs = pairs
        self._judge = Judge(estate.site)
        self._budget = Budget()
        self._included: set[str] = set()
        self._sessions = sessions(package, book)

    def stated(self) -> Iterator[Stated]:
        groups: dict[str, list[Session]] = defaultdict(list)
        for session in self._sessions:
            groups[session.script].append(session)
        for group in groups.values():
            world = World()
            for session in sorted(group, key=lambda each: each.order):
                yield from self._session(session, world)
        called = {run.document for session in self._sessions for run in session.runs}
        yield from self._orphans(called)

    def _orphans(self, called: set[str]) -> Iterator[Stated]:
        """Run the files that nothing runs: sets of migrations in their order, others alone.

        Those that others include come last: by then they have run where they are included.
        """
        alone = [file for file in self._book.files.values() if file.info.id not in called]
        groups: dict[tuple[str, bool, str], list[SqlFile]] = defaultdict(list)
        for number, file in enumerate(alone):
            folder = set_of(file.file.path, file.runner) or f"#{number}"
            if file.runner.across:
                folder = f"{file.runner.name} {posixpath.basename(folder)}"
            groups[folder, file.role == "down", self._book.dialect(file, None)].append(file)
        inner = {target for file in alone for target in self._book.includes(file)}
        waiting = sorted(groups.values(), key=lambda files: files[0].info.id in inner)
        for files in waiting:
            world = World()
            for file in in_order(files):
                if file.info.id not in self._included:
                    session = Session((Run(file.info.id),), Context(), (), "", 0)
                    yield from self._session(session, world)

    def _session(self, session: Session, world: World) -> Iterator[Stated]:
        files = [self._book.files[run.document] for run in session.runs]
        dialect = self._book.dialect(files[0], session.context.dialect)
        state = State(session.context, world, dialect)
        interpreter = Interpreter(self._book, self._judge, state, self._budget, self._pairs)
        for run, file in zip(session.runs, files, strict=True):
            for fact in interpreter.run(file, together=run.together):
                yield _placed(fact, session, file)
        for fact in interpreter.finish(files[-1]):
            yield _placed(fact, session, files[-1])
        self._included |= interpreter.included


def _placed(fact: Stated, session: Session, file: SqlFile) -> Stated:
    """Add who runs it. A runner that owns the file, or the script around the text, may lock."""
    if isinstance(fact, UncheckedSql):
        return fact
    if isinstance(fact, TransactionIssue):
        return fact._replace(callers=session.callers)
    change = fact._replace(called=bool(session.callers), callers=session.callers)
    if change.migration_lock:
        return change
    if file.runner.lock and (file.info.host or not session.callers):
        return change._replace(migration_lock=True, lock_holder=file.runner.name)
    if session.callers:
        return change
    return change._replace(migration_lock=Unknown("package.callers"))
