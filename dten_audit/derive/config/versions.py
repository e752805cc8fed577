"""Which version of a product will read a configuration file: the one brought, else the site's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from dten_audit.links.package import Package
from dten_audit.model.unknown import Unknown
from dten_audit.site.estate import Estate
from dten_audit.site.matrix import Matrix
from dten_audit.site.site import Site
from dten_audit.site.versions import compare, upstream

_WORDS: Final = re.compile(r"[^a-z0-9]+")
_DEB: Final = re.compile(r"([a-z0-9][a-z0-9+.-]+)_([0-9][^_/]*)_[^_/]+\.deb")
_JAR: Final = re.compile(r"([A-Za-z][\w.-]*?)-([0-9][^/]*)\.jar")
_RPM: Final = re.compile(r"([^/]+)-([^-/]+-[^-/]+)\.[^./]+\.rpm")


class Versions(NamedTuple):
    """Versions of a product.

    ``target`` is what the package brings, None where it brings none; ``installed`` what the site
    runs, None where the product is certainly not there. ``in_force`` reads the configuration once
    the package is in; None where nothing does.
    """

    target: str | None
    installed: str | Unknown | None

    @property
    def in_force(self) -> str | Unknown | None:
        return self.installed if self.target is None else self.target


def versions_of(package: Package, estate: Estate, matrix: Matrix) -> Versions:
    """Return the versions that matter for a matrix's product."""
    target = _own(package, matrix) or next(_brought(package, matrix), None)
    return Versions(target, installed_version(estate.site, matrix))


def _own(package: Package, matrix: Matrix) -> str | None:
    """Return the package's own version if the matrix speaks of its product.

    The name of a package holds more than the product's (``dten-full``); for a matrix of the user's
    the product's words in it are enough.
    """
    name = package.identity.get("name") or _file_name(package)
    words, wanted = _split(name), _split(matrix.product)
    same = words == wanted or (matrix.own and f" {' '.join(wanted)} " in f" {' '.join(words)} ")
    return package.identity.get("version") if same and wanted else None


def _split(name: str) -> list[str]:
    return [word for word in _WORDS.split(name.lower()) if word]


def _file_name(package: Package) -> str:
    first = next(iter(package.documents.values()), None)
    return first.address.partition("!/")[0].rpartition("/")[2] if first else ""


def _brought(package: Package, matrix: Matrix) -> Iterator[str]:
    """Yield versions of the product among the .deb, .rpm and .jar files inside the package.

    Names are as Debian Policy 5.6, rpm's %{NVRA} and Maven's repository layout say.
    """
    globs = (matrix.product, *matrix.packages)
    for address in {info.address for info in package.documents.values()}:
        for member in address.split("!/")[1:]:
            for kind, form in (("deb", _DEB), ("rpm", _RPM), ("maven", _JAR)):
                match = form.fullmatch(member.rpartition("/")[2])
                if match and any(fnmatchcase(match[1], glob) for glob in globs):
                    yield upstream(match[2], kind)


def installed_version(site: Site, matrix: Matrix) -> str | Unknown | None:
    """Return the version that the site runs, None where the product is certainly not there.

    Packages of a distribution are found by name; several versions side by side are unknown.
    """
    exact = site.version_of(matrix.component)
    if isinstance(exact, str):
        return exact
    globs = (matrix.product, *matrix.packages)
    found: dict[str, None] = {}
    for record in site.packages:
        kind, _, name = record.purl.removeprefix("pkg:").partition("/")
        if any(fnmatchcase(name.rpartition("/")[2], glob) for glob in globs):
            plain = record.version if matrix.scheme == kind else upstream(record.version, kind)
            found[plain] = None
    if len(found) > 1:
        return Unknown("site.packages")
    return next(iter(found), exact)


def reached(version: str | Unknown | None, since: str, scheme: str) -> bool | Unknown:
    """Say whether ``version`` is ``since`` or later."""
    if not isinstance(version, str):
        return Unknown("site.packages")
    order = compare(version, since, scheme)
    return Unknown("site.packages") if order is None else order >= 0
