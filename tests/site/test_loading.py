"""The site file: short forms, three-valued answers, and errors with line and advice."""

from __future__ import annotations

from pathlib import Path

import pytest

from dten_audit.model.unknown import Unknown
from dten_audit.site.loading import load_site
from dten_audit.site.schema import SiteFileError
from dten_audit.site.site import Site

FULL = """\
schema: dten-site/1
site: {name: plant-7, complete: [units, hosts], timezone: Europe/Berlin}
packages:
  - pkg:generic/dten-core@4.5.1
  - {purl: 'pkg:deb/debian/postgresql-15@15.8-0+deb12u1?arch=amd64', from: dpkg}
units:
  - dten-core
  - {name: dten-import.timer, state: masked}
  - {name: queue.service, alias_of: broker.service}
tables:
  - {name: public.orders, rows: 1000, bytes: 2147483648}
hosts:
  retired:
    - old.example
    - {match: '*.legacy.example', since: 2025-11-01, replaced_by: new.example, reason: CHG-1}
users: [dten]
"""


def load(tmp_path: Path, text: str) -> Site:
    path = tmp_path / "site.yaml"
    path.write_text(text)
    return load_site(path)


def test_short_and_long_forms(tmp_path: Path) -> None:
    site = load(tmp_path, FULL)
    assert [(u.name, u.state, u.alias_of, u.line) for u in site.units] == [
        ("dten-core.service", "", "", 7),
        ("dten-import.timer", "masked", "", 8),
        ("queue.service", "", "broker.service", 9),
    ]
    assert site.version_of("pkg:generic/dten-core") == "4.5.1"
    assert site.version_of("pkg:deb/debian/postgresql-15") == "15.8-0+deb12u1"
    assert site.timezone == "Europe/Berlin"


def test_only_complete_sections_are_believed_for_absence(tmp_path: Path) -> None:
    site = load(tmp_path, FULL)
    assert site.unit("gone") is None
    assert site.table("gone") == Unknown("site.tables")
    assert site.version_of("pkg:generic/gone") == Unknown("site.packages")
    assert site.user("gone") == Unknown("site.users")
    assert site.user("root") == "root"
    assert site.retired_host("fresh.example") is None
    assert Site().unit("x") == Unknown("site.units")
    assert Site().retired_host("x") == Unknown("site.hosts")


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("old.example", True),
        ("OLD.example.", True),
        ("sftp.legacy.example", True),
        ("legacy.example", False),
        ("notold.example", False),
        ("old.example.evil", False),
    ],
)
def test_retired_hosts_match_on_labels(tmp_path: Path, host: str, *, found: bool) -> None:
    assert (load(tmp_path, FULL).retired_host(host) is not None) is found


@pytest.mark.parametrize("name", ["orders", "public.orders", "PUBLIC.ORDERS"])
def test_tables_match_with_and_without_schema(tmp_path: Path, name: str) -> None:
    table = load(tmp_path, FULL).table(name)
    assert not isinstance(table, Unknown)
    assert table is not None
    assert table.bytes == 2 << 30


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("units:", "unit:", 6, "has no key unit; did you mean units?"),
        (
            "{name: dten-import.timer, state",
            "{nam: dten-import.timer, state",
            8,
            "did you mean name?",
        ),
        ("state: masked", "state: maskd", 8, "a unit is never maskd; did you mean masked?"),
        ("rows: 1000", "rows: many", 11, "rows is a whole number"),
        ("users: [dten]", "users: dten", 16, "users is a list"),
        ("pkg:generic/dten-core@4.5.1", "dten-core 4.5.1", 4, "a package is a purl"),
        ("complete: [units", "complete: [unit", 2, "there is no section unit; did you mean units?"),
        ("schema: dten-site/1", "schema: dten-site/2", 1, "the schema is dten-site/1"),
        ("hosts:\n", "hosts: [\n", 14, ""),
        ("{match: '*.legacy.example', ", "{", 15, "a retired host has a match"),
    ],
)
def test_errors_have_line_and_advice(
    tmp_path: Path, old: str, new: str, line: int, reason: str
) -> None:
    assert old in FULL
    with pytest.raises(SiteFileError) as caught:
        load(tmp_path, FULL.replace(old, new, 1))
    assert caught.value.line == line
    assert reason in caught.value.reason


@pytest.mark.parametrize("text", ["", "- a\n", "a: 1\n---\nb: 2\n", "x\n"])
def test_no_mapping_is_no_site(tmp_path: Path, text: str) -> None:
    with pytest.raises(SiteFileError):
        load(tmp_path, text)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SiteFileError, match="no such site file"):
        load_site(tmp_path / "none.yaml")
