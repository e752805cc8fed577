"""Derives the schema changes of a small tree, for the tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar

from dten_audit.derive.schema_changes import derive
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.sql import SchemaChange
from dten_audit.site.estate import Estate
from dten_audit.site.site import Site
from tests.derive.trees import package_of

F = TypeVar("F", bound=Fact)
AT = datetime(2026, 11, 21, 3, tzinfo=UTC)
SQL = "sql/postgresql/upgrade.sql"


def of(kind: type[F], tree: Mapping[str, str], site: Site | None = None) -> list[F]:
    """Return the facts of a kind that are derived from a tree (path → text)."""
    facts = derive(package_of(tree), Estate(site or Site(), AT))
    return [fact for fact in facts if isinstance(fact, kind)]


def changes(text: str, path: str = SQL, site: Site | None = None) -> list[SchemaChange]:
    """Return the schema changes of one file."""
    return of(SchemaChange, {path: text}, site)
