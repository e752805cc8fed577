from __future__ import annotations

import hashlib
import io
import os
import sys
from pathlib import Path

import pytest

from dten_audit import Options
from dten_audit.auditing import examine
from dten_audit.documents.budget import Budget, Limits
from dten_audit.documents.cat import content, contents
from dten_audit.documents.document import Document
from dten_audit.documents.errors import PackageError
from dten_audit.documents.issues import ISSUES, REASONS
from dten_audit.documents.open import open_package
from dten_audit.examples.installers import signed_installer
from dten_audit.examples.signed_code import signed_program
from dten_audit.examples.zip_writer import ZipMember, write_zip
from dten_audit.model.facts.code_signatures import CodeSignature
from dten_audit.model.facts.container import CoverageGap

from .hostile_tars import BROKEN, info, tar
from .hostile_zips import HOSTILE
from .opening import open_bytes, open_path
from .zip_cases import CANARY

INNER = tar((info("./db/up.sql"), CANARY), (info("bin/run", mode=0o755), b"#!/bin/sh\n"))
PACKAGE = write_zip(
    [
        ZipMember("a.sql", b"first"),
        ZipMember("in.tar", INNER),
        ZipMember("a.sql", b"second"),
        ZipMember("z!/b", b"looks nested"),
        ZipMember("z", write_zip([ZipMember("c", b"is nested")])),
        ZipMember("bad", b"", flags=1, packed=b"0" * 20),
    ]
)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    path = tmp_path / "vendor.zip"
    path.write_bytes(PACKAGE)
    return path


def test_members_come_depth_first_with_their_own_addresses(package: Path) -> None:
    opening = open_path(package)
    assert [document.address for document in opening.documents] == [
        "vendor.zip!/a.sql",
        "vendor.zip!/in.tar!/db/up.sql",
        "vendor.zip!/in.tar!/bin/run",
        "vendor.zip!/a.sql#2",
        "vendor.zip!/z!/b",
        "vendor.zip!/z!/c",
    ]
    assert [(container.address, container.kind) for container in opening.containers] == [
        ("vendor.zip", "zip"),
        ("vendor.zip!/in.tar", "tar"),
        ("vendor.zip!/z", "zip"),
    ]
    run = opening.documents[2]
    assert (run.path, run.mode, run.kind, run.depth) == ("bin/run", 0o755, "shell", 0)
    assert opening.containers[1].sha256 == hashlib.sha256(INNER).hexdigest()
    assert opening.containers[1].size == len(INNER)


def test_two_runs_say_the_same(package: Path) -> None:
    first, second = open_path(package), open_path(package)
    assert first.issues == second.issues
    assert first.gaps == second.gaps
    assert [d.id for d in first.documents] == [d.id for d in second.documents]


def test_a_package_can_be_given_another_name(package: Path) -> None:
    items = open_package(package, Budget(), "new")
    documents = [item for item in items if isinstance(item, Document)]
    assert documents[0].address == "new!/a.sql"


@pytest.mark.parametrize(
    ("address", "data"),
    [
        ("vendor.zip!/a.sql", b"first"),
        ("vendor.zip!/a.sql#2", b"second"),
        ("renamed.zip!/in.tar!/db/up.sql", CANARY),
        ("vendor.zip!/in.tar", INNER),
        ("vendor.zip!/z!/b", b"looks nested"),
        ("vendor.zip!/z!/c", b"is nested"),
        ("vendor.zip", PACKAGE),
    ],
)
def test_content_comes_back_by_address(package: Path, address: str, data: bytes) -> None:
    assert content(package, address, Budget()) == data


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("vendor.zip!/b.sql", "did you mean vendor.zip!/a.sql?"),
        ("vendor.zip!/in.tar!/db/down.sql", "did you mean vendor.zip!/in.tar!/db/up.sql?"),
        ("vendor.zip!/a.sql!/x", "no container"),
        ("vendor.zip!/nothing/like/it", "no such member"),
        ("vendor.zip!/bad", "no such member"),
    ],
)
def test_a_wrong_address_names_the_nearest(package: Path, address: str, reason: str) -> None:
    with pytest.raises(PackageError, match=reason.replace("?", r"\?")):
        content(package, address, Budget())


def test_content_unpacks_no_more_than_it_must(tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    path.write_bytes(write_zip([ZipMember("big", bytes(100_000)), ZipMember("a", b"a")]))
    budget = Budget()
    assert content(path, "p.zip!/a", budget) == b"a"
    assert budget.produced == 1


def test_several_contents_come_in_one_pass(package: Path) -> None:
    wanted = ["vendor.zip!/a.sql", "vendor.zip!/in.tar!/bin/run", "vendor.zip!/none"]
    assert dict(contents(package, wanted, Budget())) == {
        "vendor.zip!/a.sql": b"first",
        "vendor.zip!/in.tar!/bin/run": b"#!/bin/sh\n",
    }
    assert not list(contents(package, [], Budget()))


# the package itself


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"-- no archive\n", "no archive: it looks like text"),
        (b"Rar!\x1a\x07\1\0" + bytes(90), "a rar archive, for which there is no reader"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(90), "the start header is damaged"),
        (b"PK\3\4" + b"x" * 90, "no directory and no member"),
        (b"\x1f\x8b\x08" + bytes(90), "the gzip data are damaged"),
        (b"!<arch>\n" + b"x" * 90, "no header at 8"),
    ],
)
def test_what_is_no_package_says_why(data: bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=reason):
        open_bytes(data, tmp_path)


def test_a_missing_package_says_so(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="no such file or directory"):
        open_path(tmp_path / "none.zip")
    with pytest.raises(PackageError, match="no such file or directory"):
        content(tmp_path / "none.zip", "none.zip!/a", Budget())


def test_a_pipe_is_no_package(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(PackageError, match="neither a file nor a folder"):
        open_path(tmp_path / "pipe")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_forbidden_package_says_so(package: Path) -> None:
    package.chmod(0)
    with pytest.raises(PackageError, match="permission denied"):
        open_path(package)


def test_a_link_to_a_package_is_followed(package: Path) -> None:
    link = package.parent / "latest.zip"
    link.symlink_to(package)
    assert open_path(link).documents[0].address == "vendor.zip!/a.sql"


def test_standard_input_is_spooled(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(PACKAGE))
    monkeypatch.setattr(sys, "stdin", stdin)
    budget = Budget(Limits(memory=10))
    documents = [item for item in open_package("-", budget) if isinstance(item, Document)]
    assert documents[0].address == "stdin!/a.sql"
    assert budget.produced > len(PACKAGE)
    stdin.detach()


def test_endless_input_stops_at_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless:
        buffer = Path("/dev/zero").open("rb")  # noqa: SIM115

    monkeypatch.setattr(sys, "stdin", Endless)
    with pytest.raises(PackageError, match="bytes"):
        next(open_package("-", Budget(Limits(total=1 << 22, memory=1 << 20))))
    Endless.buffer.close()


# a folder


def test_a_folder_is_read_in_order_and_no_link_followed(tmp_path: Path) -> None:
    root = tmp_path / "upgrade"
    (root / "b").mkdir(parents=True)
    (root / "b/up.sql").write_bytes(CANARY)
    (root / "a.zip").write_bytes(PACKAGE)
    (root / "z.sh").write_bytes(b"#!/bin/sh\n")
    (root / "z.sh").chmod(0o4755)
    (root / "out").symlink_to("../secret")
    (root / "in").symlink_to("b/up.sql")
    (root / "abs").symlink_to("/etc/passwd")
    os.mkfifo(root / "pipe")
    (tmp_path / "secret").write_bytes(b"not ours")
    opening = open_path(root)
    assert list(opening.tree) == [
        "a.zip!/a.sql",
        "a.zip!/in.tar!/db/up.sql",
        "a.zip!/in.tar!/bin/run",
        "a.zip!/a.sql#2",
        "a.zip!/z!/b",
        "a.zip!/z!/c",
        "z.sh",
        "b/up.sql",
    ]
    assert opening.containers[0].kind == "folder"
    found = {(issue.issue, issue.at.path.partition("!/")[2]) for issue in opening.issues}
    assert found == {
        ("duplicate-name", "a.zip!/a.sql"),
        ("encrypted-member", "a.zip!/bad"),
        ("link-escape", "out"),
        ("link-absolute", "abs"),
        ("special-file", "pipe"),
        ("mode-setuid", "z.sh"),
    }
    assert content(root, "upgrade!/a.zip!/in.tar!/db/up.sql", Budget()) == CANARY


def test_a_file_name_that_is_no_text_can_be_told(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff.sh"
    Path(os.fsdecode(name)).write_bytes(b"#!/bin/sh\n")
    opening = open_path(tmp_path)
    assert opening.documents[0].path == "ÿ.sh"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_cannot_be_read_leaves_a_gap(tmp_path: Path) -> None:
    (tmp_path / "a.sh").write_bytes(b"#!/bin/sh\n")
    (tmp_path / "b.sh").write_bytes(b"#!/bin/sh\n")
    (tmp_path / "b.sh").chmod(0)
    opening = open_path(tmp_path)
    assert set(opening.tree) == {"a.sh"}
    assert opening.names == {"unreadable-file"}
    assert [(gap.reason, gap.kind) for gap in opening.gaps] == [("unreadable", "shell")]


# names of issues


def test_every_issue_and_reason_has_a_meaning(tmp_path: Path) -> None:
    for case in (*HOSTILE, *BROKEN):
        assert set(case.issues.split()) <= set(ISSUES)
        assert set(case.gaps.split()) <= {*REASONS, *ISSUES}
    assert open_bytes(PACKAGE, tmp_path).names <= set(ISSUES)


@pytest.mark.parametrize("name", ["setup.exe", "data.cab", "dten.msi"])
def test_a_program_or_installer_is_a_package_of_one_file(name: str, tmp_path: Path) -> None:
    """Nothing opens it, and yet there is its signature to verify."""
    build = signed_program if name.endswith("exe") else signed_installer
    params = {"paths": [name]} if name.endswith("exe") else {"path": name}
    data = build(params)[name]
    path = tmp_path / name
    path.write_bytes(data)
    found = examine(path, Options())
    (own,) = found.of(CodeSignature)
    assert (own.content_matches, own.signature_valid) == (True, True)
    assert own.at.path == f"{path}!/{name}"
    gaps = [gap.reason for gap in found.of(CoverageGap)]
    assert gaps == ([] if name.endswith("exe") else ["unsupported-format"])
    assert content(path, f"{path}!/{name}", Budget()) == data
