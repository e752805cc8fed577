"""Timeouts that a program sets on its connections: its other SQL waits no longer than that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from dten_audit.derive.schema.book import Book, SqlFile
from dten_audit.derive.schema.files import is_program
from dten_audit.model.facts.sql import SchemaChange
from dten_audit.readers.sql.draft import is_computed

_TIMEOUT: Final = "statement_timeout"


def with_program_timeouts(book: Book, changes: Iterable[SchemaChange]) -> list[SchemaChange]:
    """Return the changes; what programs run is under the ``statement_timeout`` that one sets.

    Only a value that is a parameter counts: it is the program's setting, not one statement's.
    """
    changes = list(changes)
    programs = {f.file.path for f in book.files.values() if _is_own_program(f)}
    if not any(_sets_timeout(file) for file in book.files.values() if file.file.path in programs):
        return changes
    return [
        change._replace(statement_timeout="set")
        if change.script in programs and change.statement_timeout == "unset"
        else change
        for change in changes
    ]


def _is_own_program(file: SqlFile) -> bool:
    return is_program(file.file.kind) and not file.runner.name and not file.hint("runner")


def _sets_timeout(file: SqlFile) -> bool:
    return any(
        action.verb == "set"
        and action.name == _TIMEOUT
        and "local" not in action.flags
        and (action.value in ("?", "%s") or is_computed(action.value))
        for statement in file.statements
        for action in statement.actions
    )
