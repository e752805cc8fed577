"""Which migrations of a product's past still run is open; those of its own release run."""

from __future__ import annotations

import pytest

from dten_audit.derive.schema_changes import derive
from dten_audit.model.facts.sql import SchemaChange
from dten_audit.site.estate import Estate
from dten_audit.site.site import Site
from tests.derive.schema import AT
from tests.derive.trees import package_of

ALTER = "ALTER TABLE orders ADD COLUMN note text;\n"
FOLDER = "usr/share/dbconfig-common/data/dten/upgrade/pgsql"
RELEASES = [
    ("9.6.7", ("3.0.0", "9.0.0"), ["computed", "computed"]),
    ("5:9.6.7-7", ("9.0.0", "9.6.7"), ["computed", "exact"]),
    ("9.4.0", ("9.4.0",), ["exact"]),
    ("9.10.0", ("9.9.1",), ["computed"]),
    ("", ("3.0.0", "9.0.0"), ["exact", "exact"]),
    ("9.6.7", ("orders.sql",), ["exact"]),
    ("9.6.7", ("v9.1.0.sql", "v9.7.0.sql"), ["computed", "exact"]),
    ("9.6.7", tuple(f"{number:04}_a.sql" for number in range(8)), ["computed"] * 8),
]
"""The version of the package, its files of SQL, and how certain it is that they run."""


@pytest.mark.parametrize(("release", "names", "certainty"), RELEASES)
def test_a_file_of_an_older_release_may_have_run_long_ago(
    release: str, names: tuple[str, ...], certainty: list[str]
) -> None:
    package = package_of({f"{FOLDER}/{name}": ALTER for name in names})
    package.identity = {"version": release} if release else {}
    found = [f for f in derive(package, Estate(Site(), AT)) if isinstance(f, SchemaChange)]
    assert [fact.certainty for fact in sorted(found, key=lambda fact: fact.script)] == certainty


PROGRAM = """
export default async (connection) => {
  await execute(connection, "ALTER TABLE orders ADD COLUMN note text");
};
"""
PROGRAMS = [
    ("2.2.1", ("migration/Version-1.0.8.js",), ["computed"]),
    ("", ("migration/Version-1.0.8.js",), ["exact"]),
    ("", tuple(f"alterations/1.{n}.0-1700000000-add-note.js" for n in range(8)), ["computed"] * 8),
    ("", tuple(f"alterations/1.{n}.0-1700000000-add-note.js" for n in range(3)), ["exact"] * 3),
]


@pytest.mark.parametrize(("release", "names", "certainty"), PROGRAMS)
def test_programs_that_migrate_are_a_series_too(
    release: str, names: tuple[str, ...], certainty: list[str]
) -> None:
    package = package_of(dict.fromkeys(names, PROGRAM))
    package.identity = {"version": release} if release else {}
    found = [f for f in derive(package, Estate(Site(), AT)) if isinstance(f, SchemaChange)]
    assert [fact.certainty for fact in found] == certainty


@pytest.mark.parametrize(
    ("name", "count", "certainty"),
    [("patch-{}-note.sql", 8, "computed"), ("patch-{}-note.sql", 3, "exact"),
     ("{}-notes.sql", 8, "exact")],
)  # fmt: skip
def test_many_changes_without_an_order_are_a_past(name: str, count: int, certainty: str) -> None:
    names = [f"maintenance/archives/{name.format(word)}" for word in "abcdefgh"[:count]]
    package = package_of(dict.fromkeys(names, ALTER))
    found = [f for f in derive(package, Estate(Site(), AT)) if isinstance(f, SchemaChange)]
    assert {fact.certainty for fact in found} == {certainty}
