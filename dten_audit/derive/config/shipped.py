"""Matrices that the package itself brings: what its product says of its own keys, in this version.

They need no data of ours and are always of the right version.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final, NamedTuple

from dten_audit.derive.config.files import ConfigFile
from dten_audit.links.package import DocumentInfo, Package
from dten_audit.site.matrix import Matrix

_MODULES: Final = "ansible"
_ROUTES: Final = ("meta/runtime.yml", "meta/runtime.yaml")
_MANIFEST: Final = "MANIFEST.json"
_MOST: Final = 200
_LARGEST: Final = 8 << 20


class Shipped(NamedTuple):
    """A matrix of the package's, and the version that it is of; empty where nobody says."""

    matrix: Matrix
    version: str


def shipped(package: Package, files: Iterable[ConfigFile]) -> Iterator[Shipped]:
    """Yield the matrices of the package that can speak of ``files``, in the documents' order."""
    from dten_audit.site.foreign.forms import foreign_matrix, shipped_paths
    from dten_audit.site.foreign.told import Told

    uses, paths = zip(*((file.use, file.path) for file in files), strict=True)
    pattern = shipped_paths(uses, paths)
    if pattern is None:
        return
    called = {
        key.key.rpartition(".")[0] for file in files if file.use == _MODULES for key in file.keys
    }
    wanted = [
        info.id
        for info in package.documents.values()
        if not info.host
        and info.size <= _LARGEST
        and pattern.fullmatch(info.path)
        and _is_called(package, info, called)
    ]
    wanted = wanted[:_MOST]
    released = _releases(package, wanted)
    for name, data in package.contents(wanted):
        info = package.documents[name]
        product, version = _product(package, info)
        version = version or released.get(_root(info), "")
        told = Told(info.path, product, version)
        matrix = foreign_matrix(data.decode("utf-8", "replace"), told)
        if matrix is not None and matrix.entries:
            yield Shipped(matrix, version)


def _is_called(package: Package, info: DocumentInfo, called: set[str]) -> bool:
    """Say whether somebody calls a collection; of one whose name nobody says, it may be."""
    if not info.path.endswith(_ROUTES):
        return True
    return _product(package, info)[0] in called


def _root(info: DocumentInfo) -> str:
    """Return the address of the folder of a collection that a file of it lies in."""
    return info.address.removesuffix(next(filter(info.path.endswith, _ROUTES), ""))


def _releases(package: Package, wanted: Iterable[str]) -> dict[str, str]:
    """Return the versions of collections that lie unpacked, by their folders.

    Source: Ansible developer guide, "Collection structure": MANIFEST.json of what was built.
    """
    roots = {_root(package.documents[name]) for name in wanted if name.endswith(_ROUTES)}
    manifests = {
        info.id: info.address.removesuffix(_MANIFEST)
        for info in package.documents.values()
        if info.path.endswith(_MANIFEST) and info.address.removesuffix(_MANIFEST) in roots
    }
    found = {}
    for name, data in package.contents(manifests):
        match = _version().search(data)
        if match:
            found[manifests[name]] = match[1].decode()
    return found


@cache
def _version() -> re.Pattern[bytes]:
    return re.compile(rb'"version"\s*:\s*"([0-9][0-9A-Za-z.+-]{0,60})"')


@cache
def _container() -> re.Pattern[str]:
    """Name and version of an archive: Maven's and Galaxy's layouts, and what looks like them."""
    return re.compile(r"([A-Za-z][\w.-]*?)-([0-9][\w.+-]*?)(?:\.(?:jar|war|ear|tar\.gz|tgz|zip))+")


def _product(package: Package, info: DocumentInfo) -> tuple[str, str]:
    """Return the product and version that a file came with: of its archive, else the package's."""
    for member in reversed(info.address.split("!/")[:-1]):
        match = _container().fullmatch(posixpath.basename(member))
        if match:
            name = match[1]
            return (name.replace("-", ".") if "meta/" in info.path else name), match[2]
    parts = info.path.split("/")
    if "ansible_collections" in parts:
        at = parts.index("ansible_collections")
        return ".".join(parts[at + 1 : at + 3]), ""
    return package.identity.get("name", ""), package.identity.get("version", "")
