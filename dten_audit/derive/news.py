"""Which news of a package the upgrade at hand passes: those newer than the version that runs.

All packages of a source bring its news, whichever of them these are about: where the package itself
does not run, the version of the one with the source's name counts. The newest entry has that name.

Where nobody says what runs, old news are not asked about: Debian supports a release for five years
(https://wiki.debian.org/LTS), and what is older than that no upgrade of a supported one passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final
from urllib.parse import unquote

from dten_audit.links.package import Package
from dten_audit.model.facts.base import Fact
from dten_audit.model.facts.news import NewsEntry, UpgradeNews
from dten_audit.model.unknown import Unknown
from dten_audit.site.estate import Estate
from dten_audit.site.site import Site
from dten_audit.site.versions import compare

_SUPPORTED: Final = 5
"""Years."""


def derive(package: Package, estate: Estate) -> Iterable[Fact]:
    """Return the entries of news that are newer than what the site runs, or may be."""
    oldest = f"{estate.at.year - _SUPPORTED:04}-{estate.at:%m-%d}"
    sources: dict[str, str] = {}
    for entry in package.of(NewsEntry):
        source = sources.setdefault(entry.document, entry.package)
        packaged = _packaged(package, entry)
        folder = _folder().search(entry.at.path)
        name = folder[1] if folder else entry.package
        installed = _installed(estate.site, name, source)
        passed = _passed(entry.version, packaged, installed)
        if passed is not False and not (
            isinstance(installed, Unknown) and "" < entry.written < oldest
        ):
            yield UpgradeNews(
                entry.at, name, source, entry.version, entry.text, packaged,
                f"pkg:deb/debian/{name}", installed, passed,
            )  # fmt: skip


@cache
def _folder() -> re.Pattern[str]:
    """The folder of a binary package; the entries themselves name the source package."""
    return re.compile(r"/usr/share/doc/([^/]+)/NEWS\.Debian")


@cache
def _deb() -> re.Pattern[str]:
    """The name of a package file: Debian Policy 5.6.1, 5.6.12; a colon is written as ``%3a``."""
    return re.compile(r"[a-z0-9][a-z0-9+.-]*_([0-9][^_/]*)_[^_/]+\.deb")


def _packaged(package: Package, entry: NewsEntry) -> str:
    """Return the version of the package that the entry came with; empty where nobody says."""
    for member in reversed(entry.at.path.split("!/")[:-1]):
        match = _deb().fullmatch(unquote(member.rpartition("/")[2]))
        if match:
            return match[1]
    return package.identity.get("version", "")


def _installed(site: Site, *names: str) -> str | Unknown | None:
    """Return the version of the first of some Debian packages that the site runs."""
    found = next(filter(None, (_versions(site, name) for name in names)), None)
    if found is None:
        return None if "packages" in site.complete else Unknown("site.packages")
    return _oldest(found)


def _versions(site: Site, name: str) -> list[str]:
    return [
        record.version
        for record in site.packages
        if record.purl.startswith("pkg:deb/") and record.purl.rpartition("/")[2] == name
    ]


def _oldest(found: list[str]) -> str:
    oldest = found[0]
    for version in found[1:]:
        if compare(version, oldest, "deb") == -1:
            oldest = version
    return oldest


def _passed(version: str, packaged: str, installed: str | Unknown | None) -> bool | Unknown:
    if packaged and compare(version, packaged, "deb") == 1:
        return False
    if installed is None:
        return False
    if isinstance(installed, Unknown):
        return installed
    order = compare(version, installed, "deb")
    return Unknown("site.packages") if order is None else order > 0
