"""Configuration files that others include are their product's, whatever they are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from dten_audit.auditing import examine
from dten_audit.model.facts.config import ConfigChange, ConfigInclude
from dten_audit.options import Options

NOISE = "query_cache_size = 1\n"


def audited(tmp_path: Path, **files: str) -> tuple[set[str], int]:
    """Return the files in which a matrix finds a key, and how many includes were followed."""
    for name, text in files.items():
        path = tmp_path / "package" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    found = examine(tmp_path / "package", Options())
    return {fact.path for fact in found.of(ConfigChange)}, len(found.of(ConfigInclude))


@pytest.mark.parametrize(
    ("main", "included"),
    [
        ("!includedir /etc/mysql/more.d/", "etc/mysql/more.d/z.cnf"),
        ("!include /etc/mysql/plain", "etc/mysql/plain"),
        ("!include plain.ini", "etc/mysql/plain.ini"),
    ],
)
def test_an_included_file_is_read(tmp_path: Path, main: str, included: str) -> None:
    files = {"etc/mysql/my.cnf": f"[mysqld]\n{main}\n", included: f"[mysqld]\n{NOISE}"}
    assert audited(tmp_path, **files) == ({included}, 1)


def test_what_nobody_includes_is_left_alone(tmp_path: Path) -> None:
    files = {"etc/mysql/my.cnf": "[mysqld]\n# !include x.ini\n", "etc/mysql/x.ini": NOISE}
    assert audited(tmp_path, **files) == (set(), 0)


def test_chains_and_circles_end(tmp_path: Path) -> None:
    server = "[mysqld]\n"
    files = {
        "etc/mysql/my.cnf": f"{server}!include a.ini\n",
        "etc/mysql/a.ini": f"{server}!include b.ini\n!include my.cnf\n",
        "etc/mysql/b.ini": f"{server}{NOISE}!include a.ini\n",
    }
    assert audited(tmp_path, **files) == ({"etc/mysql/b.ini"}, 4)


def test_postgresql_reads_a_folder(tmp_path: Path) -> None:
    files = {
        "etc/postgresql/15/main/postgresql.conf": "include_dir = 'own.d'\n",
        "etc/postgresql/15/main/own.d/dten.conf": "operator_precedence_warning = off\n",
        "etc/postgresql/15/main/other.d/dten.conf": "operator_precedence_warning = off\n",
    }
    assert audited(tmp_path, **files) == ({"etc/postgresql/15/main/own.d/dten.conf"}, 1)
