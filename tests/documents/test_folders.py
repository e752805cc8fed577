"""A folder is read as an archive of the same files is."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dten_audit.documents.budget import Limits
from dten_audit.documents.folder import read_file
from dten_audit.examples.zip_writer import ZipMember, write_zip

from .hostile_tars import info, tar
from .opening import Opening, open_path
from .zip_cases import CANARY

INNER: Final = write_zip([ZipMember("etc/cron.d/import", CANARY)])
NAMES: Final = st.text("abcAB -.é☃\u202e\x01\\:$`~", min_size=1, max_size=12).filter(
    lambda name: name not in (".", "..")
)
CONTENTS: Final = st.sampled_from([b"", b"#!/bin/sh\nexit\n", b"\x7fELF", INNER, CANARY])
MODES: Final = st.sampled_from([0o644, 0o755, 0o4755, 0o666])
TARGETS: Final = st.sampled_from(["a", "../a", "../../../etc", "/etc/passwd", "b/../c"])
TREES: Final = st.lists(
    st.tuples(st.lists(NAMES, min_size=1, max_size=3), CONTENTS, MODES, st.none() | TARGETS),
    min_size=1,
    max_size=6,
)


def written(tree: list[tuple[list[str], bytes, int, str | None]], root: Path) -> None:
    """Write a tree; of two entries at one path the first one stays."""
    root.mkdir()
    for parts, content, mode, target in tree:
        place = root.joinpath(*parts)
        if any(p.is_symlink() or p.is_file() for p in (place, *place.parents)) or place.exists():
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        if target is not None:
            place.symlink_to(target)
            continue
        place.write_bytes(content)
        place.chmod(mode)
    for folder, _, _ in os.walk(root):
        Path(folder).chmod(0o755)


def in_order(folder: Path) -> Iterator[Path]:
    """Yield what is below a folder: of each its files first."""
    entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    yield from entries
    for entry in entries:
        if entry.is_dir() and not entry.is_symlink():
            yield from in_order(entry)


def seen(opening: Opening) -> object:
    """Return all that was said, without the name of the package and the order of members."""
    inside = {
        document.address.partition("!/")[2]: (document.data, document.mode, document.kind)
        for document in opening.documents
    }
    issues = {(i.at.path.partition("!/")[2], i.issue, i.detail) for i in opening.issues}
    gaps = {(gap.at.path.partition("!/")[2], gap.reason) for gap in opening.gaps}
    return inside, issues, gaps, [container.kind for container in opening.containers[1:]]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(TREES)
def test_a_folder_is_read_as_a_tar_of_it(
    tmp_path_factory: pytest.TempPathFactory, tree: list[tuple[list[str], bytes, int, str | None]]
) -> None:
    trees = tmp_path_factory.mktemp("trees")
    root, archive = trees / "tree", trees / "tree.tar"
    written(tree, root)
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as writer:
        for place in in_order(root):
            writer.add(place, str(place.relative_to(root)), recursive=False)
    assert seen(open_path(root)) == seen(open_path(archive))


def test_a_folder_is_charged_as_an_archive_is(tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"{number}.bin").write_bytes(bytes(1000))
    opening = open_path(tmp_path, Limits(total=5000))
    assert len(opening.documents) == 5
    assert opening.reasons == {"limit-total"}


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "out").symlink_to("/etc")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "loop").symlink_to("..")
    opening = open_path(tmp_path)
    assert not opening.documents
    assert opening.names == {"special-file", "link-absolute"}


def test_a_file_that_states_no_size_is_not_read_for_ever() -> None:
    endless = Path("/proc/self/maps")
    if not endless.exists():
        pytest.skip("no /proc here")
    with pytest.raises(OSError, match="it grew while it was read"):
        read_file(endless, 10)


def test_a_package_from_a_stream_has_its_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    from dten_audit.auditing import audit

    data = tar((info("a.sh"), b"#!/bin/sh\n"))

    class Standard:
        buffer = io.BytesIO(data)

    monkeypatch.setattr("sys.stdin", Standard())
    (audited,) = audit(["-"]).packages
    assert len(audited.sha256) == 64


def test_links_are_facts(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/x.service").symlink_to("/dev/null")
    links = open_path(tmp_path).links
    assert [(link.path, link.target, link.hard) for link in links] == [
        ("a/x.service", "/dev/null", False)
    ]
