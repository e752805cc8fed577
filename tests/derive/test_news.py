"""News of Debian packages: which entries there are, and which of them an upgrade passes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dten_audit.derive.news import derive
from dten_audit.documents.document import Document
from dten_audit.links.package import Package
from dten_audit.model.facts.news import NewsEntry, UpgradeNews
from dten_audit.model.unknown import Unknown
from dten_audit.readers.debian_news import read
from dten_audit.site.site import PackageRecord, Site
from tests.derive.test_config_settings import ESTATE

NEWS = """\
tool (1:2.0-1) unstable; urgency=low

  * Option --old is gone,
    use --new.

  More.

 -- A B <a@b.example>  Mon, 02 Nov 2026 10:00:00 +0100

tool (1:1.5-1) unstable; urgency=low

  Files moved.

 -- A B <a@b.example>  Mon, 02 Nov 2025 10:00:00 +0100
"""


def entries(text: str, address: str = "p!/usr/share/doc/tool/NEWS.Debian") -> list[NewsEntry]:
    return list(read(Document(address, address.partition("!/")[2], "prose", text.encode())))


def test_entries() -> None:
    assert [
        (entry.at.line, entry.version, entry.text, entry.written) for entry in entries(NEWS)
    ] == [
        (1, "1:2.0-1", "Option --old is gone, use --new.", "2026-11-02"),
        (10, "1:1.5-1", "Files moved.", "2025-11-02"),
    ]
    assert entries(NEWS.replace("Nov", "XYZ"))[0].written == ""


@pytest.mark.parametrize(
    ("address", "versions", "complete", "passed"),
    [
        ("p", ["1:1.0-1"], False, {"1:2.0-1": True, "1:1.5-1": True}),
        ("p", ["1:1.5-1"], False, {"1:2.0-1": True}),
        ("p", ["1:2.0-1", "1:1.5-1"], False, {"1:2.0-1": True}),
        ("p", ["1:2.0~rc1-1"], False, {"1:2.0-1": True}),
        ("p", ["1:2.0-1+b1"], False, {}),
        ("tool_1%3a1.5-1_amd64.deb", ["1:1.0-1"], False, {"1:1.5-1": True}),
        ("p", [], True, {}),
        ("p", [], False, dict.fromkeys(("1:2.0-1", "1:1.5-1"), Unknown("site.packages"))),
    ],
)
def test_what_an_upgrade_passes(
    address: str, versions: list[str], passed: dict[str, bool | Unknown], *, complete: bool
) -> None:
    records = tuple(PackageRecord("pkg:deb/debian/tool", version) for version in versions)
    known = frozenset(("packages",)) if complete else frozenset[str]()
    site = Site(packages=records, complete=known)
    package = Package([], entries(NEWS, f"{address}!/usr/share/doc/tool/NEWS.Debian"))
    found = derive(package, ESTATE._replace(site=site))
    assert {fact.version: fact.passed for fact in found if isinstance(fact, UpgradeNews)} == passed


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(["tool (1) a; u\n", "\n", " -- ", "x", "(", ")", ";"]), max_size=40)
)
def test_any_text_is_read(parts: list[str]) -> None:
    entries("".join(parts))


def test_a_long_text_costs_little() -> None:
    assert len(entries("a (1) x; y\n" * 20_000)) == 500
