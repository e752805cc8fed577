"""Identical archives are read once and told everywhere; of large documents, what matters."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from dten_audit.auditing import audit
from dten_audit.cli.options import build_options
from dten_audit.documents.budget import Budget, Limits
from dten_audit.documents.cat import content, contents
from dten_audit.examples.zip_writer import ZipMember, write_zip
from dten_audit.options import Options
from dten_audit.report import as_json, as_text

from .hostile_tars import info, tar
from .opening import open_bytes

MIB = 1 << 20
CRON = tar((info("etc/cron.d/import"), b"0 3 * * * root /opt/dten/bin/import --all\n"))


def test_an_identical_archive_is_read_once_and_listed_everywhere(tmp_path: Path) -> None:
    inner = write_zip([ZipMember("agent.tar", CRON)])
    paths = ("east/agent.zip", "north/agent.zip", "west/agent.zip")
    package = tmp_path / "vendor.zip"
    package.write_bytes(write_zip([ZipMember(path, inner) for path in paths]))
    report = audit([package])
    (audited,) = report.packages
    start = f"{package}!/"
    assert [(r.path, r.first) for r in audited.coverage.repeated] == [
        (f"{start}north/agent.zip", f"{start}east/agent.zip"),
        (f"{start}west/agent.zip", f"{start}east/agent.zip"),
    ]
    (job,) = (finding for finding in audited.findings if finding.rule == "CRON001")
    places = [job.at.path, *(r.at.path for r in job.related if "identical" in r.message)]
    assert places == [f"{start}{path}!/agent.tar!/etc/cron.d/import" for path in paths]
    plain = json.loads(as_json.render(report))["packages"][0]["coverage"]
    assert plain["repeated"][0]["first"] == f"{start}east/agent.zip"
    text = as_text.render(report, as_text.Style())
    assert "read once: north/agent.zip is identical to east/agent.zip" in text


def test_members_of_a_copy_can_still_be_shown(tmp_path: Path) -> None:
    package = tmp_path / "x.zip"
    package.write_bytes(write_zip([ZipMember("a.tar", CRON), ZipMember("b.tar", CRON)]))
    address = "x.zip!/b.tar!/etc/cron.d/import"
    assert content(package, address, Budget()).startswith(b"0 3")
    assert dict(contents(package, [address], Budget()))[address].startswith(b"0 3")


def test_a_stream_with_another_name_is_another_document(tmp_path: Path) -> None:
    packed = gzip.compress(b"SELECT 1;\n", mtime=0)
    data = write_zip([ZipMember(path, packed) for path in ("a.sql.gz", "b.txt.gz", "c/a.sql.gz")])
    opening = open_bytes(data, tmp_path)
    assert [document.path for document in opening.documents] == ["a.sql", "b.txt"]
    assert [container.same_as for container in opening.containers][3:] == ["package.zip!/a.sql.gz"]


def test_an_archive_that_holds_itself_ends(tmp_path: Path) -> None:
    data = write_zip([ZipMember("a.sql", b"SELECT 1;")])
    for _ in range(5):
        data = write_zip([ZipMember(f"{n}.zip", data, stored=True) for n in range(9)])
    opening = open_bytes(data, tmp_path)
    assert len(opening.documents) == 1
    assert len(opening.containers) == 1 + 5 * 9


def test_every_limit_is_an_option() -> None:
    words = [f"{name}={number}" for number, name in enumerate(Limits._fields, 1)]
    given = build_options({"limit": tuple(words)}).limits
    assert list(given) == list(range(1, len(Limits._fields) + 1))
    assert build_options({"limit": ("ratio-from=2MiB",)}).limits.ratio_from == 2 * MIB


ROWS = b"".join(b"INSERT INTO import_rows VALUES (%d);\n" % n for n in range(60_000))
LARGE = [
    ("db/data.sql", b"-- rows\n" + b"7,8\n" * 400_000, []),
    ("db/data.sql", ROWS + b"DROP TABLE users;\n", ["limit-memory"]),
    ("rows.csv", b"1;2;3\n" * 400_000, []),
    ("lib.so", b"\x7fELF" + bytes(2 * MIB), []),
]


@pytest.mark.parametrize(("path", "data", "reasons"), LARGE, ids=[str(n) for n in range(4)])
def test_a_large_document_leaves_a_gap_only_where_its_rest_matters(
    path: str, data: bytes, reasons: list[str], tmp_path: Path
) -> None:
    package = tmp_path / "x.zip"
    package.write_bytes(write_zip([ZipMember(path, data)]))
    options = Options(limits=Limits(memory=MIB, ratio=10**6))
    (audited,) = audit([package], options).packages
    assert [entry.reason for entry in audited.coverage.not_covered] == reasons
    assert [f.rule for f in audited.findings if f.rule.startswith("ARC")] == ["ARC006"] * len(
        reasons
    )
