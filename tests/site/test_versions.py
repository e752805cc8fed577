"""Versions are compared by their own scheme."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.site.versions import SCHEMES, at_least, compare, scheme_of, upstream

ORDERED = {
    "generic": [
        ["9.0-alpha2", "9.0-beta1", "9.0.0-rc1", "9.0.0-rc2", "9.0", "9.0.1", "9.0.1a", "9.0.10",
         "9.4", "10", "10.1.GA", "2024.1"],
        ["1.0a1", "1.0b2", "1.0rc1", "1.0"],
        ["4.2.0-SNAPSHOT", "4.2.0", "4.2.0.1"],
        ["1.0.2", "1.0.2a", "1.0.2b", "1.0.3"],
    ],
    "semver": [
        ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
         "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.1.0", "2.0.0"],
        ["8.0.11", "8.2", "8.4.0"],
    ],
    "pep440": [["1.0.dev1", "1.0a1", "1.0rc1", "1.0", "1.0.post1", "1.1", "1!0.1"]],
    "deb": [
        ["1.0~beta1~svn1245", "1.0~beta1", "1.0", "1.0-0ubuntu1", "1.0-1", "1.0-1+b1", "1.0a",
         "1.0+dfsg", "1.0.1", "1.2", "1.10", "1:0.1"],
        ["15.8-0+deb12u1", "15.10-0+deb12u1", "15.10-0+deb13u1"],
    ],
    "rpm": [
        ["1.0~rc1", "1.0", "1.0^git1", "1.0a", "1.0.1", "1.0.10", "1.1", "1:0.1"],
        ["8.0.36-1.el8", "8.0.36-1.el9", "8.0.36-2.el8", "8.0.37-1.el8"],
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("scheme", "versions"), [(scheme, row) for scheme, rows in ORDERED.items() for row in rows]
)
def test_order(scheme: str, versions: list[str]) -> None:
    for i, first in enumerate(versions):
        for j, second in enumerate(versions):
            assert compare(first, second, scheme) == (i > j) - (i < j), (first, second)


@pytest.mark.parametrize(
    ("first", "second", "scheme"),
    [
        ("9.4", "9.4.0", "generic"),
        ("v9.4", "9.4.0+build7", "generic"),
        ("9.4.0.Final", "9.4", "generic"),
        ("1.0.0+a", "1.0.0+b", "semver"),
        ("1.0", "1.0.0", "pep440"),
        ("0:1.0-1", "1.0-1", "deb"),
        ("1.0", "1.0-5.el9", "rpm"),
        ("1.0.001", "1.0.1", "deb"),
    ],
)
def test_equal(first: str, second: str, scheme: str) -> None:
    assert compare(first, second, scheme) == 0


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_is_no_version_cannot_be_compared(scheme: str) -> None:
    assert compare("latest", "1.0", scheme) is None
    assert compare("1.0", "", scheme) is None
    assert at_least("1" * 300, "1.0", scheme) is None


def test_pep440_is_strict() -> None:
    assert compare("1.0-0ubuntu1~22", "1.0", "pep440") is None


def test_schemes_and_upstream_parts() -> None:
    assert scheme_of("pkg:deb/debian/postgresql-15") == "deb"
    assert scheme_of("pkg:generic/dten") == "generic"
    assert upstream("1:8.0.36-0+deb12u1", "deb") == "8.0.36"
    assert upstream("15.8", "deb") == "15.8"
    assert upstream("8.0.36-1.el9", "rpm") == "8.0.36"
    assert upstream("1.0-rc1", "generic") == "1.0-rc1"
    assert at_least("9.4", "9.0", "generic") is True
    assert at_least("8.9", "9.0", "generic") is False


PIECES = st.lists(st.sampled_from([*"019az.+~-:", "10", "rc"]), min_size=1, max_size=8)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(SCHEMES), PIECES, PIECES)
def test_the_order_is_one(scheme: str, one: list[str], other: list[str]) -> None:
    first, second = "1" + "".join(one), "1" + "".join(other)
    forth, back = compare(first, second, scheme), compare(second, first, scheme)
    assert forth == (None if back is None else -back)
    assert compare(first, first, scheme) in (0, None)


@pytest.mark.oracle
@pytest.mark.skipif(shutil.which("dpkg") is None, reason="needs dpkg")
@settings(max_examples=150, deadline=None)
@given(PIECES, PIECES)
def test_debian_agrees_with_dpkg(one: list[str], other: list[str]) -> None:
    first, second = (f"1{''.join(part).replace(':', '.')}9" for part in (one, other))
    order = compare(first, second, "deb")
    relation = {-1: "lt", 0: "eq", 1: "gt"}[order if order is not None else 0]
    command = ["dpkg", "--compare-versions", first, relation, second]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
