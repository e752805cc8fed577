"""Which version of a product will read a configuration file: the one brought, else the site's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from dten_audit.links.package import Package
from dten_audit.model.unknown import Unknown
from dten_audit.site.estate import Estate
from dten_audit.site.matrix import Matrix
from dten_audit.site.site import Site
from dten_audit.site.versions import compare, upstream

_ENDS: Final = (".deb", ".rpm", ".jar")
_CLIENTS: Final = frozenset((
    "cargo", "composer", "conan", "cran", "gem", "golang", "hex", "npm", "nuget", "pub", "pypi",
))  # fmt: skip
"""Registries of libraries: what is called redis or kafka there talks to the product only."""
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


class Brought(NamedTuple):
    """A package of a distribution or a library inside the package: its kind, name and version."""

    kind: str
    name: str
    version: str


def versions_of(
    package: Package, estate: Estate, matrix: Matrix, archives: Sequence[Brought]
) -> Versions:
    """Return the versions that matter for a matrix's product; ``archives`` are those brought."""
    target = _own(package, matrix) or _of_product(archives, matrix)
    return Versions(target, installed_version(estate.site, matrix, archives))


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


def brought(package: Package) -> tuple[Brought, ...]:
    """Return the .deb, .rpm and .jar files inside the package, each once, and itself if it is one.

    Names are as Debian Policy 5.6, rpm's %{NVRA} and Maven's repository layout say.
    """
    containers = dict.fromkeys(
        info.address.rpartition("!/")[0] for info in package.documents.values()
    )
    members = {
        member.rpartition("/")[2]: None
        for container in containers
        for member in container.split("!/")[1:]
    }
    members |= {
        info.path.rpartition("/")[2]: None
        for info in package.documents.values()
        if info.path.endswith(_ENDS)
    }
    found = (
        Brought(kind, match[1], upstream(match[2], kind))
        for member in members
        for kind, form in (("deb", _DEB), ("rpm", _RPM), ("maven", _JAR))
        if (match := form.fullmatch(member))
    )
    return (*_itself(package), *found)


def _itself(package: Package) -> Iterator[Brought]:
    """Yield the package as what it says it is, where it is one of a distribution."""
    stated = package.identity
    kind = _file_name(package).rpartition(".")[2]
    if f".{kind}" in _ENDS and "name" in stated and "version" in stated:
        yield Brought(kind, stated["name"], upstream(stated["version"], kind))


def _of_product(archives: Sequence[Brought], matrix: Matrix) -> str | None:
    """Return the version of the product among what is brought, None where it is not."""
    globs = (matrix.product, *matrix.packages)
    names = (each.version for each in archives if _is_one_of(each.name, globs))
    return next(names, None)


def installed_version(
    site: Site, matrix: Matrix, archives: Sequence[Brought] = ()
) -> str | Unknown | None:
    """Return the version that the site runs, None where the product is certainly not there.

    Packages of a distribution are found by name; several versions side by side are unknown. A
    product that nobody lists is not there where another one runs, or is brought, in its stead.
    """
    exact = site.version_of(matrix.component)
    if isinstance(exact, str):
        return exact
    globs = (matrix.product, *matrix.packages)
    found: dict[str, None] = {}
    another = any(_is_one_of(each.name, matrix.instead) for each in archives)
    own = matrix.component.removeprefix("pkg:").partition("/")[0]
    for record in site.packages:
        kind, _, path = record.purl.removeprefix("pkg:").partition("/")
        name = path.rpartition("/")[2]
        if kind in _CLIENTS and kind != own:
            continue
        if _is_one_of(name, globs):
            plain = record.version if matrix.scheme == kind else upstream(record.version, kind)
            found[plain] = None
        another = another or _is_one_of(name, matrix.instead)
    if len(found) > 1:
        return Unknown("site.packages")
    return next(iter(found), None if another else exact)


def _is_one_of(name: str, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)


def reached(version: str | Unknown | None, since: str, scheme: str) -> bool | Unknown:
    """Say whether ``version`` is ``since`` or later."""
    if not isinstance(version, str):
        return Unknown("site.packages")
    order = compare(version, since, scheme)
    return Unknown("site.packages") if order is None else order >= 0
