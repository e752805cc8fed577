"""AppX packages against their signatures and block maps: honest ones, and changed ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dten_audit import Options
from dten_audit.auditing import examine
from dten_audit.examples.signed_appx import block_map, signed_appx
from dten_audit.examples.zip_writer import ZipMember, write_zip
from dten_audit.links.package import Package
from dten_audit.model.facts.code_signatures import SealedArchive
from dten_audit.model.facts.general import Unreadable
from dten_audit.model.facts.signatures import SignatureCheck
from dten_audit.model.facts.signing import ManifestEntry
from dten_audit.readers.signing import appx
from dten_audit.readers.signing.certificates import MalformedError

((NAME, SIGNED),) = signed_appx({}).items()


def judged(folder: Path, data: bytes, *, wrap: bool = False) -> Package:
    path = folder / ("a.zip" if wrap else "a.msix")
    path.write_bytes(write_zip([ZipMember(NAME, data)]) if wrap else data)
    return examine(path, Options())


def made(**params: Any) -> bytes:
    return signed_appx(params).popitem()[1]


@pytest.mark.parametrize("wrap", [True, False])
@pytest.mark.parametrize("zip64", [True, False])
def test_honest_ones(tmp_path: Path, *, wrap: bool, zip64: bool) -> None:
    found = judged(tmp_path, made(zip64=zip64), wrap=wrap)
    (own,) = found.of(SealedArchive)
    assert (own.form, own.matches, own.differs, own.problem) == ("AppX", True, "", "")
    assert [(one.status, one.signed) for one in found.of(ManifestEntry)] == [("matches", True)] * 3
    assert [check.incidental for check in found.of(SignatureCheck)] == [wrap]


@pytest.mark.parametrize(
    ("params", "differs", "statuses"),
    [
        ({"after": {"Assets/logo.svg": "x"}}, ["AXPC", "AXCD"], {"differs"}),
        ({"after": {"more.dll": "MZ"}}, ["AXPC", "AXCD"], {"uncovered"}),
        ({"after": {"[Content_Types].xml": "<Types/>"}}, ["AXPC", "AXCD", "[Content"], set()),
        ({"tamper": "directory"}, ["AXCD"], set()),
        ({"unlisted": {"a b.txt": "t"}}, [], {"uncovered"}),
        ({"wrong": {"Dten Console.exe.config": "y"}}, [], {"differs"}),
        ({"wrong": {"gone.txt": "y"}}, [], {"missing"}),
    ],
)
def test_what_is_not_as_signed(
    tmp_path: Path, params: dict[str, Any], differs: list[str], statuses: set[str]
) -> None:
    found = judged(tmp_path, made(**params))
    (own,) = found.of(SealedArchive)
    assert own.matches is (not differs)
    assert all(part in own.differs for part in differs)
    assert {one.status for one in found.of(ManifestEntry)} - {"matches"} == statuses


def test_a_block_map_that_was_changed(tmp_path: Path) -> None:
    found = judged(tmp_path, made(after={"AppxBlockMap.xml": block_map({}).decode()}))
    (own,) = found.of(SealedArchive)
    assert "AppxBlockMap.xml" in own.differs
    assert not any(one.signed for one in found.of(ManifestEntry))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (made(behind={"a.txt": "x"}), "not its last entry"),
        (SIGNED + b"x", "ends where it says"),
        (SIGNED[:-2] + b"\5\0", "ends where it says"),
    ],
)
def test_what_is_not_compared(data: bytes, problem: str) -> None:
    with pytest.raises(MalformedError, match=problem):
        appx.raw_digests(data, "sha256")


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 200_000])
def test_blocks(size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    content = content[:size]
    algorithm, (own,) = appx.block_map(block_map({"a/b.bin": content}))
    assert (algorithm, own.name, own.size) == ("sha256", "a/b.bin", size)
    assert appx.fits(own, algorithm, content)
    assert not appx.fits(own, algorithm, content + b"x")
    if content:
        assert not appx.fits(own, algorithm, content[:-1] + b"\0\1"[-1:])


@pytest.mark.parametrize(
    "text",
    ["", "<BlockMap/>", "<a HashMethod='http://www.w3.org/2001/04/xmlenc#sha256'/>",
     "<BlockMap HashMethod='http://www.w3.org/2001/04/xmlenc#sha256'><File Size='-1'/></BlockMap>",
     "<!DOCTYPE a [<!ENTITY b 'c'>]><BlockMap/>"],
)  # fmt: skip
def test_block_maps_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    with pytest.raises(MalformedError):
        appx.block_map(text.encode())
    found = judged(tmp_path, made(after={"AppxBlockMap.xml": text}))
    assert [own.language for own in found.of(Unreadable)].count("AppX block map") == 1


@given(st.binary(max_size=300), st.integers(0, len(SIGNED)))
def test_any_bytes(data: bytes, at: int) -> None:
    for raw in (data, SIGNED[:at] + data + SIGNED[at + len(data) :]):
        for read in (lambda own: appx.raw_digests(own, "sha256"), appx.block_map):
            try:
                read(raw)
            except MalformedError:
                continue
