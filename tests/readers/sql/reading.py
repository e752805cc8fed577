"""Reads SQL texts for the tests: the actions of a text in a dialect, in short words."""

from __future__ import annotations

from dten_audit.documents.document import Document
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.sql import Action, Dialect, SqlStatement
from dten_audit.readers.sql.reader import read

PATHS: dict[Dialect, str] = {
    "postgres": "sql/postgresql/a.sql",
    "mysql": "sql/mysql/a.sql",
    "sqlite": "sql/sqlite/a.sql",
    "tsql": "sql/mssql/a.sql",
    "oracle": "sql/oracle/a.sql",
    "generic": "sql/a.sql",
}


def facts(text: str, dialect: Dialect = "postgres") -> list[Fact]:
    """Return everything that is stated about a file whose path names the dialect."""
    path = PATHS[dialect]
    return list(read(Document(f"p.zip!/{path}", path, "sql", text.encode())))


def actions(text: str, dialect: Dialect = "postgres") -> list[Action]:
    """Return the actions of all statements."""
    return [
        action
        for fact in facts(text, dialect)
        if isinstance(fact, SqlStatement)
        for action in fact.actions
    ]


def told(text: str, dialect: Dialect = "postgres") -> list[str]:
    """Return each action as ``verb table.column name=value +flag``, as far as there is any."""
    return [short(action) for action in actions(text, dialect)]


def short(action: Action) -> str:
    """Return an action in one line."""
    parts = [action.verb, action.table]
    if action.column:
        parts[-1] += f":{action.column}"
    parts.append(action.constraint)
    parts += [f"<{name}>" for name in (action.name,) if name]
    parts += [f"={value}" for value in (action.value,) if value]
    parts += [f"->{table}" for table in action.references]
    parts += [f"+{flag}" for flag in sorted(action.flags)]
    parts += [f"in {action.routine}"] if action.routine else []
    parts += ["?"] if action.certainty == "computed" else []
    return " ".join(filter(None, parts))
